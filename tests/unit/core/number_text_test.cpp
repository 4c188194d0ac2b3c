#include "glia/core/number_text.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "glia/core/random.hpp"

namespace {

using namespace glia;

/// The shortest text with an exponent that the C library prints and reads back to the same number.
std::string shortest_printed(double value) {
  char text[64];
  for (int digits = 0; digits < std::numeric_limits<double>::max_digits10; ++digits) {
    std::snprintf(text, sizeof text, "%.*e", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}
std::string shortest_printed(float value) {
  char text[64];
  for (int digits = 0; digits < std::numeric_limits<float>::max_digits10; ++digits) {
    std::snprintf(text, sizeof text, "%.*e", digits, static_cast<double>(value));
    if (std::strtof(text, nullptr) == value) break;
  }
  return text;
}

}  // namespace

TEST_CASE("numbers become the text that one would write by hand") {
  CHECK(number_text(0.1F) == "0.1");
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(static_cast<double>(0.1F)) == "0.10000000149011612");
  CHECK(number_text(0.1 + 0.2) == "0.30000000000000004");
  CHECK(number_text(1e300) == "1e+300");
  CHECK(number_text(5e-324) == "5e-324");
  CHECK(number_text(-123456.75F) == "-123456.75");
  CHECK(number_text(3.0) == "3");
  CHECK(number_text(0.0) == "0");
  CHECK(number_text(-0.0) == "-0");
  CHECK(number_text(-HUGE_VAL) == "-inf");
  CHECK(number_text(std::nan("")) == "nan");
}

TEST_CASE("the text of any number reads back to the same bits, and none shorter does") {
  Random random{31};
  int finite = 0;
  for (int draw = 0; draw < 5000; ++draw) {
    const std::uint64_t word = (std::uint64_t{random()} << 32) | random();
    const auto number = std::bit_cast<double>(word);
    const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(word));
    if (!std::isfinite(number) || !std::isfinite(single)) continue;
    ++finite;
    const std::string text = number_text(number), short_text = number_text(single);
    CAPTURE(text);
    CAPTURE(short_text);
    REQUIRE(std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)) == word);
    REQUIRE(std::bit_cast<std::uint32_t>(std::strtof(short_text.c_str(), nullptr)) ==
            static_cast<std::uint32_t>(word));
    REQUIRE(text.size() <= shortest_printed(number).size());
    REQUIRE(short_text.size() <= shortest_printed(single).size());
  }
  CHECK(finite > 4900);
}
