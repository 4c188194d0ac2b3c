#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/context.hpp"

namespace glia {

/// Which units dropout keeps: unit i, if word i of the key is at least `threshold` = probability *
/// 2^32. A unit is one element, or a whole channel of one sample.
struct DropoutMask {
  RandomKey key{};
  std::uint32_t threshold = 0;
  bool whole_channels = false;

  [[nodiscard]] bool keeps(index_t unit) const {
    return key.words(static_cast<std::uint32_t>(unit / 4))[static_cast<std::size_t>(unit % 4)] >=
           threshold;
  }
  /// What a kept unit is multiplied by, so that the mean stays: 1 / (1 - probability).
  [[nodiscard]] double gain() const { return 1 / (1 - static_cast<double>(threshold) * 0x1.0p-32); }
  /// The first unit of a voxel's channels in a tensor of shape `s`; its other channels follow.
  [[nodiscard]] index_t first_unit(Shape s, index_t n, index_t d, index_t h, index_t w) const {
    return (whole_channels ? n : ((n * s.d + d) * s.h + h) * s.w + w) * s.c;
  }
};

/// Dropout (Srivastava et al. 2014), or spatial dropout (Tompson et al. 2015): units of the inner
/// source become zero or are multiplied by the mask's gain. It is linear and its own adjoint.
template <Source S>
struct Dropped {
  using Scalar = typename S::Scalar;
  S inner;
  DropoutMask mask;
  [[nodiscard]] Shape shape() const { return inner.shape(); }
  [[nodiscard]] double bytes() const { return inner.bytes(); }
};

}  // namespace glia
