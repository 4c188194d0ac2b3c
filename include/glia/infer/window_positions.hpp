#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "glia/infer/gaussian_weights.hpp"

namespace glia {

/// Where windows of `length` voxels start along an axis of `extent` voxels: evenly spread from one
/// end to the other, no farther apart than `step` = (1 - overlap) * length (but at least 1),
/// rounded (nnU-Net). An axis shorter than the window has one start, which is negative and centres
/// the axis in it.
[[nodiscard]] inline std::vector<index_t> window_starts(index_t extent, index_t length,
                                                        double overlap) {
  const index_t slack = extent - length;
  // Half of what is missing goes before the axis, the odd voxel after it.
  if (slack <= 0) return {-(-slack / 2)};
  const double step = (std::max)(1.0, (1 - overlap) * static_cast<double>(length));
  const auto gaps = static_cast<index_t>(std::ceil(static_cast<double>(slack) / step));
  const double distance = static_cast<double>(slack) / static_cast<double>(gaps);
  std::vector<index_t> starts;
  for (index_t i = 0; i <= gaps; ++i) {
    // Halves go to the even neighbour, as numpy rounds.
    starts.push_back(static_cast<index_t>(std::nearbyint(distance * static_cast<double>(i))));
  }
  return starts;
}

/// The windows of one axis and what each adds to a voxel's weighted mean.
///
/// Windows lie on a grid and their weight is a product over the axes, so the sum of weights at a
/// voxel is a product too. Dividing it out per axis here makes accumulated probabilities final
/// as they are: there is no volume of weights and no division afterwards.
struct AxisWindows {
  std::vector<index_t> starts;
  std::vector<std::vector<float>>
      shares;  ///< [window][voxel of the window]; per voxel they sum to 1

  AxisWindows(index_t extent, index_t length, double overlap)
      : starts(window_starts(extent, length, overlap)) {
    const auto weights = gaussian_weights(length);
    for (const index_t start : starts) {
      std::vector<float> share;
      for (index_t i = 0; i < length; ++i) {
        double sum = 0;
        for (const index_t other : starts) {
          const index_t j = start + i - other;
          if (j >= 0 && j < length) sum += weights[static_cast<std::size_t>(j)];
        }
        share.push_back(static_cast<float>(weights[static_cast<std::size_t>(i)] / sum));
      }
      shares.push_back(share);
    }
  }
};

}  // namespace glia
