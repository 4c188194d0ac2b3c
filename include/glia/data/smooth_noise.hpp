#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

namespace detail {

/// Weights of the four uniform cubic B-splines at fraction t of a lattice cell.
inline std::array<float, 4> cubic_spline(double t) {
  const double s = 1 - t;
  return {
      static_cast<float>(s * s * s / 6), static_cast<float>((3 * t * t * t - 6 * t * t + 4) / 6),
      static_cast<float>((3 * s * s * s - 6 * s * s + 4) / 6), static_cast<float>(t * t * t / 6)};
}

/// Replaces the lattice axis of [outer, lattice, inner] by `length` voxels, `spacing` of which make
/// a cell.
inline std::vector<float> expand_axis(const std::vector<float>& coarse, index_t outer,
                                      index_t lattice, index_t inner, index_t length,
                                      double spacing) {
  std::vector<float> fine(static_cast<std::size_t>(outer * length * inner));
  for (index_t o = 0; o < outer; ++o) {
    for (index_t i = 0; i < length; ++i) {
      const double at = static_cast<double>(i) / spacing;
      const auto cell = static_cast<index_t>(at);
      const std::array<float, 4> weight = cubic_spline(at - static_cast<double>(cell));
      const float* from = coarse.data() + (o * lattice + cell) * inner;
      float* to = fine.data() + (o * length + i) * inner;
      for (index_t k = 0; k < inner; ++k) {
        to[k] = weight[0] * from[k] + weight[1] * from[inner + k] +
                weight[2] * from[2 * inner + k] + weight[3] * from[3 * inner + k];
      }
    }
  }
  return fine;
}

}  // namespace detail

/// A twice differentiable random field of mean 0 and variance 1 (averaged over space): cubic
/// B-splines on a lattice of normal numbers `spacing` voxels apart. Zero crossings along a line
/// are 2.7 spacings apart. Requires spacing >= 1 for a lattice that is not finer than the voxels.
[[nodiscard]] inline Volume<float> smooth_noise(Extent extent, double spacing, Random random) {
  const auto nodes = [&](index_t length) {
    return static_cast<index_t>(static_cast<double>(length - 1) / spacing) + 4;
  };
  const index_t d = nodes(extent.d), h = nodes(extent.h), w = nodes(extent.w);
  std::vector<float> field(static_cast<std::size_t>(d * h * w));
  const double deviation =
      std::pow(151.0 / 315.0, 1.5);  // of the spline mixture: integral of B3^2 per axis
  for (float& node : field) node = static_cast<float>(random.normal() / deviation);
  field = detail::expand_axis(field, d * h, w, 1, extent.w, spacing);
  field = detail::expand_axis(field, d, h, extent.w, extent.h, spacing);
  field = detail::expand_axis(field, 1, d, extent.h * extent.w, extent.d, spacing);
  Volume<float> noise;
  noise.extent = extent;
  noise.voxels = std::move(field);
  return noise;
}

}  // namespace glia
