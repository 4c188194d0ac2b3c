#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/data/case_files.hpp"
#include "glia/data/label_scheme.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/plausibility.hpp"
#include "glia/io/grid.hpp"
#include "glia/io/nifti_read.hpp"
#include "glia/io/orientation.hpp"
#include "glia/tensor/spacing.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// The scans of one patient at one time, with labels if there are any, in the canonical orientation
/// LPS.
struct Case {
  std::string id;
  std::array<Volume<float>, modality::count>
      images{};                         ///< T1, T1ce, T2, FLAIR: [D, H, W], the files' intensities
  std::optional<LabelVolume> labels{};  ///< [D, H, W], internal labels
  LabelCounts label_values{};           ///< how often each value occurs in the label file
  Spacing spacing{};
  NiftiHeader geometry{};     ///< header of the first image, for files that describe this case
  Orientation orientation{};  ///< of that image: `from_canonical` restores its voxel order
  LabelScheme scheme{};       ///< of the label file, and of label files written for this case
  std::vector<std::string> warnings{};  ///< what a user should know; each names its file
};

struct ReadCaseOptions {
  NonFinite nonfinite = NonFinite::refuse;  ///< what to do about NaN and infinite voxels
  /// Largest distance in mm between the places that the headers of two files of a case give to one
  /// voxel.
  double affine_tolerance = 0.1;
  /// A scan that is mirrored about the origin lies at least a brain's width away from its place.
  static constexpr double largest_affine_tolerance = 10;
  bool require_label = false;  ///< refuse a case without a label file
  bool refuse_constant =
      false;  ///< refuse images whose voxels are all equal (training), instead of a warning
};

/// What could be read of a case, with everything that is wrong with the files.
struct CaseReading {
  Case contents;
  std::array<bool, modality::count> image_read{};  ///< which images could be read
  std::vector<std::string> problems;
  int exit_code = 0;  ///< of the first problem: 3 for data, 4 for files that cannot be read
};

/// The scheme of a label file with these values. Files named as in BraTS 2017 to 2021 hold
/// brats2018 labels; where 3 and 4 both occur they hold those of brats2013. A 3 without a 4 may
/// mean three different things (brats2023, msd, modelhub): it is left to the user to name the
/// scheme.
[[nodiscard]] inline LabelScheme choose_scheme(const CaseFiles& files, const LabelCounts& values) {
  if (files.scheme_from_values && values.contains(3) && values.contains(4))
    return label_scheme("brats2013");
  return files.scheme;
}

namespace detail {

/// Reads the files of a case one by one and compares each with the first.
class CaseReader {
 public:
  CaseReader(const CaseFiles& files, const ReadCaseOptions& options)
      : files_(files), options_(options) {}

  CaseReading run() {
    reading_.contents.id = files_.id;
    reading_.contents.scheme = files_.scheme;
    for (std::size_t channel = 0; channel < files_.images.size(); ++channel) {
      attempt([&] { read_image(channel); });
    }
    attempt([&] { read_label(); });
    return std::move(reading_);
  }

 private:
  template <class Step>
  void attempt(Step&& step) {
    try {
      step();
    } catch (const DataError& error) {
      add_problem(error);
    } catch (const IoError& error) {
      add_problem(error);
    }
  }

  void add_problem(const Error& error) {
    if (reading_.problems.empty()) reading_.exit_code = error.exit_code();
    reading_.problems.emplace_back(error.what());
  }

  void warn(const std::filesystem::path& file, const std::string& text) {
    reading_.contents.warnings.push_back(file.string() + ": " + text);
  }

  void open(const std::filesystem::path& file) {
    if (file == open_file_) return;  // a 4-D file holds all images of its case
    open_file_.clear();
    image_ = read_nifti(file, {.nonfinite = options_.nonfinite});
    open_file_ = file;
    for (const std::string& warning : image_.warnings) warn(file, warning);
  }

  void read_image(std::size_t channel) {
    const std::filesystem::path& file = files_.images[channel];
    const std::string name(modality::names[channel]);
    if (file.empty()) return;
    open(file);
    const auto frame = static_cast<std::size_t>(files_.frame[channel]);
    const bool several = files_.layout == Layout::msd;
    if (several ? frame >= image_.frames.size() : image_.frames.size() != 1) {
      throw DataError(file.string() + ": frames: got " + std::to_string(image_.frames.size()) +
                      ", expected " +
                      (several ? "at least " + std::to_string(frame + 1) + " for " + name : "1"));
    }
    const Orientation orientation = agreed_orientation(file);
    Volume<float> volume = to_canonical(image_.frames[frame], orientation);
    const auto [low, high] = std::minmax_element(volume.voxels.begin(), volume.voxels.end());
    if (low != volume.voxels.end() && *low == *high) refuse_or_warn_constant(file, name, *low);
    if (std::find(volume.voxels.begin(), volume.voxels.end(), 0.0F) == volume.voxels.end()) {
      warn(file, name + " has no voxel that is 0: its background cannot be told from the brain");
    }
    reading_.contents.images[channel] = std::move(volume);
    reading_.image_read[channel] = true;
  }

