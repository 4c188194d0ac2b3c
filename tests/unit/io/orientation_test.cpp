#include "glia/io/orientation.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
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

TEST_CASE("orientation: the strongest axes are paired first, in whatever order a file has them") {
  // Values from nibabel 5.4.2; columns are rotations by angles of 30 to 50 degrees about two or
  // three axes.
  struct Oblique {
    Affine affine;
    std::string code;
  };
  const std::vector<Oblique> table{
      {{{{{-0.766, 0.4924, 0.4132}, {-0.6428, -0.5868, -0.4924}, {0, -0.6428, 0.766}}}}, "LPS"},
      {{{{{-0.383, 0.4924, 2.0659}, {-0.3214, -0.5868, -2.462}, {0, -0.6428, 3.8302}}}}, "LPS"},
      {{{{{-0.5868, 0.6428, 0.4924}, {-0.4924, -0.766, 0.4132}, {0.6428, 0, 0.766}}}}, "LPS"},
      {{{{{-0.671, 0.2004, 0.7139}, {-0.4698, -0.8597, -0.2004}, {0.5736, -0.4698, 0.671}}}},
       "SPR"},
      {{{{{-0.3599, -0.6139, -1.62}, {0.302, -0.324, -3.6407}, {0.171, -0.7198, 3.0201}}}}, "LIP"},
      {{{{{-0.5567, 0.7647, 0.3245}, {-0.3214, -0.5585, 0.7647}, {0.766, 0.3214, 0.5567}}}}, "SRA"},
      {{{{{-0.5868, 0.036, -0.8089}, {0.4924, 0.8089, -0.3212}, {0.6428, -0.5868, -0.4924}}}},
       "SAL"},
  };
  for (const Oblique& oblique : table) {
    CAPTURE(oblique.code);
    std::array<std::size_t, 3> order{0, 1, 2};
    do {
      Affine reordered;
      std::string code;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        for (std::size_t r = 0; r < 3; ++r) reordered.m[r][axis] = oblique.affine.m[r][order[axis]];
        code += oblique.code[order[axis]];
      }
      CHECK(orientation_of(reordered).code() == code);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("orientation: at 45 degrees the last digits of a header turn nothing") {
  const double half = std::sqrt(0.5);
  for (const double change : {-1e-6, -1e-7, 0.0, 1e-7, 1e-6}) {
    CAPTURE(change);
    // Turned about the first axis and about the last one.
    CHECK(orientation_of({{{{-1, 0, 0, 0},
                            {0, -half + change, -3 * half, 0},
                            {0, -half, 3 * half + change, 0}}}})
              .code() == "LPS");
    CHECK(orientation_of(
              {{{{-half + change, half, 0, 0}, {-half, -half + change, 0, 0}, {0, 0, 1, 0}}}})
              .code() == "LPS");
  }
}

TEST_CASE("orientation: a file of another grid's place is turned to that grid, at any angle") {
  const Extent extent{2, 3, 4};
  for (const double angle : {0.0, 0.3, 0.785398, 0.785399, 0.9, 1.5}) {
    CAPTURE(angle);
    const Affine turn = Affine{{{{1, 0, 0},
                                 {0, std::cos(angle), -std::sin(angle)},
                                 {0, std::sin(angle), std::cos(angle)}}}} *
                        Affine{{{{std::cos(angle), -std::sin(angle), 0},
                                 {std::sin(angle), std::cos(angle), 0},
                                 {0, 0, 1}}}};
    const Affine first = turn * Affine{{{{-1, 0, 0, 3}, {0, -1.5, 0, 7}, {0, 0, 4, -20}}}};
    const Affine grid = canonical_affine(first, extent, orientation_of(first));
    for (const Affine& order : signed_permutations()) {
      Affine other;  // the same places in another order of the voxels, but for the rounding
      for (std::size_t axis = 0; axis < 3; ++axis) {
        for (std::size_t from = 0; from < 3; ++from) {
          if (order.m[from][axis] == 0) continue;
          for (std::size_t r = 0; r < 3; ++r)
            other.m[r][axis] =
                (order.m[from][axis] < 0 ? -1 : 1) * first.m[r][from] + (r == axis ? 1e-5 : -1e-5);
        }
      }
      const Affine moved = canonical_affine(other, extent, orientation_of(other, grid));
      for (std::size_t r = 0; r < 3; ++r) {
        for (std::size_t c = 0; c < 3; ++c) CHECK(std::abs(moved.m[r][c] - grid.m[r][c]) < 1e-4);
      }
    }
  }
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
  }
  std::sort(codes.begin(), codes.end());
  CHECK(std::unique(codes.begin(), codes.end()) - codes.begin() == 48);
}

TEST_CASE("orientation: BraTS' own layout is left as it is") {
  const auto orientation = orientation_of({{{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}}});
  CHECK(orientation == Orientation{});
}
