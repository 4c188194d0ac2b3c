#include "glia/metrics/difference.hpp"

#include <doctest/doctest.h>

#include "glia/core/random.hpp"

using namespace glia;

namespace {

using Ids = std::vector<std::string>;

Ids patients(std::size_t count) {
  Ids ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back("p" + std::to_string(i));
  return ids;
}

}  // namespace

TEST_CASE("one seed: scipy's t interval of the mean over cases") {
  // scipy.stats.t.interval(0.95, 9, loc=mean, scale=sem)
  const Difference result = mean_difference(
      {{0.031, -0.012, 0.044, 0.008, 0.027, -0.005, 0.019, 0.036, 0.002, 0.015}}, patients(10));
  CHECK(result.mean == doctest::Approx(0.0165));
  REQUIRE(result.interval);
  CHECK(result.interval->low == doctest::Approx(0.00339054388).epsilon(1e-6));
  CHECK(result.interval->high == doctest::Approx(0.0296094561).epsilon(1e-6));
  CHECK(result.significant());
}

TEST_CASE("several seeds: both parts of the variance, each with its quantile") {
  // Sums of squares by numpy, quantiles by scipy.stats.t.ppf.
  const std::vector<std::vector<double>> d{{0.031, -0.012, 0.044, 0.008, 0.025, 0.003},
                                           {0.010, -0.022, 0.050, -0.003, 0.031, -0.011},
                                           {0.025, 0.001, 0.030, 0.012, 0.016, 0.007}};
  const Difference wide = mean_difference(d, patients(6));
  REQUIRE(wide.interval);
  CHECK(wide.mean == doctest::Approx(0.0136111111));
  CHECK(wide.interval->low == doctest::Approx(-0.00608521711).epsilon(1e-6));
  CHECK(wide.interval->high == doctest::Approx(0.0333074393).epsilon(1e-6));
  const Difference narrow = mean_difference(d, patients(6), 0.8);
  CHECK(narrow.interval->low == doctest::Approx(0.0022586995).epsilon(1e-6));
  CHECK(narrow.interval->high == doctest::Approx(0.0249635227).epsilon(1e-6));
}

TEST_CASE("where only the seeds differ, the interval is that of t over their means") {
  // scipy.stats.t.interval(0.95, 2, loc=0.2, scale=0.1 / sqrt(3))
  const Difference result = mean_difference(
      {std::vector<double>(8, 0.1), std::vector<double>(8, 0.2), std::vector<double>(8, 0.3)},
      patients(8));
  CHECK(result.interval->low == doctest::Approx(0.2 - 0.24841377));
  CHECK(result.interval->high == doctest::Approx(0.2 + 0.24841377));
}

TEST_CASE("equal differences leave no doubt, less than six patients leave everything open") {
  const std::vector<std::vector<double>> equal(2, std::vector<double>(6, -0.25));
  const Difference six = mean_difference(equal, patients(6));
  CHECK(six.interval->low == doctest::Approx(-0.25));
  CHECK(six.interval->high == doctest::Approx(-0.25));
  CHECK(six.significant());
  const Difference five = mean_difference({{1, 1, 1, 1, 1}}, patients(5));
  CHECK(five.mean == 1);
  CHECK_FALSE(five.interval.has_value());
  CHECK_FALSE(five.significant());
}

TEST_CASE("scans of one patient count together, and the mean stays that of the cases") {
  const auto scan = [](int patient, int time) {
    return "BraTS-GLI-" + std::to_string(10000 + patient) + "-00" + std::to_string(time);
  };
  // Twice each: the interval of the patients' means.
  Ids twice;
  std::vector<double> of_scans, of_patients;
  for (int p = 0; p < 7; ++p) {
    for (int t = 0; t < 2; ++t) {
      twice.push_back(scan(p, t));
      of_scans.push_back(0.01 * p * p + 0.002 * (1 - 2 * t));
    }
    of_patients.push_back(0.01 * p * p);
  }
  const Difference scans = mean_difference({of_scans}, twice);
  const Difference means = mean_difference({of_patients}, patients(7));
  CHECK(scans.mean == doctest::Approx(means.mean));
  CHECK(scans.interval->low == doctest::Approx(means.interval->low));
  CHECK(scans.interval->high == doctest::Approx(means.interval->high));

  Ids unequal = twice;
  unequal.push_back(scan(0, 2));
  unequal.push_back(scan(3, 2));
  of_scans.insert(of_scans.end(), {0.5, 0.1});
  CHECK(mean_difference({of_scans}, unequal).mean == doctest::Approx((2 * 0.91 + 0.6) / 16));

  const Ids of_five{scan(1, 0), scan(1, 1), scan(2, 0), scan(3, 0), scan(4, 0), scan(5, 0)};
  CHECK_FALSE(mean_difference({{1, 2, 3, 4, 5, 6}}, of_five).interval.has_value());
}

TEST_CASE("what has no mean is refused") {
  CHECK_THROWS_AS((void)mean_difference({}, patients(1)), UsageError);
  CHECK_THROWS_AS((void)mean_difference({{}}, {}), UsageError);
  CHECK_THROWS_WITH_AS((void)mean_difference({{1, 2}, {1}}, patients(2)),
                       "difference: cases of a seed: got 1, expected 2", UsageError);
  CHECK_THROWS_AS((void)mean_difference({std::vector<double>(6)}, patients(6), 1), UsageError);
}
