#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// dL/draw = a[n, c] * grad + b[n, c] * raw + c[n, c], where grad = dL/d(norm output): the whole
/// backward of a norm, evaluated where it is consumed. `coefficients` is [3, N, C]: a, b, c.
template <class T, class Real = T>
struct NormGradient {
  using Scalar = T;
  View<const T> grad, raw;
  const Real* coefficients;
  [[nodiscard]] Shape shape() const { return raw.shape; }
  [[nodiscard]] double bytes() const { return grad.bytes() + raw.bytes(); }
};

}  // namespace glia
