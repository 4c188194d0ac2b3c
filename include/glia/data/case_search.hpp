#pragma once

#include <algorithm>
#include <filesystem>
#include <iterator>
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

namespace glia::detail {

/// What a search finds, folder by folder.
struct FoundFolder {
  std::filesystem::path path;
  FoundCases found;
};

/// Collects cases from a tree of folders. Symbolic links are followed, every folder is visited
/// once.
class CaseSearch {
 public:
  explicit CaseSearch(const FindCasesOptions& options) : options_(options) {}

  void run(const std::filesystem::path& root) {
    const std::string name = root.filename().string();
    const bool is_images = name == "imagesTr" || name == "imagesTs";
    const bool is_labels = name == "labelsTr" || name == "labelsTs";
    if (is_images || is_labels) {
      if (is_file(root.parent_path() / "dataset.json") && (is_images || !options_.require_images)) {
        add_decathlon(root.parent_path(), {name.substr(6)});
        return;
      }
    }
    visit(root, 0);
    if (is_images) require_description(root.parent_path(), 0);
  }

  std::vector<FoundFolder> folders;
  std::vector<std::filesystem::path> images;  ///< every image seen, in any format, and broken links

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
    const std::size_t found_before = folders.size();
    std::vector<std::filesystem::path> files, inner;
    list(folder, files, inner);
    if (options_.layout != Layout::msd && options_.layout != Layout::nnunet) {
      append(folder, find_brats_cases(folder, files, options_.layout, options_.file_names));
      if (depth == 0 && !options_.require_images) add_plain_labels(folder, files);
    }
    if (depth == deepest) return;
    for (const auto& each : inner) visit(each, depth + 1);
    for (const char* part : {"imagesTr", "imagesTs"}) {
      if (std::find(inner.begin(), inner.end(), folder / part) == inner.end()) continue;
      require_description(folder, found_before);
      return;
    }
  }

  void list(const std::filesystem::path& folder, std::vector<std::filesystem::path>& files,
            std::vector<std::filesystem::path>& inner) {
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const std::filesystem::path& path = entry->path();
      if (path.filename().string().starts_with('.')) continue;
      std::error_code unreadable;
      if (entry->is_directory(unreadable)) {
        inner.push_back(path);
      } else if (is_image_name(path)) {
        images.push_back(path);
        files.push_back(path);
      } else if (!entry->exists(unreadable)) {  // perhaps a link to a case's folder
        images.push_back(path);
      }
    }
    if (error) {
      const std::string id = folder.filename().string();
      append(folder,
             {{}, {{id, folder.string() + ": cannot list the folder: " + error.message()}}});
    }
    std::sort(files.begin(), files.end());
    std::sort(inner.begin(), inner.end());
  }

  /// Label files that are named after their cases alone, CASE.nii.gz, as those that this library
  /// writes; not beside files of other names.
  void add_plain_labels(const std::filesystem::path& folder,
                        const std::vector<std::filesystem::path>& files) {
    FoundCases found;
    for (const auto& file : files) {
      if (!nifti_stem(file)) continue;
      if (parse_brats_name(file, options_.file_names)) return;
      CaseFiles& labels = found.cases.emplace_back();
      labels.id = *nifti_stem(file);
      labels.label = file;
      labels.layout = Layout::brats2018;
      labels.scheme_from_values = true;
    }
    append(folder, std::move(found));
  }

  /// Without dataset.json nothing says which of the files of imagesTr is which.
  void require_description(const std::filesystem::path& folder, std::size_t found_before) {
    if (folders.size() > found_before) return;
    const auto file = folder / "dataset.json";
    append(folder,
           {{},
            {{"", file.string() + ": " + why_not_regular(file) +
                      "; expected it beside imagesTr, as the Decathlon and nnU-Net have it"}}});
  }

  void add_decathlon(const std::filesystem::path& folder, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
      for (const char* kind : {"images", "labels"}) {
        const auto files = nifti_files(folder / (kind + part));
        images.insert(images.end(), files.begin(), files.end());
      }
    }
    try {
      append(folder, find_decathlon_cases(folder, parts, options_));
    } catch (const Error& error) {
      append(folder, {{}, {{"", error.what()}}});
    }
  }

  void append(const std::filesystem::path& folder, FoundCases found) {
    if (found.cases.empty() && found.problems.empty()) return;
    folders.push_back({folder, std::move(found)});
  }

  const FindCasesOptions& options_;
  std::set<std::filesystem::path> visited_;
};

/// Names cases after their folders where the names of their files clash: p1/scan_t1.nii.gz and
/// p2/scan_t1.nii.gz are of "p1" and "p2", p1/day1/t1.nii.gz and p2/day1/t1.nii.gz of "p1_day1" and
/// "p2_day1". Files that carry their folder's name and clash are copies: these stay as they are.
inline void name_after_folders(std::vector<FoundFolder>& folders) {
  std::map<std::string, std::vector<FoundFolder*>> by_id;
  for (FoundFolder& folder : folders) {
    for (const CaseFiles& files : folder.found.cases) by_id[files.id].push_back(&folder);
  }
  const auto is_nameable = [](const std::string& id, const FoundFolder& folder) {
    const CaseFiles& files = folder.found.cases.front();
    const bool is_brats = files.layout == Layout::brats2018 || files.layout == Layout::brats2023;
    if (folder.found.cases.size() != 1 || !is_brats || folder_of(files) != folder.path)
      return false;
    const auto first = std::find_if(files.images.begin(), files.images.end(),
                                    [](const auto& image) { return !image.empty(); });
    const auto& file = first == files.images.end() ? files.label : *first;
    return folder.path.filename() != id || !file.filename().string().starts_with(id);
  };
  for (const auto& [id, clashing] : by_id) {
    if (clashing.size() < 2 ||
        !std::all_of(clashing.begin(), clashing.end(), [&, &one = id](const FoundFolder* folder) {
          return is_nameable(one, *folder);
        })) {
      continue;
    }
    std::set<std::string> names;
    for (const FoundFolder* folder : clashing) names.insert(folder->path.filename().string());
    for (FoundFolder* folder : clashing) {
      std::string name = folder->path.filename().string();
      if (names.size() < clashing.size())
        name = folder->path.parent_path().filename().string() + "_" + name;
      for (CaseProblem& problem : folder->found.problems) {
        if (problem.case_id == id) problem.case_id = name;
      }
      folder->found.cases.front().id = name;
    }
  }
}

}  // namespace glia::detail
