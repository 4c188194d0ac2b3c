#pragma once

#include <array>

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// The largest of `Count` tensors of one shape, element by element.
template <class T, index_t Count>
struct Maximum {
  static constexpr index_t most = 8;
  static_assert(Count >= 1 && Count <= most, "Maximum: from 1 to 8 tensors");
  using Scalar = T;
  std::array<View<const T>, static_cast<std::size_t>(Count)> x;
  [[nodiscard]] Shape shape() const { return x.front().shape; }
  [[nodiscard]] double bytes() const { return static_cast<double>(Count) * x.front().bytes(); }
};

/// Adjoint of Maximum: a result goes to the gradient of the first tensor that holds the largest
/// value, the others get (or gain) nothing.
template <class T, index_t Count>
struct MaximumGradient {
  using Scalar = T;
  Maximum<T, Count> source;
  std::array<View<T>, static_cast<std::size_t>(Count)> grad;
  bool accumulate = false;
  [[nodiscard]] Shape shape() const { return source.shape(); }
  [[nodiscard]] double bytes_read() const { return (accumulate ? 2 : 1) * source.bytes(); }
  [[nodiscard]] double bytes_written() const { return source.bytes(); }
};

}  // namespace glia
