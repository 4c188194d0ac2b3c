#pragma once

#include <concepts>

#include "glia/tensor/initial.hpp"

namespace glia {

/// How the convolutions of a network start: what 1. `weight` and 2. `bias` make of the fans of the
/// weight.
template <class P>
concept InitialPolicy = requires(Fans fans) {
  { P::weight(fans) } -> std::same_as<Initial>;
  { P::bias(fans) } -> std::same_as<Initial>;
};

/// Kaiming normal, biases 0: Isensee et al. 2018.
struct KaimingNormal {
  static constexpr Initial weight(Fans fans) { return Initial::kaiming_normal(fans); }
  static constexpr Initial bias(Fans) { return Initial::zeros(); }
};

/// Kaiming normal, biases from N(0, 1): Lachinov et al. 2019.
struct KaimingNormalBiased : KaimingNormal {
  static constexpr Initial bias(Fans) { return Initial::standard_normal(); }
};

/// Xavier uniform, biases 0: Lachinov et al. 2018.
struct XavierUniform {
  static constexpr Initial weight(Fans fans) { return Initial::xavier_uniform(fans); }
  static constexpr Initial bias(Fans) { return Initial::zeros(); }
};

/// Weights and biases within 1 / sqrt(fan_in): what PyTorch draws unless it is told otherwise, so
/// MONAI's SegResNet.
struct PyTorchDefault {
  static constexpr Initial weight(Fans fans) { return Initial::kaiming_uniform(fans); }
  static constexpr Initial bias(Fans fans) { return Initial::kaiming_uniform(fans); }
};

/// Start of one of `Groups` convolutions that are the groups of one: an output adds up the channels
/// of its group, but the frameworks count the outputs of all groups.
template <index_t Groups, InitialPolicy Start>
struct OneGroupOf {
  static constexpr Initial weight(Fans fans) { return Start::weight({fans.in, Groups * fans.out}); }
  static constexpr Initial bias(Fans fans) { return Start::bias({fans.in, Groups * fans.out}); }
};

/// The fans of a convolution's weight.
constexpr Fans conv_fans(index_t in, index_t out, index_t kernel) {
  const index_t taps = kernel * kernel * kernel;
  return {in * taps, out * taps};
}

}  // namespace glia
