#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/log.hpp"
#include "glia/data/case.hpp"
#include "glia/data/content_id.hpp"
#include "glia/data/dataset.hpp"
#include "glia/data/scheme_agreement.hpp"

namespace glia {

/// What the voxels of one image look like: enough to notice exchanged modalities, which no program
/// can prove.
struct IntensitySummary {
  float minimum = 0, maximum = 0;
  double mean = 0;              ///< of all voxels that are not 0
  double nonzero_fraction = 0;  ///< of all voxels
};

/// What `check_path` found out about one case or one file.
struct CaseCheck {
  std::string id;
  std::vector<std::string> problems;  ///< each makes the case unusable
  std::vector<std::string> warnings;
  std::string layout;
  std::string label_scheme;  ///< empty: no label file; for a single file all schemes that would fit
  std::array<std::optional<IntensitySummary>, modality::count>
      images;                          ///< of a single file its first frames
  std::size_t frames = 0;              ///< of a single file
  std::optional<ContentId> content{};  ///< of a case whose images could all be read
  LabelCounts label_values;            ///< values as the file holds them
  Extent extent;                       ///< canonical orientation
  Spacing spacing{0, 0, 0};
  std::string orientation;  ///< of the first image, for instance "LPS"

  /// What `images[i]` is: a modality, or a frame of a single file, of which nothing says what it
  /// shows.
  [[nodiscard]] std::string image_name(std::size_t i) const {
    if (frames == 0) return std::string(modality::names[i]);
    return frames == 1 ? "image" : "frame " + std::to_string(i);
  }
};

struct CheckReport {
  std::filesystem::path path;
  std::string description;                     ///< detected layouts and label schemes
  std::vector<std::string> problems;           ///< of the data set as a whole
  std::vector<std::string> warnings;           ///< of the data set as a whole
  std::vector<std::filesystem::path> ignored;  ///< images in any format that belong to no case
  std::vector<CaseCheck> cases;

  [[nodiscard]] std::size_t problem_count() const {
    std::size_t count = problems.size();
    for (const CaseCheck& check : cases) count += check.problems.size();
    return count;
  }
  [[nodiscard]] std::size_t warning_count() const {
    std::size_t count = warnings.size();
    for (const CaseCheck& check : cases) count += check.warnings.size();
    return count;
  }
  /// What a program should return: 0, or DataError's code if there are problems.
  [[nodiscard]] int exit_code() const {
    return problem_count() == 0 ? 0 : DataError("").exit_code();
  }
};

struct CheckOptions {
  FindCasesOptions find{};
  ReadCaseOptions read{};
  ProgressSink progress{};
};

[[nodiscard]] inline IntensitySummary summarise_intensities(const Volume<float>& image) {
  IntensitySummary summary;
  if (image.voxels.empty()) return summary;
  const auto [low, high] = std::minmax_element(image.voxels.begin(), image.voxels.end());
  summary.minimum = *low;
  summary.maximum = *high;
  double sum = 0;
  index_t count = 0;
  for (const float x : image.voxels) {
    sum += static_cast<double>(x);
    count += x != 0.0F ? 1 : 0;
  }
  if (count > 0) summary.mean = sum / static_cast<double>(count);
  summary.nonzero_fraction = static_cast<double>(count) / static_cast<double>(image.voxels.size());
  return summary;
}

namespace detail {

/// The problems that the search for cases found are the caller's to add.
inline CaseCheck check_case(const CaseFiles& files, const CheckOptions& options) {
  CaseCheck check;
  check.id = files.id;
  check.layout = to_string(files.layout);
  CaseReading reading = inspect_case(files, options.read);
  const Case& contents = reading.contents;
  check.problems = std::move(reading.problems);
  check.warnings = contents.warnings;
  if (!files.label.empty()) check.label_scheme = contents.scheme.name;
  check.label_values = contents.label_values;
  for (std::size_t channel = 0; channel < contents.images.size(); ++channel) {
    if (!reading.image_read[channel]) continue;
    check.images[channel] = summarise_intensities(contents.images[channel]);
    check.extent = contents.images[channel].extent;
    check.spacing = contents.spacing;
    check.orientation = contents.orientation.code();
  }
  if (std::all_of(check.images.begin(), check.images.end(),
                  [](const auto& image) { return image.has_value(); }))
    check.content = content_id(contents.images);
  return check;
}

/// Several spacings in one data set: a network sees voxels, not mm.
inline void warn_of_mixed_spacing(CheckReport& report) {
  constexpr double tolerance = 1e-2;  // relative
  struct Group {
    Spacing spacing;
    std::size_t cases;
  };
  std::vector<Group> groups;
  for (const CaseCheck& check : report.cases) {
    if (check.orientation.empty()) continue;
    const auto same = [&](const Group& group) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const double expected = group.spacing.along(axis);
        if (std::abs(check.spacing.along(axis) - expected) > tolerance * expected) return false;
      }
      return true;
    };
    const auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) {
      groups.push_back({check.spacing, 1});
    } else {
      ++group->cases;
    }
  }
  if (groups.size() < 2) return;
  std::string text = "cases of different spacing:";
  for (const Group& group : groups) {
    text += (&group == groups.data() ? " " : ", ") + std::to_string(group.cases) + " of " +
            to_string(group.spacing);
  }
  report.warnings.push_back(text + "; networks expect the spacing that they were trained on");
}

