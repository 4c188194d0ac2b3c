#pragma once

#include <filesystem>
#include <vector>

#include "glia/core/log.hpp"
#include "glia/data/case.hpp"
#include "glia/data/dataset.hpp"
#include "glia/data/prepare.hpp"
#include "glia/data/scheme_agreement.hpp"

namespace glia {

namespace detail {

inline std::vector<PreparedCase> read_cases(const std::filesystem::path& folder,
                                            FindCasesOptions find, bool labelled,
                                            const LogSink& sink) {
  find.require_labels = labelled;
  find.ignore_labels = !labelled;
  Dataset dataset = find_cases(folder, find);
  if (labelled) require_agreed_schemes(dataset, find);
  require_no_problems(dataset);
  const ReadCaseOptions read{.require_label = labelled, .refuse_constant = labelled};
  std::vector<PreparedCase> cases;
  for (CaseFiles& files : dataset.cases) {
    if (!labelled) files.label.clear();
    const Case whole = read_case(files, read);
    for (const std::string& warning : whole.warnings) log(sink, Severity::warning, warning);
    cases.push_back(prepare(whole, sink));
  }
  return cases;
}

}  // namespace detail

/// All cases below a folder, ready to train on; `log` hears what is odd about their files. Throws
/// DataError that lists the problems if any case is incomplete or has no label file, and whatever
/// `find_cases` and `read_case` throw.
[[nodiscard]] inline std::vector<PreparedCase> read_labelled_cases(
    const std::filesystem::path& folder, const FindCasesOptions& find = {},
    const LogSink& log = {}) {
  return detail::read_cases(folder, find, true, log);
}

/// All cases below a folder without labels: label files, if there are any, are not looked at.
/// Throws as `read_labelled_cases` does.
[[nodiscard]] inline std::vector<PreparedCase> read_unlabelled_cases(
    const std::filesystem::path& folder, const FindCasesOptions& find = {},
    const LogSink& log = {}) {
  return detail::read_cases(folder, find, false, log);
}

}  // namespace glia
