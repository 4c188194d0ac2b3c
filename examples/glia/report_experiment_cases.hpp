#pragma once

#include <string>

#include "report_pages.hpp"
#include "report_results.hpp"

namespace glia::program {

/// The test cases of an experiment by every system, lowest Dice first.
std::string case_section(const ExperimentFile& file);

/// The cases on which the distilled student is worst: its prediction beside the truth and the
/// ensemble's. A case whose files are missing is left out, reported and counted. Throws DataError
/// if none has a truth.
std::string picture_section(const ExperimentFile& file, const ReportOptions& options,
                            std::size_t& refused);

}  // namespace glia::program
