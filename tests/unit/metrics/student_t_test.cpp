#include "glia/metrics/student_t.hpp"

#include <doctest/doctest.h>

using namespace glia;

TEST_CASE("quantiles are those of scipy.stats.t.ppf") {
  struct Row {
    index_t degrees;
    double of_95, of_50;  // ppf(0.975), ppf(0.75)
  };
  for (const Row& row : {Row{1, 12.706204736, 1.0},
                         {2, 4.302652730, 0.816496581},
                         {3, 3.182446305, 0.764892328},
                         {4, 2.776445105, 0.740697084},
                         {5, 2.570581836, 0.726686844},
                         {13, 2.160368656, 0.693829304},
                         {59, 2.000995378, 0.678670778},
                         {1000, 1.962339081, 0.674735165}}) {
    CHECK(student_quantile(0.95, row.degrees) == doctest::Approx(row.of_95).epsilon(1e-9));
    CHECK(student_quantile(0.5, row.degrees) == doctest::Approx(row.of_50).epsilon(1e-9));
  }
}

TEST_CASE("the normal quantile is scipy's, and the limit of Student's") {
  CHECK(normal_quantile(0.95) == doctest::Approx(1.959963985).epsilon(1e-9));
  CHECK(normal_quantile(0.8) == doctest::Approx(1.281551566).epsilon(1e-9));
  CHECK(student_quantile(0.95, 1000000) == doctest::Approx(normal_quantile(0.95)).epsilon(1e-5));
}

TEST_CASE("no quantile without a confidence or a degree of freedom") {
  CHECK_THROWS_AS((void)student_quantile(1, 3), UsageError);
  CHECK_THROWS_AS((void)student_quantile(0, 3), UsageError);
  CHECK_THROWS_AS((void)student_quantile(0.95, 0), UsageError);
  CHECK_THROWS_AS((void)normal_quantile(1), UsageError);
}
