#pragma once

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

}  // namespace glia
