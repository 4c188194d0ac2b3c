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
