#include "scoring.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <system_error>
#include <utility>

#include "glia/core/error.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/provenance.hpp"
#include "glia/io/grid.hpp"
#include "glia/io/nifti.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

/// The label files of a folder by case. Throws IoError.
std::map<std::string, std::vector<std::filesystem::path>> list_predictions(
    const std::filesystem::path& folder) {
  std::map<std::string, std::vector<std::filesystem::path>> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto id = nifti_stem(entry->path());
    std::error_code broken;
    if (id && std::filesystem::is_regular_file(entry->path(), broken)) {
      files[*id].push_back(entry->path());
    }
  }
  if (error) throw IoError(folder.string() + ": cannot list the folder: " + error.message());
  for (auto& [id, of_case] : files) std::ranges::sort(of_case);
  return files;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string names_of(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(path.string());
  return listed(names);
}

/// What a label file holds, in canonical order.
struct Labels {
  LabelVolume volume;
  Grid grid;
};

/// Reads a label file and turns it to the grid with the affine `canonical`. `choose` tells the
/// scheme from the file. Warnings go to stderr.
template <class ChooseScheme>
Labels read_labels(const std::filesystem::path& path, const DataOptions& reading,
                   ChooseScheme&& choose, const Affine& canonical = lps_axes) {
  const NiftiImage image = read_nifti(path, {.nonfinite = read_options(reading).nonfinite});
  for (const std::string& warning : image.warnings)
    complain("warning: " + path.string() + ": " + warning);
  if (image.frames.size() != 1) {
    throw DataError(path.string() + ": frames: got " + std::to_string(image.frames.size()) +
                    ", expected 1");
  }
  const Volume<float>& values = image.frames.front();
  const NiftiHeader& header = image.header;
  const Orientation orientation = orientation_of(header.affine, canonical);
  return {to_canonical(to_internal(values, choose(image), path, header.step()), orientation),
          canonical_grid(header, orientation)};
}

/// The prediction of a pair, whose voxels must lie where those of the truth lie.
LabelVolume read_prediction(const Pair& pair, const ScoringOptions& options,
                            const LabelScheme& scheme, const Grid& grid) {
  const auto choose = [&](const NiftiImage&) {
    return options.prediction_scheme.empty() ? scheme : label_scheme(options.prediction_scheme);
  };
  Labels labels = read_labels(pair.prediction, options.reading, choose, grid.affine);
  const std::string wrong = difference(labels.grid, grid, options.reading.affine_tolerance);
  if (!wrong.empty()) {
    throw DataError("case " + pair.id + ": " + pair.prediction.string() + " and " +
                    pair.truth.label.string() + ": " + wrong);
  }
  return std::move(labels.volume);
}

/// Where the voxels of a case lie.
Grid grid_of(const Case& whole) { return canonical_grid(whole.geometry, whole.orientation); }

/// The plane where most voxels differ; the one with most tumour if none do.
index_t plane_of_difference(const LabelVolume& truth, const LabelVolume& prediction) {
  const auto plane = static_cast<std::size_t>(truth.extent.h * truth.extent.w);
  std::size_t most = 0;
  index_t best = largest_plane(truth);
  for (index_t d = 0; d < truth.extent.d; ++d) {
    std::size_t different = 0;
    for (std::size_t i = 0; i < plane; ++i) {
      const std::size_t at = static_cast<std::size_t>(d) * plane + i;
      different += truth.voxels[at] != prediction.voxels[at];
    }
    if (different > most) {
      most = different;
      best = d;
    }
  }
  return best;
}

/// The columns and rows, of all planes, that hold brain or labels.
CropBox box_of_content(const Volume<float>& image, const std::vector<LabelVolume>& all) {
  Volume<float> content = image;
  for (const LabelVolume& labels : all) {
    for (std::size_t i = 0; i < labels.voxels.size(); ++i) {
      if (labels.voxels[i] != label::background) content.voxels[i] = 1;
    }
  }
  CropBox box = bounding_box(std::span(&content, 1));
  box.d0 = 0;
  box.extent.d = image.extent.d;
  return box;
}

/// Labels that come from a teacher are no truth, and predictions of cases that the weights learned
/// by such labels do not show how good the weights are.
void require_independent(const Pair& pair, const ScoringOptions& options) {
  if (options.allow_pseudo_labels) return;
  for (const auto& path : {pair.prediction, pair.truth.label}) {
    const auto provenance = read_provenance(provenance_path(path));
    if (!provenance) continue;
    throw DataError("case " + pair.id + ": " + path.string() + " is pseudo-labelled (" +
                    provenance->labelling +
                    "), which is no independent test; --allow-pseudo-labels evaluates it");
  }
}

}  // namespace

