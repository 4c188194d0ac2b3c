#include "scoring.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "glia/core/error.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/provenance.hpp"
#include "glia/io/grid.hpp"
#include "glia/io/nifti.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

std::filesystem::path find_prediction(const std::filesystem::path& folder, const std::string& id) {
  for (const char* ending : {".nii.gz", ".nii"}) {
    if (std::filesystem::exists(folder / (id + ending))) return folder / (id + ending);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (nifti_stem(entry.path()) == id) return entry.path();  // an ending in capitals
  }
  return {};
}

std::string names_of(const std::vector<std::filesystem::path>& paths) {
  std::string names;
  for (const auto& path : paths) names += (names.empty() ? "" : ", ") + path.string();
  return names;
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

std::vector<Pair> find_pairs(const ScoringOptions& o, std::size_t& refused) {
  std::vector<Pair> pairs;
  if (o.truth.size() == 1 && std::filesystem::is_regular_file(o.truth.front())) {
    CaseFiles files;
    files.id = o.truth.front().filename().string();
    files.label = o.truth.front();
    if (!o.reading.scheme.empty()) files.scheme = label_scheme(o.reading.scheme);
    files.scheme_from_values = o.reading.scheme.empty();
    pairs.push_back({files.id, o.prediction, files});
    require_independent(pairs.back(), o);
    return pairs;
  }
  std::size_t missing = 0;
  for (CaseFiles& files : collect_cases(o.truth, o.reading, true, refused, false)) {
    const std::filesystem::path prediction = std::filesystem::is_directory(o.prediction)
                                                 ? find_prediction(o.prediction, files.id)
                                                 : o.prediction;
    if (prediction.empty()) {
      ++missing;
      continue;
    }
    pairs.push_back({files.id, prediction, std::move(files)});
    require_independent(pairs.back(), o);
  }
  if (pairs.empty())
    throw DataError(o.prediction.string() + ": has no prediction CASE.nii.gz for any case of " +
                    names_of(o.truth));
  if (missing > 0)
    complain(std::to_string(missing) + " case(s) of " + names_of(o.truth) +
             " have no prediction and are not scored");
  if (!std::filesystem::is_directory(o.prediction) && pairs.size() != 1) {
    throw UsageError(o.prediction.string() + " is one file, but " + names_of(o.truth) + " has " +
                     std::to_string(pairs.size()) + " cases");
  }
  return pairs;
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
