#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/utf8.hpp"
#include "glia/data/label_scheme.hpp"
#include "glia/data/modality.hpp"
#include "glia/io/nifti_paths.hpp"

namespace glia {

/// How a data set arranges and names its files.
///   brats2018   BraTS 2017 to 2021: CASE_{t1,t1ce,t2,flair,seg}.nii[.gz], in HGG/ and LGG/ or not
///   brats2023   BraTS 2023 and later (GLI, SSA, PED, MET): CASE-{t1n,t1c,t2w,t2f,seg}.nii[.gz]
///   msd         Decathlon Task01: imagesTr/CASE.nii.gz with four frames, labelsTr/, dataset.json
///   nnunet      nnU-Net raw: imagesTr/CASE_0000.nii.gz and so on, labelsTr/CASE.nii.gz,
///   dataset.json
enum class Layout { automatic, brats2018, brats2023, msd, nnunet };

inline constexpr std::array<std::string_view, 5> layout_names{"auto", "brats2018", "brats2023",
                                                              "msd", "nnunet"};

[[nodiscard]] constexpr std::string_view to_string(Layout layout) {
  return layout_names[static_cast<std::size_t>(layout)];
}

/// The layout of that name. Throws UsageError that lists the names.
[[nodiscard]] inline Layout find_layout(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < layout_names.size(); ++i) {
    if (layout_names[i] == name) return static_cast<Layout>(i);
    known += (known.empty() ? "" : ", ") + std::string(layout_names[i]);
  }
  throw UsageError("layout: got '" + std::string(name) + "', expected one of " + known);
}

/// Where the parts of one case lie.
struct CaseFiles {
  std::string id;
  std::array<std::filesystem::path, modality::count>
      images;                                              ///< T1, T1ce, T2, FLAIR; empty: missing
  std::array<index_t, modality::count> frame{0, 0, 0, 0};  ///< which frame of a 4-D file
  std::filesystem::path label{};                           ///< empty: none
  LabelScheme scheme = label_scheme("brats2018");
  bool scheme_from_values =
      false;  ///< `scheme` may give way to brats2013, which adds the value 3 to it
  Layout layout = Layout::automatic;
  std::string scheme_problem{};  ///< why `scheme` must not be used unless the user names it
};

/// Why a case, or with an empty id a whole data set, cannot be used.
struct CaseProblem {
  std::string case_id;
  std::string message;
  bool of_label = false;  ///< of no concern to those who do not look at labels
};

/// How the names of files end that hold one modality, or labels, in a data set with spellings of
/// its own: {"bravo", modality::T1ce} for p1_bravo.nii.gz.
struct FileName {
  std::string ending;          ///< letter case and separators do not matter
  std::optional<int> channel;  ///< nothing: labels
};

struct FindCasesOptions {
  Layout layout = Layout::automatic;    ///< search for this layout only
  std::optional<LabelScheme> scheme{};  ///< instead of the scheme that the layout implies
  bool require_labels = false;  ///< a case without a label file is a problem (training, evaluation)
  bool ignore_labels = false;   ///< faults of label files are no problems (segmentation)
  bool require_images = true;   ///< a case of a label file alone is a problem (all but evaluation)
  bool include_test = false;    ///< also imagesTs of msd and nnunet data sets
  std::vector<FileName> file_names{};  ///< before the spellings of `modality_synonyms`
};

/// What to do where no label scheme can be told.
inline constexpr std::string_view name_the_scheme =
    "name the label scheme: FindCasesOptions::scheme, --label-scheme or --scheme-of FOLDER=SCHEME";

/// What a search for cases found.
struct FoundCases {
  std::vector<CaseFiles> cases;
  std::vector<CaseProblem> problems;
};

/// Channel of a modality's name: one of the user's, or one that data sets use.
[[nodiscard]] inline std::optional<int> find_modality(std::string_view name,
                                                      const std::vector<FileName>& own) {
  for (const FileName& one : own) {
    if (plain_name(one.ending) == plain_name(name)) return one.channel;
  }
  return find_modality(name);
}

/// Name of a NIfTI file without .nii or .nii.gz in any letter case; nothing for other names and for
/// hidden files such as `._name`.
[[nodiscard]] inline std::optional<std::string> nifti_stem(const std::filesystem::path& file) {
  std::string name = file.filename().string();
  if (name.starts_with('.')) return std::nullopt;
  for (const std::string_view ending : {".nii.gz", ".nii"}) {
    if (name.size() > ending.size() && detail::ends_with_ignoring_case(name, ending)) {
      name.resize(name.size() - ending.size());
      return name;
    }
  }
  return std::nullopt;
}

/// True if the name is that of an image in any format, also one that glia does not read.
[[nodiscard]] inline bool is_image_name(const std::filesystem::path& file) {
  static constexpr std::array<std::string_view, 12> endings{".nii",    ".nii.gz", ".hdr", ".img",
                                                            ".img.gz", ".mha",    ".mhd", ".nrrd",
                                                            ".nhdr",   ".mgz",    ".mgh", ".dcm"};
  const std::string name = file.filename().string();
  return !name.starts_with('.') &&
         std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
           return detail::ends_with_ignoring_case(name, ending);
         });
}

/// What is in the place of a regular file, in words; empty if one is there.
[[nodiscard]] inline std::string why_not_regular(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_regular_file(file, error)) return {};
  if (std::filesystem::exists(file, error))
    return "expected a regular file, got a folder, a pipe or a device";
  if (std::filesystem::is_symlink(file, error)) {
    return "expected a regular file, got a link to " +
           std::filesystem::read_symlink(file, error).string() +
           ", which is missing: not fetched (git-annex, datalad) or moved";
  }
  return "no such file";
}

/// True if output files can be named after the case and lists in files can hold it: UTF-8, no
/// separators, commas or control characters, no leading dot.
[[nodiscard]] inline bool is_valid_case_id(std::string_view id) {
  return !id.empty() && id.front() != '.' && is_utf8(id) &&
         std::none_of(id.begin(), id.end(), [](unsigned char c) {
           return c == '/' || c == '\\' || c == ',' || std::iscntrl(c) != 0;
         });
}

/// The folder of the first file that a case has.
[[nodiscard]] inline std::filesystem::path folder_of(const CaseFiles& files) {
  for (const std::filesystem::path& image : files.images) {
    if (!image.empty()) return image.parent_path();
  }
  return files.label.parent_path();
}

/// What an incomplete case lacks, as messages; none if it is complete. A label file alone is
/// complete where images are not required.
[[nodiscard]] inline std::vector<std::string> missing_files(const CaseFiles& files,
                                                            bool require_label,
                                                            bool require_images = true) {
  std::vector<std::string> messages;
  std::string missing;
  for (std::size_t i = 0; require_images && i < files.images.size(); ++i) {
    if (files.images[i].empty())
      missing += (missing.empty() ? "" : ", ") + std::string(modality::names[i]);
  }
  if (!missing.empty()) {
    messages.push_back(folder_of(files).string() + ": missing " + missing +
                       ", expected files of T1, T1ce, T2 and FLAIR");
  }
  if (require_label && files.label.empty()) {
    messages.push_back(folder_of(files).string() + ": missing label file, which is required here");
  }
  return messages;
}

}  // namespace glia
