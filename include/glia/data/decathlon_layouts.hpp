#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "glia/data/brats_layouts.hpp"
#include "glia/data/case_files.hpp"
#include "glia/data/dataset_json.hpp"

namespace glia {

namespace detail {

inline bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

/// NIfTI files of a folder in the order of their names, also links that lead nowhere; none if there
/// is no such folder.
inline std::vector<std::filesystem::path> nifti_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (nifti_stem(entry->path()) && !entry->is_directory(unreadable))
      files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Channel number of an nnU-Net file name such as CASE_0002, which is cut to CASE.
inline std::optional<index_t> split_channel(std::string& stem) {
  if (stem.size() < 6 || stem[stem.size() - 5] != '_') return std::nullopt;
  const std::string digits = stem.substr(stem.size() - 4);
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  stem.resize(stem.size() - 5);
  return std::stoll(digits);
}

/// The label files of a folder, by case.
using LabelFiles = std::multimap<std::string, std::filesystem::path>;
inline LabelFiles label_files(const std::filesystem::path& folder) {
  LabelFiles labels;
  for (const auto& file : nifti_files(folder)) labels.emplace(*nifti_stem(file), file);
  return labels;
}

inline std::filesystem::path find_label(const LabelFiles& labels, const std::string& id,
                                        std::vector<CaseProblem>& problems) {
  std::filesystem::path label;
  const auto [begin, end] = labels.equal_range(id);
  for (auto file = begin; file != end; ++file)
    place_file(label, file->second, "label", id, problems);
  return label;
}

/// nnU-Net: the files imagesTr/CASE_0000.nii.gz, ... of one folder, one per channel.
inline void find_channel_files(const std::filesystem::path& images, const LabelFiles& labels,
                               const DatasetJson& json, FoundCases& found) {
  std::map<std::string, CaseFiles> cases;
  for (const auto& file : nifti_files(images)) {
    std::string id = *nifti_stem(file);
    const auto number = split_channel(id);
    if (!number) continue;
    CaseFiles& entry = cases[id];
    entry.id = id;
    for (std::size_t channel = 0; channel < entry.images.size(); ++channel) {
      if (json.channel_of[channel] != number) continue;
      place_file(entry.images[channel], file, modality::names[channel], id, found.problems);
    }
  }
  for (auto& [id, entry] : cases) {
    entry.label = find_label(labels, id, found.problems);
    found.cases.push_back(std::move(entry));
  }
}

/// Decathlon: one 4-D file per case.
inline void find_frame_files(const std::filesystem::path& folder, const std::string& part,
                             const LabelFiles& labels, std::vector<DatasetJson::Entry> entries,
                             const DatasetJson& json, FoundCases& found) {
  if (entries.empty()) {
    for (const auto& file : nifti_files(folder / ("images" + part))) {
      entries.push_back({*nifti_stem(file), {file.lexically_relative(folder)}, {}});
    }
  }
  for (const DatasetJson::Entry& listed : entries) {
    CaseFiles files;
    files.id = listed.id;
    files.images.fill(folder / listed.images.front());
    for (std::size_t i = 0; i < files.frame.size(); ++i) files.frame[i] = *json.channel_of[i];
    files.label = listed.label.empty() ? find_label(labels, listed.id, found.problems)
                                       : folder / listed.label;
    found.cases.push_back(std::move(files));
  }
}

/// nnU-Net's list "dataset": one file per channel in the order of the channel numbers.
inline void find_listed_channel_files(const std::filesystem::path& folder, const DatasetJson& json,
                                      FoundCases& found) {
  for (const DatasetJson::Entry& listed : json.listed_channels) {
    CaseFiles files;
    files.id = listed.id;
    for (std::size_t channel = 0; channel < files.images.size(); ++channel) {
      const auto number = static_cast<std::size_t>(*json.channel_of[channel]);
      if (number < listed.images.size()) files.images[channel] = folder / listed.images[number];
    }
    if (!listed.label.empty()) files.label = folder / listed.label;
    found.cases.push_back(std::move(files));
  }
}

/// Cases of which there is a label file alone, for those who need no more.
inline void add_lone_labels(const LabelFiles& labels, FoundCases& found) {
  std::set<std::string> ids;
  for (const CaseFiles& files : found.cases) ids.insert(files.id);
  for (const auto& [id, file] : labels) {
    if (!ids.insert(id).second) continue;
    CaseFiles& files = found.cases.emplace_back();
    files.id = id;
    files.label = find_label(labels, id, found.problems);
  }
}

/// True if the file lists its cases itself, as nnU-Net allows, in which case no folder needs a
/// certain name. Nobody else's dataset.json is an error here.
inline bool lists_channel_files(const std::filesystem::path& dataset_json) {
  try {
    const Json root = parse_json(dataset_json);
    return root.is_object() && root.contains("dataset") && root["dataset"].is_object();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace detail

/// True if the folder holds dataset.json and images or labels of the Decathlon or of nnU-Net, or a
/// dataset.json that lists the files of each case.
[[nodiscard]] inline bool is_decathlon_folder(const std::filesystem::path& folder) {
  if (!detail::is_file(folder / "dataset.json")) return false;
  for (const char* part : {"imagesTr", "imagesTs", "labelsTr", "labelsTs"}) {
    std::error_code error;
    if (std::filesystem::is_directory(folder / part, error)) return true;
  }
  return detail::lists_channel_files(folder / "dataset.json");
}

/// The cases of a data set that dataset.json describes: `msd` (4-D images) or `nnunet` (one file
/// per channel). `parts` are "Tr", "Ts" or both. Cases may be incomplete, files that are listed may
/// be missing. Throws DataError at an unusable dataset.json.
[[nodiscard]] inline FoundCases find_decathlon_cases(const std::filesystem::path& folder,
                                                     const std::vector<std::string>& parts,
                                                     const FindCasesOptions& options = {}) {
  const std::filesystem::path description = folder / "dataset.json";
  const DatasetJson json = read_dataset_json(description, options.file_names);
  FoundCases found;
  for (const std::string& part : parts) {
    const std::filesystem::path images = folder / ("images" + part);
    const auto files = detail::nifti_files(images);
    const bool is_listed = part == "Tr" && !json.listed_channels.empty();
    const bool by_channel = is_listed || json.has_channel_names ||
                            std::any_of(files.begin(), files.end(), [](const auto& file) {
                              std::string stem = *nifti_stem(file);
                              return detail::split_channel(stem) == 0;
                            });
    const Layout layout = by_channel ? Layout::nnunet : Layout::msd;
    if (options.layout != Layout::automatic && options.layout != layout) continue;
    const detail::LabelFiles labels = detail::label_files(folder / ("labels" + part));
    FoundCases some;
    if (layout == Layout::msd) {
      detail::find_frame_files(folder, part, labels, part == "Tr" ? json.training : json.test, json,
                               some);
    } else if (is_listed) {
      detail::find_listed_channel_files(folder, json, some);
    } else {
      detail::find_channel_files(images, labels, json, some);
    }
    if (!options.require_images) detail::add_lone_labels(labels, some);
    for (CaseFiles& files_of_case : some.cases) {
      files_of_case.layout = layout;
      if (json.scheme) files_of_case.scheme = *json.scheme;
      found.cases.push_back(std::move(files_of_case));
    }
    found.problems.insert(found.problems.end(), some.problems.begin(), some.problems.end());
  }
  if (!json.scheme && !options.scheme && !found.cases.empty()) {
    found.problems.push_back({"", description.string() + ": field 'labels': " +
                                      json.scheme_problem + "; " + std::string(name_the_scheme)});
  }
  return found;
}

}  // namespace glia