Pairing find_pairs(const ScoringOptions& o, std::size_t& refused) {
  Pairing result;
  if (o.truth.size() == 1 && std::filesystem::is_regular_file(o.truth.front())) {
    CaseFiles files;
    files.id = o.truth.front().filename().string();
    files.label = o.truth.front();
    if (!o.reading.scheme.empty()) files.scheme = label_scheme(o.reading.scheme);
    files.scheme_from_values = o.reading.scheme.empty();
    result.pairs.push_back({files.id, o.prediction, files});
    require_independent(result.pairs.back(), o);
    return result;
  }
  const bool is_folder = std::filesystem::is_directory(o.prediction);
  auto predictions = is_folder ? list_predictions(o.prediction)
                               : std::map<std::string, std::vector<std::filesystem::path>>{};
  std::vector<std::string> missing;
  for (CaseFiles& files : collect_cases(o.truth, o.reading, true, refused, false)) {
    std::vector<std::filesystem::path> found{o.prediction};
    if (is_folder) {
      const auto node = predictions.extract(files.id);
      found = node ? node.mapped() : std::vector<std::filesystem::path>{};
    }
    if (found.size() > 1) {
      const std::string problem = "case " + files.id + ": prediction: got " +
                                  std::to_string(found.size()) + " files, " + names_of(found) +
                                  ", expected one";
      if (!o.reading.keep_going) throw DataError(problem);
      complain(problem);
    }
    if (found.empty()) missing.push_back(files.id);
    if (found.size() != 1) {
      result.left_out.push_back(files.id);
      continue;
    }
    result.pairs.push_back({files.id, found.front(), std::move(files)});
    require_independent(result.pairs.back(), o);
  }
  if (result.pairs.empty())
    throw DataError(o.prediction.string() + ": has no prediction CASE.nii.gz for any case of " +
                    names_of(o.truth));
  if (!is_folder && result.pairs.size() != 1) {
    throw UsageError(o.prediction.string() + " is one file, but " + names_of(o.truth) + " has " +
                     std::to_string(result.pairs.size()) + " cases");
  }
  refused += result.left_out.size();
  if (!missing.empty())
    complain(std::to_string(missing.size()) + " case(s) of " + names_of(o.truth) +
             " have no prediction and are not scored: " + listed(missing));
  if (!o.reading.only.empty()) return result;
  for (const auto& [id, files] : predictions) {
    for (const auto& file : files) result.without_truth.push_back(file.filename().string());
  }
  if (!result.without_truth.empty())
    complain("warning: " + std::to_string(result.without_truth.size()) + " file(s) of " +
             o.prediction.string() + " belong to no case of " + names_of(o.truth) + ": " +
             listed(result.without_truth));
  return result;
}

Case read_labelled(const CaseFiles& files, const DataOptions& reading) {
  ReadCaseOptions options = read_options(reading);
  options.require_label = true;
  return read_case(files, options);
}

ScoredCase score(const Pair& pair, const ScoringOptions& options) {
  LabelScheme scheme;
  const Labels truth = read_labels(pair.truth.label, options.reading, [&](const NiftiImage& image) {
    scheme = choose_scheme(pair.truth, count_label_values(image.frames.front(), pair.truth.label,
                                                          image.header.step()));
    return scheme;
  });
  const LabelVolume prediction = read_prediction(pair, options, scheme, truth.grid);
  return {{pair.id, score_case(truth.volume, prediction, truth.grid.spacing())}, scheme.name};
}

Picture draw(const Pair& pair, const ScoringOptions& options) {
  const Case whole = read_labelled(pair.truth, options.reading);
  const LabelVolume& truth = *whole.labels;
  const LabelVolume prediction = read_prediction(pair, options, whole.scheme, grid_of(whole));
  return draw_overlay(whole.images[modality::FLAIR], largest_plane(truth), &truth, &prediction);
}

std::vector<Picture> draw_apart(const CaseFiles& truth,
                                const std::vector<std::filesystem::path>& predictions,
                                const ScoringOptions& options) {
  const Case whole = read_labelled(truth, options.reading);
  const Volume<float>& image = whole.images[modality::FLAIR];
  std::vector<LabelVolume> all{*whole.labels};
  for (const auto& path : predictions) {
    all.push_back(read_prediction({truth.id, path, truth}, options, whole.scheme, grid_of(whole)));
  }
  const CropBox box = box_of_content(image, all);
  constexpr index_t width = 300;  // of a large picture; a contour is one pixel wide
  const OverlayOptions overlay{.zoom = std::clamp<index_t>(width / box.extent.w, 1, 3)};
  const index_t shown = plane_of_difference(all[0], all[1]);
  const Volume<float> content = crop(image, box);
  std::vector<Picture> pictures;
  for (const LabelVolume& labels : all) {
    const LabelVolume part = crop(labels, box);
    pictures.push_back(draw_overlay(content, shown, nullptr, &part, overlay));
  }
  return pictures;
}

}  // namespace glia::program
