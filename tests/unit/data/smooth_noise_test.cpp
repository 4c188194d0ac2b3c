#include "glia/data/smooth_noise.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace glia;

TEST_CASE("smooth noise has mean 0, variance 1 and Rice's number of zero crossings") {
  const double spacing = 7.3;
  double sum = 0, square = 0;
  index_t count = 0, crossings = 0, steps = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const Volume<float> noise = smooth_noise({40, 50, 60}, spacing, Random{seed});
    REQUIRE(noise.voxels.size() == 40 * 50 * 60);
    for (index_t d = 0; d < 40; ++d) {
      for (index_t h = 0; h < 50; ++h) {
        for (index_t w = 0; w < 60; ++w) {
          const double here = static_cast<double>(noise.at(d, h, w));
          sum += here;
          square += here * here;
          ++count;
          // Along each axis in turn, so that a mistake in one of them shows.
          const index_t axis = (d + h + w) % 3;
          const index_t z = d + (axis == 0), y = h + (axis == 1), x = w + (axis == 2);
          if (z == 40 || y == 50 || x == 60) continue;
          crossings += (noise.at(z, y, x) > 0) != (here > 0);
          ++steps;
        }
      }
    }
  }
  const auto n = static_cast<double>(count);
  CHECK(std::abs(sum / n) < 0.06);  // about 10000 independent values
  CHECK(square / n == doctest::Approx(1).epsilon(0.05));
  // Rice: sqrt(-R''(0) / R(0)) / pi per unit length; for cubic B-splines R(0) = 151/315 and R''(0)
  // = -2/3.
  const double rate = std::sqrt(2.0 / 3.0 / (151.0 / 315.0)) / std::numbers::pi / spacing;
  CHECK(static_cast<double>(crossings) / static_cast<double>(steps) ==
        doctest::Approx(rate).epsilon(0.05));
}

TEST_CASE("smooth noise of one voxel, one lattice cell and one plane exists") {
  CHECK(smooth_noise({1, 1, 1}, 5, Random{1}).voxels.size() == 1);
  for (const float value : smooth_noise({1, 9, 3}, 100, Random{1}).voxels)
    CHECK(std::isfinite(value));
}
