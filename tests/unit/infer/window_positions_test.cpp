#include "glia/infer/window_positions.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace glia;

namespace {
using Starts = std::vector<index_t>;
}

TEST_CASE("windows start where nnU-Net's do") {
  CHECK(window_starts(240, 128, 0.5) == Starts{0, 56, 112});
  CHECK(window_starts(155, 128, 0.5) == Starts{0, 27});
  CHECK(window_starts(138, 128, 0.5) == Starts{0, 10});
  CHECK(window_starts(173, 128, 0.5) == Starts{0, 45});
  CHECK(window_starts(141, 128, 0.5) == Starts{0, 13});
  CHECK(window_starts(128, 128, 0.5) == Starts{0});
  CHECK(window_starts(240, 128, 0.25) == Starts{0, 56, 112});
  CHECK(window_starts(400, 128, 0.5) == Starts{0, 54, 109, 163, 218, 272});
  CHECK(window_starts(256, 128, 0) == Starts{0, 128});
}

TEST_CASE("half a voxel rounds to the even start, as numpy.round does") {
  CHECK(window_starts(9, 4, 0.25) == Starts{0, 2, 5});
  CHECK(window_starts(11, 4, 0) == Starts{0, 4, 7});
}

TEST_CASE("an axis shorter than the window is centred in it, the odd voxel after it") {
  CHECK(window_starts(5, 8, 0.5) == Starts{-1});
  CHECK(window_starts(6, 8, 0.5) == Starts{-1});
  CHECK(window_starts(1, 8, 0.5) == Starts{-3});
}

TEST_CASE("windows of extreme overlap or length 1 start at different voxels") {
  CHECK(window_starts(12, 10, 0.99) == Starts{0, 1, 2});
  CHECK(window_starts(4, 1, 0.5) == Starts{0, 1, 2, 3});
}

TEST_CASE("weights are nnU-Net's: peak 1 at n / 2, sigma n / 8, never 0") {
  const auto weights = gaussian_weights(128);
  CHECK(weights[64] == 1);
  CHECK(weights[0] == doctest::Approx(3.3546e-4).epsilon(1e-4));
  CHECK(weights[127] == doctest::Approx(4.2999e-4).epsilon(1e-4));
  CHECK(weights[64 - 16] == doctest::Approx(0.6065306597));
  CHECK(gaussian_weights(96)[48 - 12] == doctest::Approx(0.6065306597));
  for (const index_t n : {1, 2, 3, 7, 96, 128, 255}) {
    const auto all = gaussian_weights(n);
    const auto corner = static_cast<float>(*std::min_element(all.begin(), all.end()));
    CHECK(corner * corner * corner >= 3.7e-11F);
    CHECK(*std::max_element(all.begin(), all.end()) == 1);
  }
}

TEST_CASE("the shares of a voxel sum to 1 and have the ratio of the weights") {
  const AxisWindows axis(21, 8, 0.5);
  REQUIRE(axis.starts == Starts{0, 3, 6, 10, 13});
  std::vector<double> sums(21, 0.0);
  for (std::size_t k = 0; k < axis.starts.size(); ++k) {
    for (std::size_t i = 0; i < 8; ++i) {
      sums[static_cast<std::size_t>(axis.starts[k]) + i] += static_cast<double>(axis.shares[k][i]);
    }
  }
  for (const double sum : sums) CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  const auto weights = gaussian_weights(8);
  CHECK(static_cast<double>(axis.shares[0][4] / axis.shares[1][1]) ==
        doctest::Approx(weights[4] / weights[1]).epsilon(1e-5));
}
