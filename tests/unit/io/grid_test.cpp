#include "glia/io/grid.hpp"

#include <doctest/doctest.h>

#include "glia/io/nifti_write.hpp"

using namespace glia;

TEST_CASE("grid: extent, places and spacing of a file in canonical order") {
  // i to superior in steps of 5 mm, j to left (1 mm), k to anterior (0.5 mm).
  const Affine affine{{{{0, -1, 0, 10}, {0, 0, 0.5, 20}, {5, 0, 0, 30}}}};
  const NiftiHeader header = make_nifti_header({4, 3, 2}, affine);
  const Grid grid = canonical_grid(header, orientation_of(affine));
  CHECK(grid.extent == Extent{.d = 2, .h = 4, .w = 3});
  CHECK(grid.spacing() == Spacing{.d = 5, .h = 0.5, .w = 1});
  CHECK(grid.affine == Affine{{{{-1, 0, 0, 10}, {0, -0.5, 0, 21.5}, {0, 0, 5, 30}}}});
}

TEST_CASE("grid: what keeps two grids from being one") {
  const Grid grid{{10, 20, 30}, lps_axes};
  CHECK(difference(grid, grid, 0) == "");

  Grid other = grid;
  other.extent.h = 21;
  CHECK(difference(other, grid, 1e6) == "shape: got 30x21x10 and 30x20x10, expected one shape");

  other = grid;
  other.affine.m[2][3] = 2;
  CHECK(difference(other, grid, 0.1) ==
        "affine: voxels lie up to 2 mm apart, expected at most 0.1 mm (affine tolerance)");
  CHECK(difference(other, grid, 2) == "");

  // 1.003 mm over 9 voxels of distance is still the same place; 1.02 mm is another spacing, for
  // any tolerance.
  other = grid;
  other.affine.m[2][2] = 1.003;
  CHECK(difference(other, grid, 0.1) == "");
  other.affine.m[2][2] = 1.02;
  CHECK(difference(other, grid, 1e6) ==
        "spacing: got 1x1x1.02 mm and 1x1x1 mm, expected one spacing");
  // A single plane has no distance to a next one.
  Grid plane{{1, 20, 30}, lps_axes}, thick = plane;
  thick.affine.m[2][2] = 5;
  CHECK(difference(thick, plane, 0.1) == "");
}
