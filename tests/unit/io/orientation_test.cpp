#include "glia/io/orientation.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace glia;

namespace {

/// Every one of the 48 ways in which the axes of a file can lie.
std::vector<Affine> signed_permutations() {
  std::vector<Affine> result;
  std::array<std::size_t, 3> axes{0, 1, 2};
  do {
    for (int signs = 0; signs < 8; ++signs) {
      Affine affine;
      affine.m = {};
      for (std::size_t column = 0; column < 3; ++column) {
        const double spacing = 1 + static_cast<double>(column) / 2;
        affine.m[axes[column]][column] = (signs >> column & 1) != 0 ? -spacing : spacing;
        affine.m[column][3] = 10 * static_cast<double>(column) - 7;
      }
      result.push_back(affine);
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  return result;
}

}  // namespace

TEST_CASE("orientation: codes by hand") {
  CHECK(orientation_of({{{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}}}).code() == "LPS");
  CHECK(orientation_of({}).code() == "RAS");
  // i to superior, j to left, k to anterior
  CHECK(orientation_of({{{{0, -1, 0, 0}, {0, 0, 1, 0}, {1, 0, 0, 0}}}}).code() == "SLA");
  CHECK(orientation_of({{{{0, 0, 2, 0}, {1, 0, 0, 0}, {0, -3, 0, 0}}}}).code() == "AIR");
}

TEST_CASE("orientation: oblique affines as nibabel's aff2axcodes names them") {
  // Values from nibabel 5.4.2.
  CHECK(orientation_of({{{{0.74, -0.5164171, 0.4309447, 0},
                          {0.5964171, 0.8, -0.0654724, 239},
                          {-0.3109447, 0.3054724, 0.9, 0}}}})
            .code() == "RAS");
  CHECK(orientation_of({{{{-0.2, 0.9, 0.4, 0}, {0.1, 0.45, -0.9, 0}, {-1.1, -0.2, -0.1, 0}}}})
            .code() == "IRP");
  // Anisotropic: the thick slice must not win by its length.
  CHECK(orientation_of({{{{0.5, 0, 3, 0}, {0, 0.5, 0, 0}, {-0.3, 0, 5, 0}}}}).code() == "RAS");
}

TEST_CASE("orientation: canonical volumes keep every voxel's place in space, for all 48 layouts") {
  const Extent extent{2, 3, 4};
  Volume<int> file(extent);
  for (std::size_t i = 0; i < file.voxels.size(); ++i) file.voxels[i] = static_cast<int>(i);
  std::vector<std::string> codes;
  for (const Affine& affine : signed_permutations()) {
    const Orientation orientation = orientation_of(affine);
    codes.push_back(orientation.code());
    const auto canonical = to_canonical(file, orientation);
    const Affine moved = canonical_affine(affine, extent, orientation);
    CHECK(orientation_of(moved).code() == "LPS");
    CHECK(canonical.extent == to_canonical(extent, orientation));
    CHECK(from_canonical(canonical.extent, orientation) == extent);
    // Find the file voxel at the same place and compare.
    const Affine to_file = affine.inverse() * moved;
    for (index_t d = 0; d < canonical.extent.d; ++d) {
      for (index_t h = 0; h < canonical.extent.h; ++h) {
        for (index_t w = 0; w < canonical.extent.w; ++w) {
          const auto at =
              to_file.apply(static_cast<double>(w), static_cast<double>(h), static_cast<double>(d));
          CHECK(canonical.at(d, h, w) ==
                file.at(std::lround(at[2]), std::lround(at[1]), std::lround(at[0])));
        }
      }
    }
    CHECK(from_canonical(canonical, orientation).voxels == file.voxels);
    const FileSpacing expected = moved.spacing();
    CHECK(canonical_spacing(affine.spacing(), orientation) ==
          Spacing{expected.k, expected.j, expected.i});
  }
  std::sort(codes.begin(), codes.end());
  CHECK(std::unique(codes.begin(), codes.end()) - codes.begin() == 48);
}

TEST_CASE("orientation: BraTS' own layout is left as it is") {
  const auto orientation = orientation_of({{{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}}});
  CHECK(orientation == Orientation{});
}
