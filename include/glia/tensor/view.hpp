#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "glia/tensor/shape.hpp"

namespace glia {

/// A window on tensor memory that someone else owns: [N, D, H, W, C], voxels `pitch` elements
/// apart.
template <class T>
struct View {
  T* data = nullptr;
  Shape shape{0, 0, 0, 0, 0};
  index_t pitch = 0;

  /// First element of row (n, d, h): W voxels.
  [[nodiscard]] constexpr T* row(index_t n, index_t d, index_t h) const {
    return data + ((n * shape.d + d) * shape.h + h) * shape.w * pitch;
  }
  [[nodiscard]] constexpr T& at(index_t n, index_t d, index_t h, index_t w, index_t c) const {
    return row(n, d, h)[w * pitch + c];
  }
  /// The channels of a voxel, counted over samples and axes in order.
  [[nodiscard]] constexpr std::span<T> voxel(index_t index) const {
    return {data + index * pitch, static_cast<std::size_t>(shape.c)};
  }
  /// Bytes that reading all of it touches.
  [[nodiscard]] constexpr double bytes() const {
    return static_cast<double>(shape.elements()) * sizeof(T);
  }
  // NOLINTNEXTLINE(google-explicit-constructor): a view of constants is a weaker view
  constexpr operator View<const T>() const { return {data, shape, pitch}; }
};

/// Channels [first, first + count) of a tensor; of a view without memory, one without memory.
template <class T>
[[nodiscard]] constexpr View<T> slice(View<T> x, index_t first, index_t count) {
  return {x.data ? x.data + first : nullptr, with_channels(x.shape, count), x.pitch};
}

/// Copies a box of voxels, from the one at `from_start` (d, h, w) on, to those from `to_start` on,
/// of the first sample. Requires that both hold the box, and equal channels.
template <class T>
void copy_box(View<const T> from, Extent from_start, View<T> to, Extent to_start, Extent box) {
  for (index_t d = 0; d < box.d; ++d) {
    for (index_t h = 0; h < box.h; ++h) {
      const T* source = from.row(0, from_start.d + d, from_start.h + h) + from_start.w * from.pitch;
      T* target = to.row(0, to_start.d + d, to_start.h + h) + to_start.w * to.pitch;
      for (index_t w = 0; w < box.w; ++w)
        std::copy_n(source + w * from.pitch, from.shape.c, target + w * to.pitch);
    }
  }
}

}  // namespace glia
