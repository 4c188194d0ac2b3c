#pragma once

#include <cstddef>

#include "glia/metrics/mask.hpp"

namespace glia {

/// Voxels of a case by what truth and prediction say about them.
struct Confusion {
  index_t true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;

  void add(bool truth, bool prediction) {
    ++(truth ? (prediction ? true_positive : false_negative)
             : (prediction ? false_positive : true_negative));
  }
  friend bool operator==(const Confusion&, const Confusion&) = default;
};

/// Counts agreement voxel by voxel. Throws UsageError if the extents differ.
[[nodiscard]] inline Confusion confusion(const Mask& truth, const Mask& prediction) {
  require_same_extent(truth.extent, prediction.extent);
  Confusion counts;
  for (std::size_t i = 0; i < truth.voxels.size(); ++i)
    counts.add(truth.voxels[i] != 0, prediction.voxels[i] != 0);
  return counts;
}

namespace detail {

// An empty denominator leaves a ratio open: right if nothing was wrongly claimed, else worthless.
inline double ratio_or(index_t numerator, index_t denominator, bool right) {
  if (denominator == 0) return right ? 1 : 0;
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

}  // namespace detail

/// 2 TP / (2 TP + FP + FN); 1 if both masks are empty (BraTS).
[[nodiscard]] inline double dice(const Confusion& c) {
  return detail::ratio_or(2 * c.true_positive,
                          2 * c.true_positive + c.false_positive + c.false_negative, true);
}

/// TP / (TP + FN); for an empty truth 1 if the prediction is empty too, else 0 (BraTS).
[[nodiscard]] inline double sensitivity(const Confusion& c) {
  return detail::ratio_or(c.true_positive, c.true_positive + c.false_negative,
                          c.false_positive == 0);
}

/// TN / (TN + FP); for a truth that fills the volume 1 if the prediction does too, else 0.
[[nodiscard]] inline double specificity(const Confusion& c) {
  return detail::ratio_or(c.true_negative, c.true_negative + c.false_positive,
                          c.false_negative == 0);
}

}  // namespace glia
