#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/interpolation.hpp"

namespace glia {

enum class Interpolation { nearest, trilinear };

/// Where a voxel of the doubled axis lies in the coarse one: [a, b] becomes a, .75a + .25b,
/// .25a + .75b, b (nearest: a, a, b, b).
[[nodiscard]] constexpr LinearSample doubled_sample(Interpolation kind, index_t fine,
                                                    index_t coarse_size) {
  if (kind == Interpolation::nearest) return {fine / 2, fine / 2, 0};
  return grid_sample(fine, 2 * coarse_size, coarse_size);
}

/// The inner source at twice the extent of each axis.
template <Source S>
struct Upsampled {
  using Scalar = typename S::Scalar;
  S inner;
  Interpolation kind = Interpolation::trilinear;
  [[nodiscard]] Shape shape() const { return doubled(inner.shape()); }
  [[nodiscard]] double bytes() const { return inner.bytes(); }
};

}  // namespace glia
