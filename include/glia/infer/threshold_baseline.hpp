#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/brain.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/data/region.hpp"
#include "glia/metrics/confusion.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// The simplest segmentation that deserves the name, to compare networks with: z-scores against
/// thresholds. WT where FLAIR and T2 are bright; within it ET where T1ce is bright, else NCR where
/// T1 is dark, else ED; nothing outside the brain.
struct ThresholdBaseline {
  float flair = 1, t2 = 0;  ///< WT: FLAIR > flair and T2 > t2
  float t1ce = 1.5F;        ///< ET: WT and T1ce > t1ce
  float t1 = -1;            ///< NCR: WT and not ET and T1 < t1

  [[nodiscard]] std::uint8_t label(const float* scores) const {
    if (!(scores[modality::FLAIR] > flair && scores[modality::T2] > t2)) return label::background;
    if (!is_brain({scores, modality::count})) return label::background;
    if (scores[modality::T1ce] > t1ce) return label::ET;
    return scores[modality::T1] < t1 ? label::NCR : label::ED;
  }

  /// Labels of a case, in its crop.
  [[nodiscard]] LabelVolume operator()(const PreparedCase& source) const {
    LabelVolume labels(source.image.shape().extent());
    const float* scores = source.image.values().data();
    for (std::uint8_t& voxel : labels.voxels) {
      voxel = label(scores);
      scores += modality::count;
    }
    return labels;
  }
};

namespace detail {

/// Mean Dice of one region over all cases, every `stride`-th voxel.
inline double mean_dice(std::span<const PreparedCase> cases, const ThresholdBaseline& baseline,
                        int region_index, std::size_t stride) {
  double sum = 0;
  for (const PreparedCase& one : cases) {
    Confusion counts;
    const float* scores = one.image.values().data();
    for (std::size_t v = 0; v < one.labels->voxels.size(); v += stride) {
      const bool truth = in_region(one.labels->voxels[v], region_index);
      counts.add(truth, in_region(baseline.label(scores + v * modality::count), region_index));
    }
    sum += dice(counts);
  }
  return sum / static_cast<double>(cases.size());
}

}  // namespace detail

/// Thresholds with the best mean Dice on labelled cases, over a grid of z-scores 0.25 apart: the
/// two of WT together, then that of ET, then that of TC. `stride` looks at every so many voxels
/// only. Throws UsageError without cases, DataError for a case without labels.
[[nodiscard]] inline ThresholdBaseline fit_threshold_baseline(std::span<const PreparedCase> cases,
                                                              std::size_t stride = 1) {
  if (cases.empty() || stride == 0)
    throw UsageError("threshold baseline: expected cases and a positive stride");
  for (const PreparedCase& one : cases) {
    if (!one.labels) throw DataError(one.id + ": labels: expected a label volume, got none");
    require_consistent(one);
  }
  ThresholdBaseline best;
  double best_dice = -1;
  const auto attempt = [&](const ThresholdBaseline& candidate, int region_index) {
    const double dice = detail::mean_dice(cases, candidate, region_index, stride);
    if (dice <= best_dice) return;
    best_dice = dice;
    best = candidate;
  };
  const auto search = [&](float ThresholdBaseline::*threshold, float low, float high,
                          int region_index) {
    ThresholdBaseline candidate = best;
    best_dice = -1;
    for (candidate.*threshold = low; candidate.*threshold <= high; candidate.*threshold += 0.25F) {
      attempt(candidate, region_index);
    }
  };
  ThresholdBaseline candidate;
  for (candidate.flair = 0; candidate.flair <= 3; candidate.flair += 0.25F) {
    for (candidate.t2 = -1; candidate.t2 <= 2; candidate.t2 += 0.25F)
      attempt(candidate, region::WT);
  }
  search(&ThresholdBaseline::t1ce, 0, 5, region::ET);
  search(&ThresholdBaseline::t1, -3, 1, region::TC);
  return best;
}

}  // namespace glia
