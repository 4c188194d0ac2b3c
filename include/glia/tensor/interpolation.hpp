#pragma once

#include "glia/tensor/shape.hpp"

namespace glia {

/// Where a point lies between two neighbouring voxels of one axis: linear interpolation there is
/// (1 - weight) x[low] + weight x[high].
struct LinearSample {
  index_t low, high;
  double weight;  ///< of `high`, in [0, 1); where it is 0, `high` is `low`
  [[nodiscard]] constexpr index_t nearest() const { return weight < 0.5 ? low : high; }
};

/// The sample at a coordinate in voxels, whose centres lie at 0 ... extent - 1; beyond them the
/// ends are repeated. Requires a positive extent.
[[nodiscard]] constexpr LinearSample linear_sample(double at, index_t extent) {
  if (!(at > 0)) return {0, 0, 0};
  if (at >= static_cast<double>(extent - 1)) return {extent - 1, extent - 1, 0};
  const auto low = static_cast<index_t>(at);
  const double weight = at - static_cast<double>(low);
  return {low, weight > 0 ? low + 1 : low, weight};
}

/// Voxel i of an axis of `length` voxels among the `extent` voxels of another over the same box:
/// at (i + 1/2) extent / length - 1/2, as PyTorch's interpolate with align_corners = false.
[[nodiscard]] constexpr LinearSample grid_sample(index_t i, index_t length, index_t extent) {
  return linear_sample(
      (static_cast<double>(i) + 0.5) * static_cast<double>(extent) / static_cast<double>(length) -
          0.5,
      extent);
}

}  // namespace glia
