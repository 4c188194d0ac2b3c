#pragma once

#include <array>

#include "glia/metrics/confusion.hpp"
#include "glia/metrics/hausdorff.hpp"

namespace glia {

/// How well one region of one case was found.
struct RegionScores {
  double dice = 0;
  double hd95 = 0;  ///< mm
  double sensitivity = 0;
  double specificity = 0;
  friend bool operator==(const RegionScores&, const RegionScores&) = default;
};

/// HD95 of a region that only truth or only prediction has: the diagonal of 240x240x155 voxels of
/// 1 mm, to the digits that the BraTS evaluation up to 2022 prints.
inline constexpr double hd95_if_one_is_empty = 373.12866;

/// Scores of one region by the rules of BraTS up to 2022: both masks empty gives Dice 1 and HD95 0,
/// exactly one empty gives Dice 0 and HD95 373.12866. Throws UsageError if the extents differ or
/// the spacing is not positive and finite.
template <HausdorffDefinition Definition = PooledPercentile>
[[nodiscard]] RegionScores score_region(const Mask& truth, const Mask& prediction,
                                        const Spacing& spacing) {
  require_positive(spacing);
  const Confusion c = confusion(truth, prediction);
  const bool truth_empty = c.true_positive + c.false_negative == 0;
  const bool prediction_empty = c.true_positive + c.false_positive == 0;
  RegionScores scores{dice(c), 0, sensitivity(c), specificity(c)};
  if (truth_empty != prediction_empty) {
    scores.hd95 = hd95_if_one_is_empty;
  } else if (!truth_empty) {
    scores.hd95 = hausdorff<Definition>(truth, prediction, spacing);
  }
  return scores;
}

/// Scores of WT, TC and ET of one case. Throws UsageError as score_region does, DataError for a
/// voxel that holds no label.
template <HausdorffDefinition Definition = PooledPercentile>
[[nodiscard]] std::array<RegionScores, region::count> score_case(const LabelVolume& truth,
                                                                 const LabelVolume& prediction,
                                                                 const Spacing& spacing) {
  require_labels("truth", truth);
  require_labels("prediction", prediction);
  std::array<RegionScores, region::count> scores;
  for (int r = 0; r < region::count; ++r) {
    scores[static_cast<std::size_t>(r)] =
        score_region<Definition>(region_mask(truth, r), region_mask(prediction, r), spacing);
  }
  return scores;
}

}  // namespace glia
