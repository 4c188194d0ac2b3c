#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// Forward epilogue: y = result + bias[c] + addend. All but `y` are optional and known at run time.
///
/// `moments` [N, C, 2] gains the sum and the sum of squares of y over the voxels of each sample and
/// channel. `pooled` [N, D/2, H/2, W/2, C] takes the largest y of each 2x2x2 block, or the smallest
/// where `gain[c]` is negative: normalisation keeps or turns the order by the sign of its gain and
/// the activation keeps it, so reading `pooled` through the same coefficients as `y` equals max
/// pooling after them.
template <class T, class Real = T>
struct Output {
  using Scalar = T;
  View<T> y;
  const Real* bias = nullptr;  // [C]
  View<const T> addend{};
  double* moments = nullptr;
  View<T> pooled{};
  const Real* gain = nullptr;  // [C]
  [[nodiscard]] Shape shape() const { return y.shape; }
  [[nodiscard]] double bytes_read() const { return addend.bytes(); }
  [[nodiscard]] double bytes_written() const { return y.bytes() + pooled.bytes(); }
};

}  // namespace glia
