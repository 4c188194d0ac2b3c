#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "glia/core/log.hpp"
#include "glia/data/dataset.hpp"
#include "glia/tensor/context.hpp"

namespace glia::program {

/// Options that every command understands.
struct CommonOptions {
  std::uint64_t seed = 42;
  int threads = 0;  ///< 0: one per processor
  std::string device = "cpu";
  std::filesystem::path log_json;
  bool dry_run = false, overwrite = false, quiet = false;
};

/// What the chosen command does; the result is the program's exit code.
using Action = std::function<int()>;

void add_phantom(CLI::App& app, const CommonOptions& common, Action& action);
void add_check(CLI::App& app, const CommonOptions& common, Action& action);
void add_train(CLI::App& app, const CommonOptions& common, Action& action);
void add_segment(CLI::App& app, const CommonOptions& common, Action& action);
void add_evaluate(CLI::App& app, const CommonOptions& common, Action& action);
void add_info(CLI::App& app, const CommonOptions& common, Action& action);

/// A context for the common options; the library's messages go to stderr. Throws IoError for a device that is not there.
ContextOptions context_options(const CommonOptions& common);

/// Lines of JSON, one per event, for machines; without a path nothing is written. Throws IoError.
class JsonLog {
 public:
  explicit JsonLog(const std::filesystem::path& path);
  ~JsonLog();
  void line(const std::string& json);

 private:
  std::FILE* file_ = nullptr;
  std::filesystem::path path_;
};

/// How to read data sets: shared by all commands that do.
struct DataOptions {
  std::string layout = "auto", scheme;
  std::vector<std::string> scheme_of;  ///< FOLDER=SCHEME
  bool zero_nonfinite = false, keep_going = false;
};
void add_data_options(CLI::App& command, DataOptions& options);

/// The cases below several folders, complete ones only. Every problem is reported; without keep_going any problem throws
/// DataError. `refused` counts cases left out.
std::vector<CaseFiles> collect_cases(const std::vector<std::filesystem::path>& folders, const DataOptions& options,
                                     bool require_labels, std::size_t& refused);

/// Throws UsageError if the path exists and may not be overwritten.
void require_new(const std::filesystem::path& path, const CommonOptions& common, const std::string& alternative = "");

/// SIGINT and SIGTERM ask the command to save and stop; a second one ends the program at once.
void catch_signals();
/// 0, or the signal that asked to stop.
int caught_signal();

}  // namespace glia::program