/// One case under several ids: on two sides of a split it makes scores too good.
inline void warn_of_equal_cases(CheckReport& report) {
  std::map<ContentId, std::string> ids;
  for (const CaseCheck& check : report.cases) {
    if (!check.content) continue;
    const auto [first, is_new] = ids.emplace(*check.content, check.id);
    if (!is_new)
      report.warnings.push_back("cases " + first->second + " and " + check.id +
                                " have the same images");
  }
}

/// Value counts of a file that may hold labels: few different integers that fit a byte.
inline void add_label_values(const NiftiImage& image, const std::filesystem::path& file,
                             const CheckOptions& options, CaseCheck& check) {
  constexpr std::size_t most_labels = 16;
  if (image.frames.size() != 1) return;
  if (options.find.scheme) {
    check.label_values = count_label_values(image.frames.front(), file, image.header.step());
    check.label_scheme = options.find.scheme->name;
    require_scheme(*options.find.scheme, check.label_values, file);
    return;
  }
  const auto looks_like_label = [&](float value) {
    return stored_label(value, image.header.step()).has_value() && value > -0.5F && value < 255.5F;
  };
  const std::vector<float>& voxels = image.frames.front().voxels;
  if (!std::all_of(voxels.begin(), voxels.end(), looks_like_label)) return;
  LabelCounts counts = count_label_values(image.frames.front(), file, image.header.step());
  if (counts.size() > most_labels) return;
  for (const std::string& name : fitting_schemes(counts)) {
    check.label_scheme += (check.label_scheme.empty() ? "" : " or ") + name;
  }
  check.label_values = std::move(counts);
}

/// A file on its own: a scan or a label file.
inline CaseCheck check_file(const std::filesystem::path& file, const CheckOptions& options) {
  CaseCheck check;
  check.id = file.filename().string();
  check.layout = "single file";
  try {
    const NiftiImage image = read_nifti(file, {.nonfinite = options.read.nonfinite});
    const Orientation orientation = orientation_of(image.header.affine);
    for (const std::string& warning : image.warnings)
      check.warnings.push_back(file.string() + ": " + warning);
    const Grid grid = canonical_grid(image.header, orientation);
    check.extent = grid.extent;
    check.spacing = grid.spacing();
    check.orientation = orientation.code();
    check.frames = image.frames.size();
    for (std::size_t i = 0; i < (std::min)(image.frames.size(), check.images.size()); ++i) {
      check.images[i] = summarise_intensities(image.frames[i]);
      if (check.images[i]->minimum == check.images[i]->maximum) {
        check.warnings.push_back(file.string() + ": got one value in all voxels of frame " +
                                 std::to_string(i));
      }
    }
    add_label_values(image, file, options, check);
  } catch (const DataError& error) {
    check.problems.emplace_back(error.what());
  } catch (const IoError& error) {
    check.problems.emplace_back(error.what());
  }
  return check;
}

}  // namespace detail

/// Checks a data set folder, a case folder or one NIfTI file to the end, whatever is wrong with it.
/// Nothing is printed or thrown for a fault of the data; the report says all. Throws IoError if
/// there is no such path, and UsageError as `inspect_case` does.
[[nodiscard]] inline CheckReport check_path(const std::filesystem::path& path,
                                            const CheckOptions& options = {}) {
  CheckReport report;
  report.path = path;
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error)) {
    const CaseCheck& file = report.cases.emplace_back(detail::check_file(path, options));
    report.description = "single file";
    if (file.frames > 1) {
      report.description += " of " + std::to_string(file.frames) +
                            " frames; only the dataset.json of its data set says which frame is "
                            "which modality: check that folder";
    }
    return report;
  }
  Dataset dataset = find_cases(path, options.find);
  require_agreed_schemes(dataset, options.find, options.progress);
  report.description = dataset.description;
  report.ignored = dataset.ignored;
  std::vector<const CaseFiles*> all;
  for (const CaseFiles& files : dataset.cases) all.push_back(&files);
  for (const CaseFiles& files : dataset.refused) all.push_back(&files);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (options.progress) {
      options.progress({"check", static_cast<double>(i), static_cast<double>(all.size()), "cases"});
    }
    report.cases.push_back(detail::check_case(*all[i], options));
  }
  const auto refused = report.cases.begin() + static_cast<std::ptrdiff_t>(dataset.cases.size());
  for (const CaseProblem& problem : dataset.problems) {
    const auto owner = std::find_if(refused, report.cases.end(), [&](const CaseCheck& check) {
      return check.id == problem.case_id;
    });
    auto& problems = owner == report.cases.end() ? report.problems : owner->problems;
    if (std::find(problems.begin(), problems.end(), problem.message) == problems.end())
      problems.push_back(problem.message);
  }
  detail::warn_of_mixed_spacing(report);
  detail::warn_of_equal_cases(report);
  return report;
}

}  // namespace glia
