#pragma once

#include <cmath>
#include <vector>

#include "glia/core/types.hpp"

namespace glia {

/// Weight of each voxel along one axis of a window, exp(-(i - c)^2 / (2 sigma^2)) with c = n / 2
/// (rounded down) and sigma = n / 8 (nnU-Net); the window's weight is the product over its axes.
///
/// The peak is 1 and no weight is below exp(-8) per axis, so the product (at least 3.7e-11) cannot
/// underflow in single precision and needs no replacement of zeros, unlike half precision.
[[nodiscard]] inline std::vector<double> gaussian_weights(index_t n) {
  const index_t middle = n / 2;
  const auto centre = static_cast<double>(middle);
  const double sigma = static_cast<double>(n) / 8;
  std::vector<double> weights;
  for (index_t i = 0; i < n; ++i) {
    const double z = (static_cast<double>(i) - centre) / sigma;
    weights.push_back(std::exp(-z * z / 2));
  }
  return weights;
}

}  // namespace glia
