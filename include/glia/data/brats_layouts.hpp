#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/data/case_files.hpp"

namespace glia {

/// What the name of a BraTS file says.
struct BratsName {
  std::string case_id;                ///< empty: the file is named after its modality alone
  std::optional<int> channel;         ///< nothing: a label file
  Layout layout = Layout::automatic;  ///< automatic: a name that says nothing about the layout
};

namespace detail {

inline std::optional<BratsName> find_own_ending(std::string_view ending,
                                                const std::vector<FileName>& own) {
  for (const FileName& one : own) {
    if (plain_name(one.ending) == plain_name(ending)) return BratsName{"", one.channel};
  }
  return std::nullopt;
}

inline std::optional<BratsName> find_known_ending(std::string_view ending) {
  static constexpr std::array<std::string_view, 2> labels{"seg", "segm"};
  static constexpr std::array<std::string_view, 4> names_of_2023{"t1n", "t1c", "t2w", "t2f"};
  const auto is_in = [plain = plain_name(ending)](const auto& names) {
    return std::find(names.begin(), names.end(), plain) != names.end();
  };
  if (is_in(labels)) return BratsName{};
  const auto channel = find_modality(ending);
  if (!channel) return std::nullopt;
  return BratsName{"", channel, is_in(names_of_2023) ? Layout::brats2023 : Layout::brats2018};
}

/// Every way to take a file name apart, the longest ending first: p_T2_FLAIR is the FLAIR of "p" or
/// of "p_T2". An ending that the user named leaves no choice.
inline std::vector<BratsName> brats_readings(const std::filesystem::path& file,
                                             const std::vector<FileName>& own) {
  const auto stem = nifti_stem(file);
  if (!stem) return {};
  const auto readings_by = [&](const auto& find) {
    std::vector<BratsName> readings;
    for (std::size_t begin = 0; begin != std::string::npos;) {
      if (auto name = find(std::string_view(*stem).substr(begin))) {
        name->case_id = stem->substr(0, begin == 0 ? 0 : begin - 1);
        readings.push_back(std::move(*name));
      }
      const auto separator = stem->find_first_of("_-", begin);
      begin = separator == std::string::npos ? separator : separator + 1;
    }
    return readings;
  };
  auto readings = readings_by([&](std::string_view end) { return find_own_ending(end, own); });
  if (readings.empty()) return readings_by(find_known_ending);
  readings.resize(1);
  return readings;
}

}  // namespace detail

/// Takes a file name such as Brats18_2013_2_1_t1ce.nii.gz or BraTS-GLI-00001-000-t1c.nii.gz apart:
/// the ending behind the last separator counts.
[[nodiscard]] inline std::optional<BratsName> parse_brats_name(
    const std::filesystem::path& file, const std::vector<FileName>& own = {}) {
  auto readings = detail::brats_readings(file, own);
  if (readings.empty()) return std::nullopt;
  return std::move(readings.back());
}

namespace detail {

/// Puts a file into its place; two files for one place are a problem.
inline void place_file(std::filesystem::path& place, const std::filesystem::path& file,
                       std::string_view what, const std::string& id,
                       std::vector<CaseProblem>& problems) {
  if (place.empty()) {
    place = file;
  } else {
    problems.push_back({id,
                        std::string(what) + ": got two files, " + place.string() + " and " +
                            file.string() + ", expected one",
                        what == "label"});
  }
}

/// True if a label file's id names the patient of the scans: the same id in any letter case, or one
/// of them continued by words without digits, as in p1_brain for p1. A number behind it may be
/// another time.
inline bool is_same_patient(std::string_view one, std::string_view other) {
  const auto& [shorter, longer] = std::minmax(
      one, other, [](std::string_view a, std::string_view b) { return a.size() < b.size(); });
  if (shorter.empty() || plain_name(longer.substr(0, shorter.size())) != plain_name(shorter))
    return false;
  const std::string_view rest = longer.substr(shorter.size());
  return rest.empty() || ((rest.front() == '_' || rest.front() == '-') &&
                          rest.find_first_of("0123456789") == rest.npos);
}

/// The cases of one folder while its files are sorted into them.
class BratsFolder {
 public:
  explicit BratsFolder(const std::filesystem::path& folder) : name_(folder.filename().string()) {}

  void add(const std::filesystem::path& file, const BratsName& name) {
    const std::string& id = name.case_id.empty() ? name_ : name.case_id;
    Entry& entry = entries_[id];
    entry.files.id = id;
    if (name.channel) {
      const auto channel = static_cast<std::size_t>(*name.channel);
      place_file(entry.files.images[channel], file, modality::names[channel], id, problems_);
      entry.has_images = true;
    } else {
      place_file(entry.files.label, file, "label", id, problems_);
    }
    // UCSF-PDGM and others have _T1c beside _T1, _T2 and _FLAIR.
    const bool in_both = name.layout == Layout::brats2023 && name.channel == modality::T1ce;
    if (name.layout == Layout::brats2018) entry.of_2018 = file;
    if (name.layout == Layout::brats2023 && !in_both) entry.of_2023 = file;
    if (in_both) entry.of_either = file;
  }

