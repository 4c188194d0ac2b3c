#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "glia/io/affine.hpp"
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

/// The directions of the canonical axes w, h, d in millimetres (x right, y anterior, z superior).
inline constexpr Affine lps_axes{{{{-1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 1, 0}}}};

/// How the axes of a file reach those of a canonical grid with the affine `canonical`.
///
/// Axes are paired by strength: the two with the largest direction cosine first (nibabel's
/// io_orientation since 5.4), so that the order of the file's axes decides nothing. Cosines within
/// 1e-4, which the rounding of headers explains, are equal, and the first in the order of the axes
/// is taken: near 45 degrees nothing turns on a last digit. Files of one case are paired with the
/// grid of its first file, so that all of them agree however oblique the scan is.
/// Requires finite affines with determinant != 0, as every NiftiHeader has.
[[nodiscard]] inline Orientation orientation_of(const Affine& affine,
                                                const Affine& canonical = lps_axes) {
  constexpr double rounding = 1e-4;
  const Affine file = detail::nearest_orthogonal(affine),
               target = detail::nearest_orthogonal(canonical);
  const auto cosine = [&](std::size_t axis, std::size_t to) {
    return file.m[0][axis] * target.m[0][to] + file.m[1][axis] * target.m[1][to] +
           file.m[2][axis] * target.m[2][to];
  };
  Orientation result;
  std::array<bool, 3> paired{}, taken{};
  for (int pair = 0; pair < 3; ++pair) {
    std::size_t strongest_axis = 0, strongest_to = 0;
    double strongest = -1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (std::size_t to = 0; to < 3; ++to) {
        if (paired[axis] || taken[to] || std::abs(cosine(axis, to)) <= strongest + rounding)
          continue;
        strongest = std::abs(cosine(axis, to));
        strongest_axis = axis;
        strongest_to = to;
      }
    }
    paired[strongest_axis] = taken[strongest_to] = true;
    result.world_axis[strongest_axis] = static_cast<int>(strongest_to);
    result.flipped[strongest_axis] = cosine(strongest_axis, strongest_to) < 0;
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
