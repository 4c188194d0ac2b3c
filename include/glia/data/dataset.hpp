#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/brats_layouts.hpp"
#include "glia/data/case_files.hpp"
#include "glia/data/decathlon_layouts.hpp"

namespace glia {

/// The cases below a folder.
struct Dataset {
  std::filesystem::path root;
  std::vector<CaseFiles> cases;    ///< complete, in the order of their folders and names
  std::vector<CaseFiles> refused;  ///< cases with a problem
  std::vector<CaseProblem>
      problems;             ///< every problem found; an empty id concerns the whole data set
  std::string description;  ///< what was detected, for people
};

namespace detail {

/// Collects cases from a tree of folders. Symbolic links are followed, every folder is visited
/// once.
class CaseSearch {
 public:
  explicit CaseSearch(const FindCasesOptions& options) : options_(options) {}

  FoundCases run(const std::filesystem::path& root) {
    const std::string name = root.filename().string();
    if ((name == "imagesTr" || name == "imagesTs") &&
        is_file(root.parent_path() / "dataset.json")) {
      add_decathlon(root.parent_path(), {name.substr(6)});
    } else {
      visit(root, 0);
    }
    return std::move(found_);
  }

 private:
  static constexpr int deepest = 5;

  void visit(const std::filesystem::path& folder, int depth) {
    std::error_code error;
    const auto canonical = std::filesystem::canonical(folder, error);
    if (error || !visited_.insert(canonical).second) return;
    if (is_decathlon_folder(folder)) {
      std::vector<std::string> parts{"Tr"};
      if (options_.include_test) parts.emplace_back("Ts");
      add_decathlon(folder, parts);
      return;
    }
    std::vector<std::filesystem::path> files, folders;
    list(folder, files, folders);
    if (options_.layout != Layout::msd && options_.layout != Layout::nnunet) {
      append(find_brats_cases(folder, files, options_.layout));
    }
    if (depth == deepest) return;
    for (const auto& inner : folders) visit(inner, depth + 1);
  }

  void list(const std::filesystem::path& folder, std::vector<std::filesystem::path>& files,
            std::vector<std::filesystem::path>& folders) {
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const std::filesystem::path& path = entry->path();
      if (path.filename().string().starts_with('.')) continue;
      std::error_code unreadable;
      if (entry->is_directory(unreadable)) {
        folders.push_back(path);
      } else if (parse_brats_name(path)) {
        if (entry->is_regular_file(unreadable)) {
          files.push_back(path);
        } else {
          found_.problems.push_back(
              {"", path.string() + ": expected a regular file, got another kind or a broken link"});
        }
      }
    }
    if (error)
      found_.problems.push_back(
          {"", folder.string() + ": cannot list the folder: " + error.message()});
    std::sort(files.begin(), files.end());
    std::sort(folders.begin(), folders.end());
  }

  void add_decathlon(const std::filesystem::path& folder, const std::vector<std::string>& parts) {
    try {
      append(find_decathlon_cases(folder, parts, options_));
    } catch (const Error& error) {
      found_.problems.push_back({"", error.what()});
    }
  }

  void append(FoundCases more) {
    std::move(more.cases.begin(), more.cases.end(), std::back_inserter(found_.cases));
    std::move(more.problems.begin(), more.problems.end(), std::back_inserter(found_.problems));
  }

  const FindCasesOptions& options_;
  FoundCases found_;
  std::set<std::filesystem::path> visited_;
};

inline void check_files(const CaseFiles& files, const FindCasesOptions& options,
                        std::vector<CaseProblem>& problems) {
  if (!is_valid_case_id(files.id)) {
    problems.push_back(
        {files.id,
         folder_of(files).string() + ": case id '" + files.id +
             "': expected UTF-8 without separators, commas, control characters and leading dot"});
  }
  for (std::string& missing : missing_files(files, options.require_labels)) {
    problems.push_back({files.id, std::move(missing)});
  }
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
  FoundCases found = detail::CaseSearch(options).run(dataset.root);
  dataset.problems = std::move(found.problems);
  std::map<std::string, std::string> first_place;
  for (CaseFiles& files : found.cases) {
    if (options.scheme) {
      files.scheme = *options.scheme;
      files.scheme_from_values = false;
    }
    detail::check_files(files, options, dataset.problems);
    const auto [first, is_unique] = first_place.emplace(files.id, folder_of(files).string());
    if (!is_unique) {
      dataset.problems.push_back({files.id, "case id occurs twice: in " + first->second +
                                                " and in " + folder_of(files).string() +
                                                ", expected unique ids"});
    }
    const bool sound =
        std::none_of(dataset.problems.begin(), dataset.problems.end(),
                     [&](const CaseProblem& problem) { return problem.case_id == files.id; });
    (sound ? dataset.cases : dataset.refused).push_back(std::move(files));
  }
  if (found.cases.empty() && dataset.problems.empty()) {
    dataset.problems.push_back({"", dataset.root.string() + ": found no cases, expected layout " +
                                        std::string(options.layout == Layout::automatic
                                                        ? "brats2018, brats2023, msd or nnunet"
                                                        : to_string(options.layout))});
  }
  dataset.description = detail::describe(dataset);
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
