#include "glia/metrics/distance_transform.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "golden_metrics.hpp"

using namespace glia;

TEST_CASE("distances to scattered voxels equal scipy's, with and without equal spacing") {
  for (const auto& entry : test::golden_metrics()["distances"]) {
    const Mask mask = test::scatter(test::extent_of(entry), entry["one_in"]);
    REQUIRE(std::count(mask.voxels.begin(), mask.voxels.end(), 1) ==
            entry["inside"].get<index_t>());
    const auto squared = squared_distance_transform(mask, test::spacing_of(entry));
    CHECK(std::accumulate(squared.voxels.begin(), squared.voxels.end(), 0.0) ==
          doctest::Approx(entry["sum_of_squares"].get<double>()).epsilon(1e-12));
    for (const auto& probe : entry["probes"]) {
      CHECK(std::sqrt(squared.at(probe[0], probe[1], probe[2])) ==
            doctest::Approx(probe[3].get<double>()).epsilon(1e-12));
    }
  }
}

TEST_CASE("distances with unit spacing are exact integers when squared") {
  Mask mask({5, 6, 7});
  mask.at(1, 2, 3) = 1;
  const auto squared = squared_distance_transform(mask, {1, 1, 1});
  for (index_t d = 0; d < 5; ++d) {
    for (index_t h = 0; h < 6; ++h) {
      for (index_t w = 0; w < 7; ++w) {
        const index_t expected = (d - 1) * (d - 1) + (h - 2) * (h - 2) + (w - 3) * (w - 3);
        CHECK(squared.at(d, h, w) == static_cast<double>(expected));
      }
    }
  }
}

TEST_CASE(
    "a spacing that is not positive and finite is refused, where there is nothing to measure too") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const Spacing& wrong :
       {Spacing{0, 1, 1}, Spacing{1, -1, 1}, Spacing{1, 1, inf}, Spacing{std::nan(""), 1, 1}}) {
    CHECK_THROWS_AS((void)squared_distance_transform(Mask({2, 2, 2}), wrong), UsageError);
  }
}

TEST_CASE("an empty mask is infinitely far, a full one nowhere") {
  const auto far = squared_distance_transform(Mask({2, 3, 4}), {1, 1, 1});
  const auto near = squared_distance_transform(Mask({2, 3, 4}, 1), {1, 2, 3});
  CHECK(std::count(far.voxels.begin(), far.voxels.end(), std::numeric_limits<double>::infinity()) ==
        24);
  CHECK(std::count(near.voxels.begin(), near.voxels.end(), 0.0) == 24);
}
