#include "glia/core/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace glia;

static_assert(is_utf8("") && is_utf8("plain") && is_utf8(std::string_view("\0\x7f", 2)));
static_assert(is_utf8("\xc2\x80 \xdf\xbf \xc3\xa9"));
static_assert(is_utf8("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xe2\x82\xac"));
static_assert(is_utf8("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf \xf0\x9f\xa7\xa0"));
static_assert(!is_utf8("\xc0\x80") && !is_utf8("\xc1\xbf"), "overlong in two bytes");
static_assert(!is_utf8("\xe0\x80\x80") && !is_utf8("\xe0\x9f\xbf"), "overlong in three");
static_assert(!is_utf8("\xf0\x80\x80\x80") && !is_utf8("\xf0\x8f\xbf\xbf"), "overlong in four");
static_assert(!is_utf8("\xed\xa0\x80") && !is_utf8("\xed\xbf\xbf"), "surrogates");
static_assert(!is_utf8("\xf4\x90\x80\x80") && !is_utf8("\xf5\x80\x80\x80") && !is_utf8("\xff"));
static_assert(!is_utf8("\xc3") && !is_utf8("\xe2\x82") && !is_utf8("\xf0\x9f\xa7"), "truncated");
static_assert(!is_utf8("\xc3 ") && !is_utf8("\xe2\x82 ") && !is_utf8("\xf0\x9f\xa7 "), "cut off");
static_assert(!is_utf8("\x80") && !is_utf8("a\xbf") && !is_utf8("\xc3\xa9\xa9"), "stray");

/// UTF-8 by its definition (RFC 3629, section 3).
std::string encoded(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | (point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | (point >> 18)), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST_CASE("the encoding of every code point is UTF-8, but for the surrogates") {
  bool right = true;
  for (std::uint32_t point = 0; point < 0x110000; ++point)
    right = right && is_utf8(encoded(point)) == (point < 0xd800 || point > 0xdfff);
  CHECK(right);
  CHECK_FALSE(is_utf8(encoded(0x110000)));
}

TEST_CASE("no other sequences of bytes are UTF-8: there are as many as there are code points") {
  const auto byte = [](int value) { return static_cast<char>(value); };
  int twos = 0, threes = 0, fours = 0;
  for (int first = 0x80; first < 0x100; ++first) {
    for (int second = 0; second < 0x100; ++second) {
      twos += is_utf8(std::string{byte(first), byte(second)});
      for (int third = 0x80; third < 0x100; ++third)
        threes += is_utf8(std::string{byte(first), byte(second), byte(third)});
      for (const int third : {0x80, 0xbf}) {
        for (const int fourth : {0x80, 0xbf})
          fours += is_utf8(std::string{byte(first), byte(second), byte(third), byte(fourth)});
      }
    }
  }
  CHECK(twos == 0x800 - 0x80);
  CHECK(threes == 0x10000 - 0x800 - 0x800);  // without the surrogates
  // Two bytes name a block of 4096 code points, of which these two by two ends name four.
  CHECK(fours == 4 * (0x110000 - 0x10000) / 0x1000);
}
