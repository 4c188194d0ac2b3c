#include "glia/metrics/bootstrap.hpp"

#include <doctest/doctest.h>

using namespace glia;

// Intervals of scipy.stats.bootstrap (percentile, 200,000 resamples) and, for seeds times cases, of
// 400,000 draws with numpy.random.default_rng.

TEST_CASE("one seed: scipy's percentile interval") {
  const std::vector<std::vector<double>> d{
      {0.031, -0.012, 0.044, 0.008, 0.027, -0.005, 0.019, 0.036, 0.002, 0.015}};
  const Difference result = bootstrap_mean(d, {.draws = 100000});
  CHECK(result.mean == doctest::Approx(0.0165));
  CHECK(result.low == doctest::Approx(0.0057).epsilon(0.03));
  CHECK(result.high == doctest::Approx(0.0271).epsilon(0.01));
  CHECK(result.significant());
}

TEST_CASE("seeds and cases are drawn independently") {
  const std::vector<std::vector<double>> d{
      {0.031, -0.012, 0.044, 0.008}, {0.010, -0.022, 0.050, -0.003}, {0.025, 0.001, 0.030, 0.012}};
  const Difference wide = bootstrap_mean(d, {.draws = 100000});
  CHECK(wide.mean == doctest::Approx(0.0145));
  CHECK(wide.low == doctest::Approx(-0.00616667).epsilon(0.05));
  CHECK(wide.high == doctest::Approx(0.03416667).epsilon(0.02));
  CHECK_FALSE(wide.significant());
  const Difference narrow = bootstrap_mean(d, {.confidence = 0.90, .draws = 100000});
  CHECK(narrow.low == doctest::Approx(-0.00275).epsilon(0.05));
  CHECK(narrow.high == doctest::Approx(0.03133333).epsilon(0.02));
}

TEST_CASE("equal differences leave no doubt; the same seed gives the same interval") {
  const Difference equal = bootstrap_mean({{-0.25, -0.25}, {-0.25, -0.25}}, {.draws = 100});
  CHECK(equal.low == -0.25);
  CHECK(equal.high == -0.25);
  CHECK(equal.significant());
  const std::vector<std::vector<double>> d{{1, 2, 4, 8}};
  const auto drawn = [&](std::uint64_t seed) {
    return bootstrap_mean(d, {.draws = 50, .seed = seed});
  };
  CHECK(drawn(1).low == drawn(1).low);
  CHECK((drawn(1).low != drawn(2).low || drawn(1).high != drawn(2).high));
}

TEST_CASE("what cannot be drawn from is refused") {
  CHECK_THROWS_AS((void)bootstrap_mean({}), UsageError);
  CHECK_THROWS_AS((void)bootstrap_mean({{}}), UsageError);
  CHECK_THROWS_WITH_AS((void)bootstrap_mean({{1, 2}, {1}}),
                       "bootstrap: cases of a seed: got 1, expected 2 as of the first", UsageError);
  CHECK_THROWS_AS((void)bootstrap_mean({{1}}, {.confidence = 1}), UsageError);
  CHECK_THROWS_AS((void)bootstrap_mean({{1}}, {.draws = 0}), UsageError);
}
