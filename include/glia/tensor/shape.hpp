#pragma once

#include <cstddef>
#include <string>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"

namespace glia {

/// Extents of a volume in voxels: D planes, H rows, W columns. W runs fastest (the first axis of a
/// NIfTI file).
struct Extent {
  index_t d = 1, h = 1, w = 1;
  [[nodiscard]] constexpr index_t voxels() const { return d * h * w; }
  friend constexpr bool operator==(const Extent&, const Extent&) = default;
};

/// Extents of a batch: [N, D, H, W, C], channels contiguous.
struct Shape {
  index_t n = 1, d = 1, h = 1, w = 1, c = 1;
  [[nodiscard]] constexpr index_t voxels() const { return d * h * w; }
  [[nodiscard]] constexpr index_t elements() const { return n * voxels() * c; }
  [[nodiscard]] constexpr Extent extent() const { return {d, h, w}; }
  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

[[nodiscard]] constexpr Shape make_shape(index_t n, Extent e, index_t c) {
  return {n, e.d, e.h, e.w, c};
}
[[nodiscard]] constexpr Shape with_channels(Shape s, index_t c) {
  s.c = c;
  return s;
}
[[nodiscard]] constexpr Shape doubled(Shape s) { return {s.n, 2 * s.d, 2 * s.h, 2 * s.w, s.c}; }
[[nodiscard]] constexpr Shape halved(Shape s) { return {s.n, s.d / 2, s.h / 2, s.w / 2, s.c}; }

/// "240x240x155" in the order W x H x D, as imaging tools print it.
[[nodiscard]] inline std::string to_string(Extent e) {
  return std::to_string(e.w) + "x" + std::to_string(e.h) + "x" + std::to_string(e.d);
}
/// "[2, 64, 64, 64, 4]" in the order N, D, H, W, C.
[[nodiscard]] inline std::string to_string(Shape s) {
  return "[" + std::to_string(s.n) + ", " + std::to_string(s.d) + ", " + std::to_string(s.h) +
         ", " + std::to_string(s.w) + ", " + std::to_string(s.c) + "]";
}

/// Throws UsageError, naming what is wrong and where, unless a tensor has the shape that it must
/// have.
inline void require_shape(const std::string& where, const char* what, Shape got, Shape expected) {
  if (got == expected) return;
  throw UsageError(where + ": " + what + ": got " + to_string(got) + ", expected " +
                   to_string(expected));
}

/// Elements of a tensor that is to exist. Throws OutOfMemory if no memory could hold so many.
[[nodiscard]] inline std::size_t allocatable_elements(Shape s) {
  constexpr index_t limit = index_t{1} << 56;
  index_t count = 1;
  for (const index_t extent : {s.n, s.d, s.h, s.w, s.c}) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count) || count > limit)
      throw OutOfMemory("tensor: no memory holds a shape of " + to_string(s));
  }
  return static_cast<std::size_t>(count);
}

}  // namespace glia
