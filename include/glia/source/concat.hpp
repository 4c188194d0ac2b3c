#pragma once

#include "glia/source/source.hpp"

namespace glia {

/// The channels of `first`, then the channels of `second`.
template <Source A, Source B>
struct Concat {
  using Scalar = typename A::Scalar;
  A first;
  B second;
  [[nodiscard]] Shape shape() const {
    return with_channels(first.shape(), first.shape().c + second.shape().c);
  }
  [[nodiscard]] double bytes() const { return first.bytes() + second.bytes(); }
};

/// Adjoint of Concat.
template <Sink A, Sink B>
struct Split {
  using Scalar = typename A::Scalar;
  A first;
  B second;
  [[nodiscard]] Shape shape() const {
    return with_channels(first.shape(), first.shape().c + second.shape().c);
  }
  [[nodiscard]] double bytes_read() const { return first.bytes_read() + second.bytes_read(); }
  [[nodiscard]] double bytes_written() const {
    return first.bytes_written() + second.bytes_written();
  }
};

}  // namespace glia
