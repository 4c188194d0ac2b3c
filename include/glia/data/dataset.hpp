#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/case_files.hpp"
#include "glia/data/case_search.hpp"

namespace glia {

/// The cases below a folder.
struct Dataset {
  std::filesystem::path root;
  std::vector<CaseFiles> cases;    ///< complete, in the order of their folders and names
  std::vector<CaseFiles> refused;  ///< cases with a problem; those of its files that are there
  std::vector<CaseProblem>
      problems;  ///< every problem found; an empty id concerns the whole data set
  std::vector<std::filesystem::path> ignored;  ///< images in any format that belong to no case
  std::string description;                     ///< what was detected, for people
};

namespace detail {

/// What is wrong with the files of a case; those that are not there are forgotten.
inline std::vector<CaseProblem> check_files(CaseFiles& files, const FindCasesOptions& options) {
  std::vector<CaseProblem> problems;
  if (!is_valid_case_id(files.id)) {
    problems.push_back(
        {files.id,
         folder_of(files).string() + ": case id '" + files.id +
             "': expected UTF-8 without separators, commas, control characters and leading dot"});
  }
  for (std::string& missing : missing_files(files, options.require_labels, options.require_images))
    problems.push_back({files.id, std::move(missing)});
  if (!files.scheme_problem.empty() && !files.label.empty()) {
    problems.push_back({files.id,
                        folder_of(files).string() + ": label scheme: " + files.scheme_problem +
                            ", expected those of one layout; " + std::string(name_the_scheme),
                        true});
  }
  std::filesystem::path told;  // all images of a case may be in one file
  for (std::filesystem::path& image : files.images) {
    const std::string reason = image.empty() ? "" : why_not_regular(image);
    if (reason.empty()) continue;
    if (image != told && options.require_images)
      problems.push_back({files.id, image.string() + ": " + reason});
    told = std::exchange(image, {});
  }
  const std::string reason = files.label.empty() ? "" : why_not_regular(files.label);
  if (!reason.empty())
    problems.push_back({files.id, std::exchange(files.label, {}).string() + ": " + reason, true});
  return problems;
}

/// The images that none of the cases has, in the order of their paths.
inline std::vector<std::filesystem::path> images_of_no_case(
    std::vector<std::filesystem::path> images, const std::vector<CaseFiles>& cases) {
  std::set<std::filesystem::path> used;
  for (const CaseFiles& files : cases) {
    used.insert(files.images.begin(), files.images.end());
    used.insert(files.label);
  }
  std::erase_if(images, [&](const auto& image) { return used.contains(image); });
  std::sort(images.begin(), images.end());
  return images;
}

inline std::string describe(const Dataset& dataset) {
  struct Group {
    std::size_t cases = 0, labelled = 0, incomplete = 0;
    std::set<std::string> schemes;
  };
  std::map<Layout, Group> groups;
  const auto add = [&](const CaseFiles& files, bool complete) {
    Group& group = groups[files.layout];
    ++(complete ? group.cases : group.incomplete);
    if (complete && !files.label.empty()) ++group.labelled;
    group.schemes.insert(files.scheme_from_values
                             ? files.scheme.name + " or brats2013 by the values"
                             : files.scheme.name);
  };
  for (const CaseFiles& files : dataset.cases) add(files, true);
  for (const CaseFiles& files : dataset.refused) add(files, false);
  std::string text;
  for (const auto& [layout, group] : groups) {
    text += (text.empty() ? "" : "; ") + std::string("layout ") + std::string(to_string(layout)) +
            ": " + std::to_string(group.cases) + " cases, " + std::to_string(group.labelled) +
            " with labels";
    if (group.incomplete > 0) text += ", " + std::to_string(group.incomplete) + " refused";
    text += ", label scheme";
    for (const std::string& scheme : group.schemes)
      text += (scheme == *group.schemes.begin() ? " " : ", ") + scheme;
  }
  return text.empty() ? "no cases" : text;
}

}  // namespace detail

/// Finds the cases of a data set folder, a case folder, or a folder of several of these, five
/// levels deep. Faults are collected, not thrown: cases with a fault are in `refused`. Throws
/// IoError if `root` is no folder.
[[nodiscard]] inline Dataset find_cases(const std::filesystem::path& root,
                                        const FindCasesOptions& options = {}) {
  std::error_code error;
  if (!std::filesystem::is_directory(root, error)) {
    throw IoError(root.string() + ": expected a data set folder or a case folder, got " +
                  (error ? error.message() : "something else"));
  }
  Dataset dataset;
  dataset.root = std::filesystem::absolute(root).lexically_normal();
  if (!dataset.root.has_filename()) dataset.root = dataset.root.parent_path();
  detail::CaseSearch search(options);
  search.run(dataset.root);
  detail::name_after_folders(search.folders);
  std::vector<CaseFiles> found;
  for (detail::FoundFolder& folder : search.folders) {
    for (CaseFiles& files : folder.found.cases) found.push_back(std::move(files));
    for (CaseProblem& problem : folder.found.problems)
      dataset.problems.push_back(std::move(problem));
  }
  dataset.ignored = detail::images_of_no_case(std::move(search.images), found);
  const auto is_of_concern = [&](const CaseProblem& problem) {
    return !(problem.of_label && options.ignore_labels);
  };
  std::erase_if(dataset.problems, std::not_fn(is_of_concern));
  std::map<std::string, std::string> first_place;
  for (CaseFiles& files : found) {
    if (options.scheme) {
      files.scheme = *options.scheme;
      files.scheme_from_values = false;
      files.scheme_problem.clear();
    }
    const auto [first, is_unique] = first_place.emplace(files.id, folder_of(files).string());
    if (!is_unique) {
      dataset.problems.push_back({files.id, "case id occurs twice: in " + first->second +
                                                " and in " + folder_of(files).string() +
                                                ", expected unique ids"});
    }
    for (CaseProblem& problem : detail::check_files(files, options)) {
      if (is_of_concern(problem)) dataset.problems.push_back(std::move(problem));
    }
    const bool sound =
        std::none_of(dataset.problems.begin(), dataset.problems.end(),
                     [&](const CaseProblem& problem) { return problem.case_id == files.id; });
    (sound ? dataset.cases : dataset.refused).push_back(std::move(files));
  }
  if (found.empty() && dataset.problems.empty()) {
    dataset.problems.push_back({"", dataset.root.string() + ": found no cases, expected layout " +
                                        std::string(options.layout == Layout::automatic
                                                        ? "brats2018, brats2023, msd or nnunet"
                                                        : to_string(options.layout))});
  }
  dataset.description = detail::describe(dataset);
  for (const CaseProblem& problem : dataset.problems) {  // of a folder that cannot be listed
    if (!problem.case_id.empty() && first_place.emplace(problem.case_id, "").second)
      dataset.refused.emplace_back().id = problem.case_id;
  }
  return dataset;
}

/// Throws one DataError that lists every problem of the data set, at most `limit` in full.
inline void require_no_problems(const Dataset& dataset, std::size_t limit = 20) {
  if (dataset.problems.empty()) return;
  std::string text =
      dataset.root.string() + ": " + std::to_string(dataset.problems.size()) + " problems";
  for (std::size_t i = 0; i < (std::min)(limit, dataset.problems.size()); ++i) {
    const CaseProblem& problem = dataset.problems[i];
    text += "\n  " + (problem.case_id.empty() ? "" : "case " + problem.case_id + ": ") +
            problem.message;
  }
  if (dataset.problems.size() > limit)
    text += "\n  and " + std::to_string(dataset.problems.size() - limit) + " more";
  throw DataError(text);
}

}  // namespace glia
