#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

namespace detail {

/// Between which voxels of an axis each voxel of a grid lies when both cover the same length
/// (align_corners = false): at (i + 1/2) extent / length - 1/2. The ends are repeated.
struct AxisSample {
  index_t low, high;
  float weight;  ///< of `high`
  [[nodiscard]] index_t nearest() const { return weight < 0.5F ? low : high; }
};
[[nodiscard]] inline std::vector<AxisSample> axis_samples(index_t extent, index_t length) {
  std::vector<AxisSample> samples;
  for (index_t i = 0; i < length; ++i) {
    const double at =
        (static_cast<double>(i) + 0.5) * static_cast<double>(extent) / static_cast<double>(length) -
        0.5;
    const double clamped = std::clamp(at, 0.0, static_cast<double>(extent - 1));
    const auto low = static_cast<index_t>(clamped);
    samples.push_back({low, (std::min)(low + 1, extent - 1),
                       static_cast<float>(clamped - static_cast<double>(low))});
  }
  return samples;
}

}  // namespace detail

/// Trilinear interpolation to another grid over the same box, axis by axis at its own rate: what
/// PyTorch's interpolate does without align_corners. [1, D, H, W, C] to [1, D', H', W', C].
inline void resample(View<const float> from, View<float> to) {
  const auto along_d = detail::axis_samples(from.shape.d, to.shape.d),
             along_h = detail::axis_samples(from.shape.h, to.shape.h),
             along_w = detail::axis_samples(from.shape.w, to.shape.w);
  const auto at = [](const auto& samples, index_t i) {
    return samples[static_cast<std::size_t>(i)];
  };
  for (index_t d = 0; d < to.shape.d; ++d) {
    const auto z = at(along_d, d);
    for (index_t h = 0; h < to.shape.h; ++h) {
      const auto y = at(along_h, h);
      const float* rows[4] = {from.row(0, z.low, y.low), from.row(0, z.low, y.high),
                              from.row(0, z.high, y.low), from.row(0, z.high, y.high)};
      const float weights[4] = {(1 - z.weight) * (1 - y.weight), (1 - z.weight) * y.weight,
                                z.weight * (1 - y.weight), z.weight * y.weight};
      float* out = to.row(0, d, h);
      for (index_t w = 0; w < to.shape.w; ++w, out += to.pitch) {
        const auto x = at(along_w, w);
        for (index_t c = 0; c < to.shape.c; ++c) {
          const index_t low = x.low * from.pitch + c, high = x.high * from.pitch + c;
          float sum = 0;
          for (int row = 0; row < 4; ++row) {
            sum += weights[row] * (rows[row][low] + x.weight * (rows[row][high] - rows[row][low]));
          }
          out[c] = sum;
        }
      }
    }
  }
}

/// A case on another grid, for networks that see whole brains: image trilinear, labels and soft
/// target nearest. Crop and original extent still tell of the case as it was: map probabilities,
/// never labels, back to it. Throws UsageError for an empty grid, and as `require_consistent`.
[[nodiscard]] inline PreparedCase resample(const PreparedCase& source, Extent grid) {
  if (grid.d <= 0 || grid.h <= 0 || grid.w <= 0)
    throw UsageError("resample: grid: got " + to_string(grid) + ", expected positive extents");
  require_consistent(source);
  const Extent before = source.image.shape().extent();
  PreparedCase result = source;
  result.image = HostTensor<float>(make_shape(1, grid, source.image.shape().c));
  resample(source.image.view(), result.image.view());
  const auto along_d = detail::axis_samples(before.d, grid.d),
             along_h = detail::axis_samples(before.h, grid.h),
             along_w = detail::axis_samples(before.w, grid.w);
  if (source.labels) result.labels = LabelVolume(grid);
  if (source.soft) result.soft = SoftTarget(grid);
  index_t voxel = 0;
  for (const auto& d : along_d)
    for (const auto& h : along_h)
      for (const auto& w : along_w) {
        const index_t nearest = (d.nearest() * before.h + h.nearest()) * before.w + w.nearest();
        if (source.labels) {
          result.labels->voxels[static_cast<std::size_t>(voxel)] =
              source.labels->voxels[static_cast<std::size_t>(nearest)];
        }
        for (int r = 0; source.soft && r < region::count; ++r)
          result.soft->set(voxel, r, source.soft->at(nearest, r));
        ++voxel;
      }
  const std::array<index_t, 3> was{before.d, before.h, before.w}, is{grid.d, grid.h, grid.w};
  for (std::size_t axis = 0; axis < 3; ++axis)
    result.spacing[axis] *= static_cast<double>(was[axis]) / static_cast<double>(is[axis]);
  return result;
}

}  // namespace glia
