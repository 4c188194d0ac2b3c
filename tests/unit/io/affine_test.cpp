#include "glia/io/affine.hpp"

#include <doctest/doctest.h>

#include "glia/io/nifti_geometry.hpp"

using namespace glia;

namespace {

const Affine sheared{{{{-1, 0.1, 0, 5}, {0.25, -2, 0.2, 239}, {0, 0.05, 1.5, 3}}}};

}  // namespace

TEST_CASE("affine: apply, determinant and spacing by hand") {
  const auto point = sheared.apply(1, 2, 3);
  CHECK(point[0] == doctest::Approx(-1 + 0.2 + 5));
  CHECK(point[1] == doctest::Approx(0.25 - 4 + 0.6 + 239));
  CHECK(point[2] == doctest::Approx(0.1 + 4.5 + 3));
  // -1 (-3 - 0.01) - 0.1 (0.375 - 0) + 0
  CHECK(sheared.determinant() == doctest::Approx(3.01 - 0.0375));
  CHECK(sheared.spacing().i == doctest::Approx(std::sqrt(1 + 0.0625)));
  CHECK(sheared.spacing().k == doctest::Approx(std::sqrt(0.04 + 2.25)));
}

TEST_CASE("affine: the inverse undoes it from both sides") {
  CHECK(max_difference(sheared * sheared.inverse(), Affine{}) < 1e-12);
  CHECK(max_difference(sheared.inverse() * sheared, Affine{}) < 1e-12);
}

TEST_CASE("affine: a product applies its right factor first") {
  const Affine shift{{{{1, 0, 0, 10}, {0, 1, 0, 20}, {0, 0, 1, 30}}}};
  const Affine scale{{{{2, 0, 0, 0}, {0, 3, 0, 0}, {0, 0, 4, 0}}}};
  CHECK((scale * shift).apply(1, 1, 1) == std::array<double, 3>{22, 63, 124});
}

TEST_CASE(
    "affine: orthogonality is 1 for right angles, sin for a skew pair, 0 for a singular map") {
  CHECK(Affine{{{{0, -2, 0, 1}, {3, 0, 0, 1}, {0, 0, 5, 1}}}}.orthogonality() ==
        doctest::Approx(1));
  const Affine skew{{{{1, 1, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  CHECK(skew.orthogonality() == doctest::Approx(std::sqrt(0.5)));
  CHECK(Affine{{{{1, 2, 3, 0}, {4, 5, 6, 0}, {7, 8, 9, 0}}}}.orthogonality() < 1e-12);
  CHECK(Affine{{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}}}}.orthogonality() == 0);
}

TEST_CASE("affine: finite looks at every entry") {
  Affine affine;
  CHECK(affine.finite());
  affine.m[2][3] = HUGE_VAL;
  CHECK_FALSE(affine.finite());
}

TEST_CASE("quaternion: rotations by hand") {
  // 180 degrees about z, as BraTS has it: (a, b, c, d) = (0, 0, 0, 1).
  const auto turned = affine_from_quaternion({0, 0, 1, 1}, {1, 2, 3}, {0, 239, 0});
  REQUIRE(turned);
  CHECK(max_difference(*turned, {{{{-1, 0, 0, 0}, {0, -2, 0, 239}, {0, 0, 3, 0}}}}) < 1e-15);
  // 90 degrees about x: y goes to z; qfac -1 turns the third column round.
  const double half = std::sqrt(0.5);
  const auto quarter = affine_from_quaternion({half, 0, 0, -1}, {1, 1, 1}, {0, 0, 0});
  REQUIRE(quarter);
  CHECK(max_difference(*quarter, {{{{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 1, 0, 0}}}}) < 1e-15);
}

TEST_CASE("quaternion: length 1 up to rounding of single precision, not more") {
  CHECK(affine_from_quaternion({0.6, 0.8, 1e-4, 1}, {1, 1, 1}, {0, 0, 0}).has_value());
  CHECK_FALSE(affine_from_quaternion({0.6, 0.8, 1e-3, 1}, {1, 1, 1}, {0, 0, 0}).has_value());
}

TEST_CASE("quaternion: there and back for rotations of all kinds") {
  for (const double b : {-0.8, -0.3, 0.0, 0.5}) {
    for (const double c : {-0.3, 0.0, 0.4}) {
      for (const double d : {-0.2, 0.0, 0.1}) {
        for (const double qfac : {-1.0, 1.0}) {
          const FileSpacing spacing{0.5, 1, 5};
          const std::array<double, 3> offset{7, 8, 9};
          const auto affine = affine_from_quaternion({b, c, d, qfac}, spacing, offset);
          REQUIRE(affine);
          const auto q = quaternion_from_affine(*affine);
          CHECK(q.qfac == qfac);
          CHECK(q.b == doctest::Approx(b));
          CHECK(q.c == doctest::Approx(c));
          CHECK(q.d == doctest::Approx(d));
          const auto again = affine_from_quaternion(q, spacing, offset);
          REQUIRE(again);
          CHECK(max_difference(*again, *affine) < 1e-12);
        }
      }
    }
  }
}

TEST_CASE("centred affine: the example of nibabel's get_base_affine") {
  // shape (3, 5, 7), zooms (3, 2, 1)
  const auto affine = centred_affine({7, 5, 3}, {3, 2, 1});
  CHECK(affine == Affine{{{{-3, 0, 0, 3}, {0, 2, 0, -4}, {0, 0, 1, -3}}}});
}

TEST_CASE("corner distance: the farthest of the eight corners") {
  Affine wider;
  wider.m[0][0] = 1.1;
  CHECK(corner_distance({}, wider, {5, 6, 11}) == doctest::Approx(1));
  CHECK(corner_distance({}, {}, {5, 6, 11}) == 0);
}
