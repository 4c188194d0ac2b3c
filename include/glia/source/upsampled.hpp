#pragma once

#include "glia/source/source.hpp"

namespace glia {

enum class Interpolation { nearest, trilinear };

/// Where a fine voxel lies between two coarse ones along one axis.
struct InterpolationWeight {
  index_t low, high;
  double weight;  ///< of `high`; `low` has 1 - weight
};

/// Doubling with align_corners = false: [a, b] becomes a, .75a + .25b, .25a + .75b, b (nearest: a,
/// a, b, b).
[[nodiscard]] constexpr InterpolationWeight interpolation_weight(Interpolation kind, index_t fine,
                                                                 index_t coarse_size) {
  const index_t half = fine / 2;
  if (kind == Interpolation::nearest) return {half, half, 0};
  if (fine % 2 == 0)
    return half == 0 ? InterpolationWeight{0, 0, 0} : InterpolationWeight{half - 1, half, 0.75};
  return half + 1 == coarse_size ? InterpolationWeight{half, half, 0}
                                 : InterpolationWeight{half, half + 1, 0.25};
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
