#pragma once

#include <string>

#include "glia/tensor/shape.hpp"

namespace glia {

/// Throws UsageError if an axis of `x` with its padding is shorter than a kernel: no voxel of a
/// result could be computed.
constexpr void require_room(const char* what, Shape x, index_t kernel, index_t padding) {
  for (const index_t extent : {x.d, x.h, x.w}) {
    if (extent + 2 * padding >= kernel) continue;
    throw UsageError(std::string(what) + ": input: got " + to_string(x) + ", expected axes of " +
                     std::to_string(kernel - 2 * padding) + " voxels or more: the kernel has " +
                     std::to_string(kernel) + ", the padding " + std::to_string(padding));
  }
}

/// Of 2x2x2 max pooling with stride 2; an odd last plane, row or column is left out. Throws
/// UsageError for an axis of one voxel.
[[nodiscard]] constexpr Shape pooled_shape(Shape x) {
  require_room("max pooling", x, 2, 0);
  return halved(x);
}

/// A 3-D convolution with a cubic kernel, padding (kernel - 1) / 2, weights [Out, In, kD, kH, kW].
struct ConvDescriptor {
  index_t in, out, kernel, stride;
  [[nodiscard]] constexpr index_t padding() const { return (kernel - 1) / 2; }
  [[nodiscard]] constexpr index_t taps() const { return kernel * kernel * kernel; }
  /// Throws UsageError if an axis is too short.
  [[nodiscard]] constexpr Shape output(Shape x) const {
    require_room("convolution", x, kernel, padding());
    const auto extent = [this](index_t e) { return (e + 2 * padding() - kernel) / stride + 1; };
    return {x.n, extent(x.d), extent(x.h), extent(x.w), out};
  }
  /// Two per multiply-add; taps that fall on padding count too.
  [[nodiscard]] constexpr double flops(Shape y) const {
    return 2.0 * static_cast<double>(in * out * taps()) * static_cast<double>(y.n * y.voxels());
  }
  friend constexpr bool operator==(const ConvDescriptor&, const ConvDescriptor&) = default;
};

/// Normalisation over the voxels of each sample and group of channels (groups = C: instance norm).
struct NormDescriptor {
  Shape shape;
  index_t groups;
  double epsilon;
};

/// Sums over the voxels of one sample and region, of probabilities p = sigmoid(logit) and targets
/// g. A voxel with g < 0 is not counted: it adds nothing to any sum and gets no gradient.
struct RegionSums {
  double pg = 0, pp = 0, gg = 0, p = 0, g = 0;
  double bce = 0;         ///< -(g log p + (1 - g) log(1 - p))
  double divergence = 0;  ///< KL(g_T || p_T) at a loss's temperature; 0 for losses without one
};

/// dL/dlogit = (on_target * g + on_probability * p + constant) p (1 - p) + on_difference (p - g)
/// + on_softened (p_T - g_T), where a subscript T divides logits by the temperature.
struct RegionCoefficients {
  double on_target = 0, on_probability = 0, constant = 0, on_difference = 0;
  double on_softened = 0, temperature = 1;
};

struct SgdStep {
  double rate, momentum, weight_decay;
  bool nesterov;
};

/// Adam (Kingma & Ba 2015); `step` counts from 1. Decoupled weight decay is AdamW (Loshchilov &
/// Hutter 2019).
struct AdamStep {
  double rate, beta1, beta2, epsilon, weight_decay;
  bool decoupled;
  index_t step;
};

}  // namespace glia