  void refuse_or_warn_constant(const std::filesystem::path& file, const std::string& name,
                               float value) {
    const std::string text =
        name + ": got the one value " + std::to_string(value) + " in all voxels, expected a scan";
    if (options_.refuse_constant) throw DataError(file.string() + ": " + text);
    warn(file, text);
  }

  void read_label() {
    if (files_.label.empty()) return;
    open(files_.label);
    if (image_.frames.size() != 1) {
      throw DataError(files_.label.string() + ": frames: got " +
                      std::to_string(image_.frames.size()) + ", expected 1");
    }
    Case& contents = reading_.contents;
    contents.label_values =
        count_label_values(image_.frames.front(), files_.label, image_.header.step());
    contents.scheme = choose_scheme(files_, contents.label_values);
    const LabelVolume labels =
        to_internal(image_.frames.front(), contents.scheme, files_.label, image_.header.step());
    contents.labels = to_canonical(labels, agreed_orientation(files_.label));
    if (std::all_of(labels.voxels.begin(), labels.voxels.end(),
                    [](auto value) { return value == label::background; })) {
      warn(files_.label, "no voxel is tumour");
    }
  }

  /// Orientation of the open file after a comparison with the first file of the case, whose grid
  /// all files are turned to.
  Orientation agreed_orientation(const std::filesystem::path& file) {
    const NiftiHeader& header = image_.header;
    if (reference_.empty()) {
      Case& contents = reading_.contents;
      reference_ = file;
      contents.geometry = header;
      contents.orientation = orientation_of(header.affine);
      grid_ = canonical_grid(header, contents.orientation);
      contents.spacing = grid_.spacing();
      warn_about_orientation(file, contents.orientation);
      return contents.orientation;
    }
    const Orientation orientation = orientation_of(header.affine, grid_.affine);
    compare(file, canonical_grid(header, orientation), orientation);
    return orientation;
  }

  void warn_about_orientation(const std::filesystem::path& file, const Orientation& orientation) {
    const bool is_brats = files_.layout == Layout::brats2018 || files_.layout == Layout::brats2023;
    if (!is_brats || orientation == Orientation{}) return;
    warn(file, "orientation: got " + orientation.code() +
                   ", BraTS data are LPS; if the voxels were not reordered " +
                   "too, left and right are exchanged");
  }

  void compare(const std::filesystem::path& file, const Grid& grid,
               const Orientation& orientation) {
    const Orientation& first = reading_.contents.orientation;
    const std::string codes =
        first == orientation ? "" : "orientations " + orientation.code() + " and " + first.code();
    if (const auto wrong = difference(grid, grid_, options_.affine_tolerance); !wrong.empty()) {
      throw DataError(file.string() + " and " + reference_.string() + ": " + wrong +
                      (codes.empty() ? "" : "; " + codes));
    }
    if (!codes.empty())
      warn(file, "orientation " + orientation.code() + " differs from " + first.code() + " of " +
                     reference_.string() + "; both reordered");
  }

  const CaseFiles& files_;
  const ReadCaseOptions& options_;
  CaseReading reading_;
  std::filesystem::path open_file_;
  NiftiImage image_;
  std::filesystem::path reference_;
  Grid grid_;
};

}  // namespace detail

/// Reads the files that a case has and collects problems instead of throwing at the first one; what
/// looks like a mistake in a sound case is a warning. Throws only what is no fault of the data: for
/// instance OutOfMemory, or UsageError for a tolerance outside of [0, largest_affine_tolerance].
[[nodiscard]] inline CaseReading inspect_case(const CaseFiles& files,
                                              const ReadCaseOptions& options = {}) {
  if (!(options.affine_tolerance >= 0 &&
        options.affine_tolerance <= ReadCaseOptions::largest_affine_tolerance)) {
    throw UsageError("affine tolerance: got " + number_text(options.affine_tolerance) +
                     " mm, expected 0 to " +
                     number_text(ReadCaseOptions::largest_affine_tolerance) +
                     " mm: a larger one lets a mirrored file pass");
  }
  CaseReading reading = detail::CaseReader(files, options).run();
  const bool complete = std::find(reading.image_read.begin(), reading.image_read.end(), false) ==
                        reading.image_read.end();
  if (!complete || !reading.problems.empty()) return reading;
  Case& contents = reading.contents;
  for (const std::string& text :
       implausibilities(contents.images, contents.labels ? &*contents.labels : nullptr))
    contents.warnings.push_back(folder_of(files).string() + ": " + text);
  return reading;
}

/// Reads a complete case. Throws DataError (or IoError) that names the case and lists everything
/// that is wrong with it.
[[nodiscard]] inline Case read_case(const CaseFiles& files, const ReadCaseOptions& options = {}) {
  const auto describe = [&](const std::vector<std::string>& problems) {
    std::string text = "case " + files.id + ": ";
    for (std::size_t i = 0; i < problems.size(); ++i) text += (i > 0 ? "\n  " : "") + problems[i];
    return text;
  };
  if (const auto missing = missing_files(files, options.require_label); !missing.empty()) {
    throw DataError(describe(missing));
  }
  CaseReading reading = inspect_case(files, options);
  if (reading.problems.empty()) return std::move(reading.contents);
  if (reading.exit_code == IoError("").exit_code()) throw IoError(describe(reading.problems));
  throw DataError(describe(reading.problems));
}

}  // namespace glia
