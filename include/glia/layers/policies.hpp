#pragma once

#include <concepts>
#include <ratio>

#include "glia/source/upsampled.hpp"

namespace glia {

/// How a layer normalises: 1. `groups(channels)`, each normalised over its channels and all voxels
/// of a sample;
/// 2. `epsilon`, added to the variance. The affine gain and offset are parameters of the layer.
template <class P>
concept NormPolicy = requires(index_t channels) {
  { P::groups(channels) } -> std::same_as<index_t>;
  { P::epsilon } -> std::convertible_to<double>;
};

/// Each channel on its own (Ulyanov et al. 2016).
template <class Epsilon = std::ratio<1, 100000>>
struct InstanceNorm {
  static constexpr double epsilon =
      static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);
  static constexpr index_t groups(index_t channels) { return channels; }
};

/// `Groups` groups of neighbouring channels (Wu & He 2018).
template <index_t Groups, class Epsilon = std::ratio<1, 100000>>
struct GroupNorm {
  static constexpr double epsilon =
      static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);
  static constexpr index_t groups(index_t) { return Groups; }
};

/// x for x > 0, negative_slope * x otherwise. Monotone, so that max pooling may be taken before it.
template <class P>
concept ActivationPolicy = requires {
  { P::negative_slope } -> std::convertible_to<double>;
}
&&(P::negative_slope >= 0);

template <class Slope = std::ratio<1, 100>>
struct LeakyReLU {
  static_assert(
      Slope::num >= 0,
      "LeakyReLU: a negative slope is not monotone, but pooling is taken before the activation");
  static constexpr double negative_slope =
      static_cast<double>(Slope::num) / static_cast<double>(Slope::den);
};

struct ReLU {
  static constexpr double negative_slope = 0;
};

/// x.
struct NoActivation {
  static constexpr double negative_slope = 1;
};

/// How an encoder goes one level down: 1. `pools`, the last unit's 2x2x2 maxima are the level's
/// result; 2. `stride` of the first convolution of the level below.
template <class P>
concept DownsamplePolicy = requires {
  { P::pools } -> std::convertible_to<bool>;
  { P::stride } -> std::convertible_to<index_t>;
};

struct MaxPool {
  static constexpr bool pools = true;
  static constexpr index_t stride = 1;
};

struct StridedConvolution {
  static constexpr bool pools = false;
  static constexpr index_t stride = 2;
};

/// How a decoder goes one level up, without parameters of its own.
template <class P>
concept UpsamplePolicy = requires {
  { P::interpolation } -> std::convertible_to<Interpolation>;
};

/// align_corners = false.
struct TrilinearUpsample {
  static constexpr Interpolation interpolation = Interpolation::trilinear;
};

struct NearestUpsample {
  static constexpr Interpolation interpolation = Interpolation::nearest;
};

}  // namespace glia