  FoundCases finish(Layout wanted) {
    adopt_labels();
    FoundCases found;
    for (auto& [id, entry] : entries_) {
      choose_layout(entry, wanted);
      found.cases.push_back(std::move(entry.files));
    }
    found.problems = std::move(problems_);
    return found;
  }

 private:
  struct Entry {
    CaseFiles files;
    bool has_images = false;
    std::filesystem::path of_2018, of_2023, of_either;  ///< a file whose name is of that layout
  };

  /// Gives label files whose names have another id than the scans beside them to these scans, or
  /// says that they are another patient's.
  void adopt_labels() {
    const auto images = std::count_if(entries_.begin(), entries_.end(),
                                      [](const auto& e) { return e.second.has_images; });
    for (auto stray = entries_.begin(); stray != entries_.end();) {
      const auto current = stray++;
      if (current->second.has_images) continue;
      Entry* owner = nullptr;
      bool is_own = false;
      for (auto& [id, entry] : entries_) {
        if (!entry.has_images || !entry.files.label.empty()) continue;
        const bool same = belongs(current->first, id, images == 1);
        if (same || images == 1) owner = &entry;
        is_own = is_own || same;
        if (same) break;
      }
      if (!owner) continue;
      if (is_own) {
        owner->files.label = current->second.files.label;
      } else {
        problems_.push_back({owner->files.id,
                             current->second.files.label.string() + ": got labels of '" +
                                 current->first + "' beside the scans of '" + owner->files.id +
                                 "', expected labels of the same patient, named after the case",
                             true});
      }
      entries_.erase(current);
    }
  }

  [[nodiscard]] bool belongs(const std::string& label_id, const std::string& case_id,
                             bool only_case) const {
    if (only_case && label_id == name_) return true;  // perhaps seg.nii: it names no patient
    // The one file of BraTS 2020 that is named otherwise.
    if (case_id == "BraTS20_Training_355" && label_id == "W39_1998.09.19") return true;
    return is_same_patient(label_id, case_id);
  }

  static void choose_layout(Entry& entry, Layout wanted) {
    CaseFiles& files = entry.files;
    files.layout = !entry.of_2018.empty()                               ? Layout::brats2018
                   : !entry.of_2023.empty() || !entry.of_either.empty() ? Layout::brats2023
                   : wanted != Layout::automatic                        ? wanted
                                                                        : Layout::brats2018;
    files.scheme = label_scheme(to_string(files.layout));
    files.scheme_from_values = files.layout == Layout::brats2018;
    if (!entry.of_2018.empty() && !entry.of_2023.empty()) {
      files.scheme_problem = "names of two layouts, " + entry.of_2018.string() +
                             " (brats2018) and " + entry.of_2023.string() + " (brats2023)";
    }
  }

  std::string name_;
  std::map<std::string, Entry> entries_;
  std::vector<CaseProblem> problems_;
};

}  // namespace detail

/// The BraTS cases among the files of one folder: one case in most data sets, many where a folder
/// is flat. `wanted` restricts the search to one of the two layouts. Cases may be incomplete.
[[nodiscard]] inline FoundCases find_brats_cases(const std::filesystem::path& folder,
                                                 const std::vector<std::filesystem::path>& files,
                                                 Layout wanted = Layout::automatic,
                                                 const std::vector<FileName>& own = {}) {
  std::vector<std::pair<std::filesystem::path, std::vector<BratsName>>> read;
  std::set<std::string> certain_ids;
  for (const std::filesystem::path& file : files) {
    read.emplace_back(file, detail::brats_readings(file, own));
    if (read.back().second.size() == 1) certain_ids.insert(read.back().second.front().case_id);
  }
  detail::BratsFolder sorted(folder);
  for (const auto& [file, readings] : read) {
    if (readings.empty()) continue;
    // Of several readings that counts whose case has other files; else the shortest ending.
    const auto known = std::find_if(
        readings.rbegin(), readings.rend(),
        [&](const BratsName& reading) { return certain_ids.contains(reading.case_id); });
    const BratsName& name = known == readings.rend() ? readings.back() : *known;
    const bool other_layout =
        name.layout != Layout::automatic && wanted != Layout::automatic && name.layout != wanted;
    if (!other_layout) sorted.add(file, name);
  }
  return sorted.finish(wanted);
}

}  // namespace glia
