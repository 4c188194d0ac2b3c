#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

#include "glia/io/affine.hpp"
#include "glia/tensor/shape.hpp"

namespace glia {

/// How NIfTI's qform stores a rotation: (b, c, d) of a unit quaternion with a >= 0, and qfac = -1
/// for a left-handed voxel grid.
struct NiftiQuaternion {
  double b = 0, c = 0, d = 0;
  double qfac = 1;
};

/// Affine of a qform ("method 2" of nifti1.h): R(b, c, d) diag(spacing.i, spacing.j, qfac
/// spacing.k) + offset. Empty if b^2 + c^2 + d^2 exceeds 1 by more than single precision explains.
[[nodiscard]] inline std::optional<Affine> affine_from_quaternion(
    const NiftiQuaternion& q, const FileSpacing& spacing, const std::array<double, 3>& offset) {
  const double b = q.b, c = q.c, d = q.d;
  const double square = 1 - (b * b + c * c + d * d);
  constexpr auto single = static_cast<double>(std::numeric_limits<float>::epsilon());
  if (!(square >= -3 * single)) return std::nullopt;
  const double a = std::sqrt((std::max)(square, 0.0));
  const double s = 2 / (a * a + b * b + c * c + d * d);
  Affine result;
  result.m = {{{1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c), offset[0]},
               {s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b), offset[1]},
               {s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c), offset[2]}}};
  const std::array<double, 3> scale{spacing.i, spacing.j, spacing.k * q.qfac};
  for (auto& row : result.m) {
    for (std::size_t axis = 0; axis < 3; ++axis) row[axis] *= scale[axis];
  }
  return result;
}

/// The inverse of affine_from_quaternion. Requires orthogonal columns.
[[nodiscard]] inline NiftiQuaternion quaternion_from_affine(const Affine& affine) {
  NiftiQuaternion result;
  result.qfac = affine.determinant() < 0 ? -1 : 1;
  const auto length = affine.spacing();
  std::array<std::array<double, 3>, 3> r{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      const double sign = column == 2 ? result.qfac : 1;
      r[row][column] = sign * affine.m[row][column] / length.along(column);
    }
  }
  // 4 q_i q_j for all pairs of (a, b, c, d); the row of the largest component loses no digits.
  const std::array<std::array<double, 4>, 4> product{{
      {1 + r[0][0] + r[1][1] + r[2][2], r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]},
      {r[2][1] - r[1][2], 1 + r[0][0] - r[1][1] - r[2][2], r[0][1] + r[1][0], r[0][2] + r[2][0]},
      {r[0][2] - r[2][0], r[0][1] + r[1][0], 1 - r[0][0] + r[1][1] - r[2][2], r[1][2] + r[2][1]},
      {r[1][0] - r[0][1], r[0][2] + r[2][0], r[1][2] + r[2][1], 1 - r[0][0] - r[1][1] + r[2][2]},
  }};
  std::size_t largest = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    if (product[i][i] > product[largest][largest]) largest = i;
  }
  const auto& row = product[largest];
  const double norm =
      std::sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2] + row[3] * row[3]);
  const double scale = (row[0] < 0 ? -1 : 1) / norm;
  result.b = row[1] * scale;
  result.c = row[2] * scale;
  result.d = row[3] * scale;
  return result;
}

/// Affine of a file that has neither qform nor sform: voxels along right-to-left, back-to-front,
/// feet-to-head around the centre of the volume (the ANALYZE convention, as nibabel and SPM read
/// it).
[[nodiscard]] inline Affine centred_affine(Extent extent, const FileSpacing& spacing) {
  const std::array<double, 3> step{-spacing.i, spacing.j, spacing.k};
  const std::array<index_t, 3> count{extent.w, extent.h, extent.d};
  Affine result;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    result.m[axis][axis] = step[axis];
    result.m[axis][3] = -step[axis] * static_cast<double>(count[axis] - 1) / 2;
  }
  return result;
}

/// Largest distance in mm between where two affines put a corner of the volume.
[[nodiscard]] inline double corner_distance(const Affine& a, const Affine& b, Extent extent) {
  double largest = 0;
  for (int corner = 0; corner < 8; ++corner) {
    const auto i = static_cast<double>((corner & 1) != 0 ? extent.w - 1 : 0);
    const auto j = static_cast<double>((corner & 2) != 0 ? extent.h - 1 : 0);
    const auto k = static_cast<double>((corner & 4) != 0 ? extent.d - 1 : 0);
    const auto p = a.apply(i, j, k), q = b.apply(i, j, k);
    largest = (std::max)(largest, std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
  }
  return largest;
}

}  // namespace glia
