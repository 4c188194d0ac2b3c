#pragma once

#include <cstddef>
#include <vector>

#include "glia/data/case.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia::program {

struct IdentifyOptions {
  ReadCaseOptions reading{};
  const char* stage;        ///< what the progress is called
  bool keep_going = false;  ///< leave out cases that cannot be read
  bool quiet = false;
};

/// Id and content of cases, without their voxels: enough to find cases that sets share. Files that
/// cannot be read are left out of `files` too and counted in `refused`, if that is allowed.
std::vector<PreparedCase> identify(std::vector<CaseFiles>& files, const IdentifyOptions& options,
                                   std::size_t& refused);

}  // namespace glia::program
