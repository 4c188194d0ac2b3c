#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// The mean of each cube of factor^3 voxels. Requires extents divisible by `factor`. Of targets,
/// where a value below 0 stands for none, it is the mean of the others, -1 if there are no others.
template <class T>
struct Averaged {
  using Scalar = T;
  View<const T> fine;
  index_t factor;
  bool of_targets = false;
  [[nodiscard]] Shape shape() const {
    const Shape s = fine.shape;
    return {s.n, s.d / factor, s.h / factor, s.w / factor, s.c};
  }
  [[nodiscard]] double bytes() const { return fine.bytes(); }
};

/// Adjoint of Averaged: every voxel of a cube gets (or gains) 1 / factor^3 of the result.
template <class T>
struct AveragedGradient {
  using Scalar = T;
  View<T> fine;
  index_t factor;
  bool accumulate = false;
  [[nodiscard]] Shape shape() const { return Averaged<T>{fine, factor}.shape(); }
  [[nodiscard]] double bytes_read() const { return accumulate ? fine.bytes() : 0; }
  [[nodiscard]] double bytes_written() const { return fine.bytes(); }
};

}  // namespace glia
