#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "glia/io/affine.hpp"
#include "glia/tensor/spacing.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// How the axes of a file lie in the body, and so how to reach the canonical order LPS of BraTS:
/// w grows to the left, h to posterior, d to superior.
struct Orientation {
  std::array<int, 3> world_axis{
      0, 1, 2};  ///< file axis i, j, k -> 0 left-right, 1 front-back, 2 feet-head
  std::array<bool, 3> flipped{false, false,
                              false};  ///< file axis runs to right, anterior or inferior

  /// Where file axes i, j, k point to, for instance "LPS" or "RAS".
  [[nodiscard]] std::string code() const {
    std::string letters;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      letters += (flipped[axis] ? "RAI" : "LPS")[world_axis[axis]];
    }
    return letters;
  }

  friend bool operator==(const Orientation&, const Orientation&) = default;
};

namespace detail {

/// The orthogonal matrix nearest to the 3 x 3 part (polar decomposition by Newton's iteration
/// X <- (X + X^-T) / 2, Higham 1986), after scaling the columns to length 1.
[[nodiscard]] inline Affine nearest_orthogonal(const Affine& affine) {
  const auto length = affine.spacing();
  Affine x;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) x.m[r][c] = affine.m[r][c] / length.along(c);
  }
  // Convergence is quadratic; an almost singular matrix first needs a halving per binary digit.
  for (int iteration = 0; iteration < 60; ++iteration) {
    const Affine inverse = x.inverse();
    Affine next;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) next.m[r][c] = (x.m[r][c] + inverse.m[c][r]) / 2;
    }
    const double change = max_difference(x, next);
    x = next;
    if (change < 1e-15) break;
  }
  return x;
}

}  // namespace detail

/// The nearest axis-aligned orientation (the rule of nibabel's io_orientation).
/// Requires a finite affine with determinant != 0, as every NiftiHeader has.
[[nodiscard]] inline Orientation orientation_of(const Affine& affine) {
  const Affine rotation = detail::nearest_orthogonal(affine);
  Orientation result;
  std::array<bool, 3> taken{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::size_t best = 3;
    for (std::size_t world = 0; world < 3; ++world) {
      if (taken[world]) continue;
      if (best == 3 || std::abs(rotation.m[world][axis]) > std::abs(rotation.m[best][axis])) {
        best = world;
      }
    }
    taken[best] = true;
    result.world_axis[axis] = static_cast<int>(best);
    // World axes grow to right, anterior, superior; canonical ones to left, posterior, superior.
    const bool grows = rotation.m[best][axis] > 0;
    result.flipped[axis] = best == 2 ? !grows : grows;
  }
  return result;
}

namespace detail {

/// Per-axis values (i, j, k) of the file in the order of the canonical axes (w, h, d).
template <class T>
[[nodiscard]] std::array<T, 3> to_canonical_axes(const std::array<T, 3>& file,
                                                 const Orientation& orientation) {
  std::array<T, 3> canonical{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    canonical[static_cast<std::size_t>(orientation.world_axis[axis])] = file[axis];
  }
  return canonical;
}

/// Calls visit(file index, canonical index) for every voxel of a file-order extent.
template <class Visit>
void for_each_reoriented(Extent file, const Orientation& orientation, Visit&& visit) {
  const std::array<index_t, 3> counts{file.w, file.h, file.d};
  const auto canonical = to_canonical_axes(counts, orientation);
  const std::array<index_t, 3> canonical_stride{1, canonical[0], canonical[0] * canonical[1]};
  std::array<index_t, 3> stride{};
  index_t start = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    stride[axis] = canonical_stride[static_cast<std::size_t>(orientation.world_axis[axis])];
    if (orientation.flipped[axis]) {
      start += (counts[axis] - 1) * stride[axis];
      stride[axis] = -stride[axis];
    }
  }
  std::size_t from = 0;
  for (index_t k = 0; k < file.d; ++k) {
    for (index_t j = 0; j < file.h; ++j) {
      index_t to = start + k * stride[2] + j * stride[1];
      for (index_t i = 0; i < file.w; ++i, ++from, to += stride[0]) {
        visit(from, static_cast<std::size_t>(to));
      }
    }
  }
}

}  // namespace detail

/// Extent of a file's volume after to_canonical.
[[nodiscard]] inline Extent to_canonical(Extent file, const Orientation& orientation) {
  const auto axes = detail::to_canonical_axes<index_t>({file.w, file.h, file.d}, orientation);
  return {axes[2], axes[1], axes[0]};
}

/// Extent in the file's order of a canonical volume.
[[nodiscard]] inline Extent from_canonical(Extent canonical, const Orientation& orientation) {
  const std::array<index_t, 3> axes{canonical.w, canonical.h, canonical.d};
  const auto of = [&](std::size_t axis) {
    return axes[static_cast<std::size_t>(orientation.world_axis[axis])];
  };
  return {of(2), of(1), of(0)};
}

/// Spacing of the canonical volume of a file.
[[nodiscard]] inline Spacing canonical_spacing(const FileSpacing& file,
                                               const Orientation& orientation) {
  const auto axes = detail::to_canonical_axes<double>({file.i, file.j, file.k}, orientation);
  return {axes[2], axes[1], axes[0]};
}

/// Affine of the canonical volume's indices (w, h, d), so that every voxel keeps its place in
/// space.
[[nodiscard]] inline Affine canonical_affine(const Affine& affine, Extent file,
                                             const Orientation& orientation) {
  const std::array<index_t, 3> counts{file.w, file.h, file.d};
  Affine result = affine;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto to = static_cast<std::size_t>(orientation.world_axis[axis]);
    for (std::size_t r = 0; r < 3; ++r) {
      const double step = affine.m[r][axis];
      result.m[r][to] = orientation.flipped[axis] ? -step : step;
      if (orientation.flipped[axis]) result.m[r][3] += step * static_cast<double>(counts[axis] - 1);
    }
  }
  return result;
}

/// A volume in file order, reordered to canonical LPS: [D, H, W] with w left, h posterior, d
/// superior.
template <class T>
[[nodiscard]] Volume<T> to_canonical(const Volume<T>& file, const Orientation& orientation) {
  Volume<T> result(to_canonical(file.extent, orientation));
  detail::for_each_reoriented(file.extent, orientation, [&](std::size_t from, std::size_t to) {
    result.voxels[to] = file.voxels[from];
  });
  return result;
}

/// The exact inverse of to_canonical.
template <class T>
[[nodiscard]] Volume<T> from_canonical(const Volume<T>& canonical, const Orientation& orientation) {
  Volume<T> result(from_canonical(canonical.extent, orientation));
  detail::for_each_reoriented(result.extent, orientation, [&](std::size_t from, std::size_t to) {
    result.voxels[from] = canonical.voxels[to];
  });
  return result;
}

}  // namespace glia
