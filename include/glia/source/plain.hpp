#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// The tensor as it lies in memory.
template <class T>
struct Plain {
  using Scalar = T;
  View<const T> x;
  [[nodiscard]] Shape shape() const { return x.shape; }
  [[nodiscard]] double bytes() const { return x.bytes(); }
};

/// Adjoint of Plain: memory (+)= result.
template <class T>
struct Store {
  using Scalar = T;
  View<T> y;
  bool accumulate = false;
  [[nodiscard]] Shape shape() const { return y.shape; }
  [[nodiscard]] double bytes_read() const { return accumulate ? y.bytes() : 0; }
  [[nodiscard]] double bytes_written() const { return y.bytes(); }
};

}  // namespace glia
