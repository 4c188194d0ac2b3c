#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "glia/core/number_text.hpp"
#include "glia/io/affine.hpp"
#include "glia/io/nifti_geometry.hpp"
#include "glia/io/nifti_header.hpp"
#include "glia/io/orientation.hpp"
#include "glia/tensor/shape.hpp"
#include "glia/tensor/spacing.hpp"

namespace glia {

/// Where the voxels of a canonical volume lie.
struct Grid {
  Extent extent;
  Affine affine;  ///< of the indices (w, h, d)

  [[nodiscard]] Spacing spacing() const {
    const auto [w, h, d] = affine.spacing();
    return {d, h, w};
  }
};

/// The grid of a file's volume after to_canonical.
[[nodiscard]] inline Grid canonical_grid(const NiftiHeader& header,
                                         const Orientation& orientation) {
  return {to_canonical(header.extent, orientation),
          canonical_affine(header.affine, header.extent, orientation)};
}

/// What keeps the voxels of two grids from being the same places, "field: got ..., expected ...";
/// empty if nothing does. Voxels may lie `tolerance` mm apart; no tolerance excuses spacings that
/// differ by more than 1 % along an axis.
[[nodiscard]] inline std::string difference(const Grid& got, const Grid& expected,
                                            double tolerance) {
  if (got.extent != expected.extent) {
    return "shape: got " + to_string(got.extent) + " and " + to_string(expected.extent) +
           ", expected one shape";
  }
  const Spacing spacing = got.spacing(), other = expected.spacing();
  const std::array<index_t, 3> voxels{got.extent.d, got.extent.h, got.extent.w};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double change = std::abs(spacing.along(axis) - other.along(axis));
    if (voxels[axis] > 1 && change > 0.01 * other.along(axis)) {
      return "spacing: got " + to_string(spacing) + " and " + to_string(other) +
             ", expected one spacing";
    }
  }
  const double distance = corner_distance(got.affine, expected.affine, got.extent);
  if (distance <= tolerance) return {};
  return "affine: voxels lie up to " + number_text(static_cast<float>(distance)) +
         " mm apart, expected at most " + number_text(tolerance) + " mm (affine tolerance)";
}

}  // namespace glia
