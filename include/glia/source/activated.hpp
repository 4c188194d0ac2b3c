#pragma once

#include "glia/source/plain.hpp"

namespace glia {

/// activation(scale[n, c] * raw + shift[n, c]): the norm and the activation that follow a
/// convolution. The activation is x for x > 0 and negative_slope * x otherwise.
template <class T, class Real = T>
struct Activated {
  using Scalar = T;
  View<const T> raw;
  const Real *scale, *shift;  // [N, C]
  Real negative_slope;
  [[nodiscard]] Shape shape() const { return raw.shape; }
  [[nodiscard]] double bytes() const { return raw.bytes(); }
};

/// Adjoint of Activated: grad (+)= g, g = result * activation'(scale * raw + shift), the gradient
/// with respect to the norm's output. `sums` [N, C, 2] gains sum(g) and sum(g * (raw - mean) *
/// rstd), which the norm's backward needs. It is linear in the result, so two consumers of one
/// tensor write here one after the other, the second with `accumulate`.
template <class T, class Real = T>
struct ActivatedGradient {
  using Scalar = T;
  Activated<T, Real> source;
  const Real *mean, *rstd;  // [N, C]
  View<T> grad;
  double* sums;
  bool accumulate = false;
  [[nodiscard]] Shape shape() const { return grad.shape; }
  [[nodiscard]] double bytes_read() const {
    return source.bytes() + (accumulate ? grad.bytes() : 0);
  }
  [[nodiscard]] double bytes_written() const { return grad.bytes(); }
};

/// Adjoint of max pooling: a coarse result goes to the first voxel (in order D, H, W) of its 2x2x2
/// block whose raw value equals `pooled`, through `fine`, which must accumulate.
template <class T, class Real = T>
struct PooledGradient {
  using Scalar = T;
  ActivatedGradient<T, Real> fine;
  View<const T> pooled;
  [[nodiscard]] Shape shape() const { return pooled.shape; }
  [[nodiscard]] double bytes_read() const {
    return pooled.bytes() + fine.source.bytes() + fine.grad.bytes();
  }
  [[nodiscard]] double bytes_written() const { return fine.grad.bytes(); }
};

}  // namespace glia
