#include "glia/tensor/spacing.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace glia;

TEST_CASE("spacing: axes in the order of an extent, text in that of imaging tools") {
  const Spacing spacing{.d = 5, .h = 1, .w = 0.9375};
  CHECK(spacing.along(0) == 5);
  CHECK(spacing.along(1) == 1);
  CHECK(spacing.along(2) == 0.9375);
  CHECK(to_string(spacing) == "0.9375x1x5 mm");
  CHECK(to_string(Spacing{1, 1, 1.00000006}) == "1x1x1 mm");
}

TEST_CASE("spacing: zero, negative, infinite and no numbers are refused on every axis") {
  CHECK_NOTHROW(require_positive(Spacing{1e-3, 1, 1e3}));
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double wrong : {0.0, -1.0, inf, nan}) {
    CHECK_THROWS_AS(require_positive({wrong, 1, 1}), UsageError);
    CHECK_THROWS_AS(require_positive({1, wrong, 1}), UsageError);
    CHECK_THROWS_AS(require_positive({1, 1, wrong}), UsageError);
  }
  CHECK_THROWS_WITH_AS(require_positive({1, 0, 2}),
                       "spacing: got 2x0x1 mm, expected positive finite mm", UsageError);
}
