#pragma once

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// The voxels of each 2x2x2 block of a fine tensor as channels of one coarse voxel: offset (a, b,
/// c) in D, H, W is channel block 4a + 2b + c. Requires even extents.
template <class T>
struct Deinterleaved {
  using Scalar = T;
  View<const T> fine;
  [[nodiscard]] Shape shape() const { return with_channels(halved(fine.shape), 8 * fine.shape.c); }
  [[nodiscard]] double bytes() const { return fine.bytes(); }
};

/// Its inverse and adjoint: eight channel blocks of a coarse result become the voxels of a fine
/// tensor.
template <class T>
struct Interleaved {
  using Scalar = T;
  View<T> fine;
  [[nodiscard]] Shape shape() const { return with_channels(halved(fine.shape), 8 * fine.shape.c); }
  [[nodiscard]] double bytes_read() const { return 0; }
  [[nodiscard]] double bytes_written() const { return fine.bytes(); }
};

}  // namespace glia
