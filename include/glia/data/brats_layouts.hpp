#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "glia/data/case_files.hpp"

namespace glia {

/// What the name of a BraTS file says.
struct BratsName {
  std::string case_id;                ///< empty: the file is named after its modality alone
  std::optional<int> channel;         ///< nothing: a label file
  Layout layout = Layout::automatic;  ///< automatic: a label file, which both layouts name alike
};

/// Takes a file name such as Brats18_2013_2_1_t1ce.nii.gz or BraTS-GLI-00001-000-t1c.nii.gz apart.
[[nodiscard]] inline std::optional<BratsName> parse_brats_name(const std::filesystem::path& file) {
  const auto stem = nifti_stem(file);
  if (!stem) return std::nullopt;
  const auto separator = stem->find_last_of("_-");
  BratsName name;
  name.case_id = separator == std::string::npos ? "" : stem->substr(0, separator);
  std::string ending = separator == std::string::npos ? *stem : stem->substr(separator + 1);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == "seg" || ending == "segm") return name;
  name.channel = find_modality(ending);
  if (!name.channel) return std::nullopt;
  const bool is_2023 = ending == "t1n" || ending == "t1c" || ending == "t2w" || ending == "t2f";
  name.layout = is_2023 ? Layout::brats2023 : Layout::brats2018;
  return name;
}

namespace detail {

/// Puts a file into its place; two files for one place are a problem.
inline void place_file(std::filesystem::path& place, const std::filesystem::path& file,
                       std::string_view what, const std::string& id,
                       std::vector<CaseProblem>& problems) {
  if (place.empty()) {
    place = file;
  } else {
    problems.push_back({id, std::string(what) + ": got two files, " + place.string() + " and " +
                                file.string() + ", expected one"});
  }
}

/// BraTS 2020 has one label file that is named after another patient. It belongs to the only case
/// of its folder.
inline void adopt_stray_label(std::map<std::string, CaseFiles>& cases) {
  if (cases.size() != 2) return;
  const auto has_images = [](const CaseFiles& files) {
    return std::any_of(files.images.begin(), files.images.end(),
                       [](const auto& path) { return !path.empty(); });
  };
  auto first = cases.begin();
  auto second = std::next(first);
  if (has_images(first->second) == has_images(second->second)) return;
  auto stray = has_images(first->second) ? second : first;
  auto owner = has_images(first->second) ? first : second;
  if (!owner->second.label.empty()) return;
  owner->second.label = stray->second.label;
  cases.erase(stray);
}

}  // namespace detail

/// The BraTS cases among the files of one folder: one case in most data sets, many where a folder
/// is flat. `wanted` restricts the search to one of the two layouts. Cases may be incomplete.
[[nodiscard]] inline FoundCases find_brats_cases(const std::filesystem::path& folder,
                                                 const std::vector<std::filesystem::path>& files,
                                                 Layout wanted = Layout::automatic) {
  FoundCases found;
  std::map<std::string, CaseFiles> cases;
  for (const std::filesystem::path& file : files) {
    const auto name = parse_brats_name(file);
    if (!name) continue;
    const bool other_layout =
        name->layout != Layout::automatic && wanted != Layout::automatic && name->layout != wanted;
    if (other_layout) continue;
    const std::string id = name->case_id.empty() ? folder.filename().string() : name->case_id;
    CaseFiles& entry = cases[id];
    entry.id = id;
    if (name->layout != Layout::automatic) entry.layout = name->layout;
    if (name->channel) {
      const auto channel = static_cast<std::size_t>(*name->channel);
      detail::place_file(entry.images[channel], file, modality::names[channel], id, found.problems);
    } else {
      detail::place_file(entry.label, file, "label", id, found.problems);
    }
  }
  detail::adopt_stray_label(cases);
  for (auto& [id, entry] : cases) {
    if (entry.layout == Layout::automatic) {  // a label alone
      entry.layout = wanted == Layout::automatic ? Layout::brats2018 : wanted;
    }
    entry.scheme = label_scheme(to_string(entry.layout));
    entry.scheme_from_values = entry.layout == Layout::brats2018;
    found.cases.push_back(std::move(entry));
  }
  return found;
}

}  // namespace glia
