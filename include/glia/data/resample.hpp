#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/tensor/interpolation.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

namespace detail {

/// The samples of a grid of `length` voxels along an axis of `extent`.
[[nodiscard]] inline std::vector<LinearSample> axis_samples(index_t extent, index_t length) {
  std::vector<LinearSample> samples;
  for (index_t i = 0; i < length; ++i) samples.push_back(grid_sample(i, length, extent));
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
      const auto along_z = static_cast<float>(z.weight), along_y = static_cast<float>(y.weight);
      const float weights[4] = {(1 - along_z) * (1 - along_y), (1 - along_z) * along_y,
                                along_z * (1 - along_y), along_z * along_y};
      float* out = to.row(0, d, h);
      for (index_t w = 0; w < to.shape.w; ++w, out += to.pitch) {
        const auto x = at(along_w, w);
        const auto along_x = static_cast<float>(x.weight);
        for (index_t c = 0; c < to.shape.c; ++c) {
          const index_t low = x.low * from.pitch + c, high = x.high * from.pitch + c;
          float sum = 0;
          for (int row = 0; row < 4; ++row) {
            sum += weights[row] * (rows[row][low] + along_x * (rows[row][high] - rows[row][low]));
          }
          out[c] = sum;
        }
      }
    }
  }
}

/// A case on another grid, for networks that see whole brains: image and soft target trilinear,
/// labels nearest (they stay hard). Crop and original extent still tell of the case as it was: map
/// probabilities, never labels, back to it. Throws UsageError for an empty grid, and as
/// `require_consistent`.
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
        if (source.soft) {
          for (int r = 0; r < region::count; ++r) {
            result.soft->set(
                voxel, r,
                source.soft->between({d.low, h.low, w.low},
                                     {static_cast<float>(d.weight), static_cast<float>(h.weight),
                                      static_cast<float>(w.weight)},
                                     r));
          }
        }
        ++voxel;
      }
  const auto stretch = [](index_t was, index_t is) {
    return static_cast<double>(was) / static_cast<double>(is);
  };
  result.spacing = {source.spacing.d * stretch(before.d, grid.d),
                    source.spacing.h * stretch(before.h, grid.h),
                    source.spacing.w * stretch(before.w, grid.w)};
  return result;
}

}  // namespace glia
