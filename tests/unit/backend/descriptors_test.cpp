#include "glia/backend/descriptors.hpp"

#include <doctest/doctest.h>

using namespace glia;

TEST_CASE("convolution outputs have PyTorch's extents") {
  static_assert(ConvDescriptor{4, 30, 3, 1}.output({2, 5, 6, 7, 4}) == Shape{2, 5, 6, 7, 30});
  static_assert(ConvDescriptor{4, 8, 3, 2}.output({1, 5, 6, 1, 4}) == Shape{1, 3, 3, 1, 8});
  static_assert(ConvDescriptor{4, 8, 1, 2}.output({1, 5, 6, 1, 4}) == Shape{1, 3, 3, 1, 8});
  static_assert(ConvDescriptor{4, 8, 1, 1}.padding() == 0);
  static_assert(ConvDescriptor{4, 8, 3, 1}.taps() == 27);
  // Isensee et al. 2018, first convolution on 128^3: 6.795 GMAC.
  const ConvDescriptor first{4, 30, 3, 1};
  CHECK(first.flops(first.output({1, 128, 128, 128, 4})) ==
        doctest::Approx(2 * 6.795e9).epsilon(1e-4));
}
