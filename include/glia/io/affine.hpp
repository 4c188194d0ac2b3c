#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace glia {

/// Distances in mm between neighbouring voxels along the axes i, j, k of a file: what Spacing is
/// along those of a volume.
struct FileSpacing {
  double i = 1, j = 1, k = 1;

  /// Along axis 0 (i), 1 (j) or 2 (k).
  [[nodiscard]] constexpr double along(std::size_t axis) const {
    return axis == 0 ? i : axis == 1 ? j : k;
  }
  friend constexpr bool operator==(const FileSpacing&, const FileSpacing&) = default;
};

/// Maps voxel indices (i, j, k) to millimetres (x right, y anterior, z superior): x = m (i, j, k,
/// 1)^T.
struct Affine {
  std::array<std::array<double, 4>, 3> m{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}};

  [[nodiscard]] std::array<double, 3> apply(double i, double j, double k) const {
    std::array<double, 3> point{};
    for (std::size_t r = 0; r < 3; ++r) {
      point[r] = m[r][0] * i + m[r][1] * j + m[r][2] * k + m[r][3];
    }
    return point;
  }

  /// Determinant of the 3 x 3 part: signed volume of a voxel in mm^3.
  [[nodiscard]] double determinant() const {
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  }

  /// Lengths of the three columns.
  [[nodiscard]] FileSpacing spacing() const {
    const auto length = [&](std::size_t c) { return std::hypot(m[0][c], m[1][c], m[2][c]); };
    return {length(0), length(1), length(2)};
  }

  /// True if every entry is finite.
  [[nodiscard]] bool finite() const {
    return std::all_of(m.begin(), m.end(), [](const auto& row) {
      return std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); });
    });
  }

  /// |determinant| over the product of the column lengths: 1 for orthogonal axes, 0 for a singular
  /// map.
  [[nodiscard]] double orthogonality() const {
    const auto length = spacing();
    const double box = length.i * length.j * length.k;
    return box > 0 ? std::abs(determinant()) / box : 0;
  }

  /// Maps millimetres back to voxel indices. Requires determinant() != 0.
  [[nodiscard]] Affine inverse() const {
    const double d = determinant();
    Affine result;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t r1 = (c + 1) % 3, r2 = (c + 2) % 3, c1 = (r + 1) % 3, c2 = (r + 2) % 3;
        result.m[r][c] = (m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]) / d;
      }
    }
    for (std::size_t r = 0; r < 3; ++r) {
      result.m[r][3] =
          -(result.m[r][0] * m[0][3] + result.m[r][1] * m[1][3] + result.m[r][2] * m[2][3]);
    }
    return result;
  }

  friend bool operator==(const Affine&, const Affine&) = default;
};

/// The map that applies `right` first, then `left`.
[[nodiscard]] inline Affine operator*(const Affine& left, const Affine& right) {
  Affine result;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      result.m[r][c] = left.m[r][0] * right.m[0][c] + left.m[r][1] * right.m[1][c] +
                       left.m[r][2] * right.m[2][c] + (c == 3 ? left.m[r][3] : 0);
    }
  }
  return result;
}

/// Largest difference between two entries of the same place.
[[nodiscard]] inline double max_difference(const Affine& a, const Affine& b) {
  double largest = 0;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      largest = (std::max)(largest, std::abs(a.m[r][c] - b.m[r][c]));
    }
  }
  return largest;
}

}  // namespace glia
