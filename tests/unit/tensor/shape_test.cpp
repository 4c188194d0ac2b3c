#include "glia/tensor/shape.hpp"

#include <doctest/doctest.h>

TEST_CASE("shapes count voxels and elements") {
  using namespace glia;
  constexpr Shape s{2, 155, 240, 241, 4};
  static_assert(s.voxels() == 155 * 240 * 241);
  static_assert(s.elements() == 2 * s.voxels() * 4);
  static_assert(s.extent() == Extent{155, 240, 241});
  static_assert(make_shape(2, s.extent(), 4) == s);
  static_assert(with_channels(s, 3) == Shape{2, 155, 240, 241, 3});
  static_assert(doubled(s) == Shape{2, 310, 480, 482, 4});
  static_assert(halved(s) == Shape{2, 77, 120, 120, 4});
  CHECK(to_string(s) == "[2, 155, 240, 241, 4]");
  CHECK(to_string(s.extent()) == "241x240x155");
}

TEST_CASE("the elements of a tensor that is to exist are counted without overflow") {
  using namespace glia;
  CHECK(allocatable_elements({2, 155, 240, 241, 4}) == 2U * 155 * 240 * 241 * 4);
  CHECK(allocatable_elements({0, 0, 0, 0, 0}) == 0);
  CHECK(allocatable_elements({1, 1, 1, 1, 0}) == 0);
  CHECK(allocatable_elements({1, 1 << 18, 1 << 18, 1 << 20, 1}) == std::size_t{1} << 56);
  CHECK_THROWS_WITH_AS(static_cast<void>(allocatable_elements({1, 1 << 19, 1 << 18, 1 << 20, 1})),
                       "tensor: no memory holds a shape of [1, 524288, 262144, 1048576, 1]",
                       OutOfMemory);
  // 2^66 elements and 2^64 are 4 and 0 in 64 bits.
  CHECK_THROWS_AS(static_cast<void>(allocatable_elements({1, 4194304, 4194304, 4194304, 1})),
                  OutOfMemory);
  CHECK_THROWS_AS(static_cast<void>(allocatable_elements({1 << 16, 1 << 16, 1 << 16, 1 << 16, 1})),
                  OutOfMemory);
  CHECK_THROWS_AS(static_cast<void>(allocatable_elements({1, -4, -4, 4, 4})), OutOfMemory);
}
