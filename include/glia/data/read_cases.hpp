#pragma once

#include <filesystem>
#include <vector>

#include "glia/data/case.hpp"
#include "glia/data/dataset.hpp"
#include "glia/data/prepare.hpp"

namespace glia {

namespace detail {

inline std::vector<PreparedCase> read_cases(const std::filesystem::path& folder,
                                            const FindCasesOptions& find, bool labelled) {
  Dataset dataset = find_cases(folder, find);
  require_no_problems(dataset);
  const ReadCaseOptions read{.require_label = labelled, .refuse_constant = labelled};
  std::vector<PreparedCase> cases;
  for (CaseFiles& files : dataset.cases) {
    if (!labelled) files.label.clear();
    cases.push_back(prepare(read_case(files, read)));
  }
  return cases;
}

}  // namespace detail

/// All cases below a folder, ready to train on. Throws DataError that lists the problems if any
/// case is incomplete or has no label file, and whatever `find_cases` and `read_case` throw.
[[nodiscard]] inline std::vector<PreparedCase> read_labelled_cases(
    const std::filesystem::path& folder, FindCasesOptions find = {}) {
  find.require_labels = true;
  return detail::read_cases(folder, find, true);
}

/// All cases below a folder without labels: label files, if there are any, are not looked at.
/// Throws as `read_labelled_cases` does.
[[nodiscard]] inline std::vector<PreparedCase> read_unlabelled_cases(
    const std::filesystem::path& folder, const FindCasesOptions& find = {}) {
  return detail::read_cases(folder, find, false);
}

}  // namespace glia
