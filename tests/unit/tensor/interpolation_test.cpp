#include "glia/tensor/interpolation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace glia;

namespace {

/// The sampled value of x[i] = i, which linear interpolation reproduces.
double value(const LinearSample& sample) {
  return (1 - sample.weight) * static_cast<double>(sample.low) +
         sample.weight * static_cast<double>(sample.high);
}

}  // namespace

TEST_CASE("a linear sample lies where it was asked for, and at an end beyond it") {
  for (const double at : {0.0, 0.25, 1.0, 2.75, 3.0, 3.999}) {
    const LinearSample sample = linear_sample(at, 5);
    CHECK(value(sample) == doctest::Approx(at).epsilon(1e-15));
    CHECK(sample.low == static_cast<index_t>(at));
    CHECK(sample.high == static_cast<index_t>(std::ceil(at)));
  }
  for (const double at : {-1e300, -0.5, std::numeric_limits<double>::quiet_NaN()})
    CHECK(value(linear_sample(at, 5)) == 0);
  for (const double at : {4.0, 4.5, 1e300}) CHECK(value(linear_sample(at, 5)) == 4);
  CHECK(linear_sample(0.5, 1).high == 0);
}

TEST_CASE("the nearest voxel of a sample") {
  CHECK(linear_sample(1.25, 3).nearest() == 1);
  CHECK(linear_sample(1.5, 3).nearest() == 2);
  CHECK(linear_sample(7, 3).nearest() == 2);
}

TEST_CASE("grids over one box: their first and last faces coincide") {
  // Voxel centres of 3 voxels over 4: (i + 1/2) 4/3 - 1/2 = 1/6, 3/2, 17/6.
  CHECK(value(grid_sample(0, 3, 4)) == doctest::Approx(1.0 / 6));
  CHECK(value(grid_sample(1, 3, 4)) == 1.5);
  CHECK(value(grid_sample(2, 3, 4)) == doctest::Approx(17.0 / 6));
  for (index_t i = 0; i < 6; ++i) CHECK(value(grid_sample(i, 6, 6)) == static_cast<double>(i));
}
