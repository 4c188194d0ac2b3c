#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/log.hpp"
#include "glia/data/case.hpp"
#include "glia/data/dataset.hpp"

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
      images;                              ///< a single file has the first alone
  LabelCounts label_values;                ///< values as the file holds them
  Extent extent;                           ///< canonical orientation
  std::array<double, 3> spacing{0, 0, 0};  ///< d, h, w in mm
  std::string orientation;                 ///< of the first image, for instance "LPS"
};

struct CheckReport {
  std::filesystem::path path;
  std::string description;            ///< detected layouts and label schemes
  std::vector<std::string> problems;  ///< of the data set as a whole
  std::vector<CaseCheck> cases;

  [[nodiscard]] std::size_t problem_count() const {
    std::size_t count = problems.size();
    for (const CaseCheck& check : cases) count += check.problems.size();
    return count;
  }
  [[nodiscard]] std::size_t warning_count() const {
    std::size_t count = 0;
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
  return check;
}

/// Value counts of a file that may hold labels: few different integers that fit a byte.
inline void add_label_values(const NiftiImage& image, const std::filesystem::path& file,
                             const CheckOptions& options, CaseCheck& check) {
  constexpr std::size_t most_labels = 16;
  if (options.find.scheme) {
    check.label_values = count_label_values(image.frames.front(), file);
    check.label_scheme = options.find.scheme->name;
    require_scheme(*options.find.scheme, check.label_values, file);
    return;
  }
  const auto looks_like_label = [](float value) {
    return stored_label(value).has_value() && value > -0.5F && value < 255.5F;
  };
  const std::vector<float>& voxels = image.frames.front().voxels;
  if (image.frames.size() != 1 || !std::all_of(voxels.begin(), voxels.end(), looks_like_label))
    return;
  LabelCounts counts = count_label_values(image.frames.front(), file);
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
    check.extent = to_canonical(image.header.extent, orientation);
    check.spacing = canonical_spacing(image.header.spacing, orientation);
    check.orientation = orientation.code();
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
/// there is no such path.
[[nodiscard]] inline CheckReport check_path(const std::filesystem::path& path,
                                            const CheckOptions& options = {}) {
  CheckReport report;
  report.path = path;
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error)) {
    report.description = "single file";
    report.cases.push_back(detail::check_file(path, options));
    return report;
  }
  const Dataset dataset = find_cases(path, options.find);
  report.description = dataset.description;
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
    (owner == report.cases.end() ? report.problems : owner->problems).push_back(problem.message);
  }
  return report;
}

}  // namespace glia
