#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace glia::program {

/// Runs this program again with other arguments and waits for its end: a command whose memory is
/// given back and whose failure is one exit code.
///
/// Its stdout goes to the file `log`, its stderr to ours. A signal that asks us to stop is passed
/// on to it; if we are killed it is killed too. Returns its exit code, or 128 + signal. Throws
/// IoError if it cannot be started.
int run_child(const std::vector<std::string>& arguments, const std::filesystem::path& log);

}  // namespace glia::program
