#include "glia/data/region.hpp"

#include <doctest/doctest.h>

using namespace glia;

TEST_CASE("regions hold the labels that BraTS defines") {
  // rows: background, NCR, ED, ET; columns: WT, TC, ET
  const bool expected[4][3] = {
      {false, false, false}, {true, true, false}, {true, false, false}, {true, true, true}};
  for (std::uint8_t value = 0; value < 4; ++value) {
    for (int index = 0; index < region::count; ++index) {
      CAPTURE(int{value});
      CAPTURE(index);
      CHECK(in_region(value, index) == expected[value][index]);
    }
  }
  CHECK_FALSE(in_region(4, region::WT));
  CHECK_FALSE(in_region(255, region::TC));
}
