#include "glia/layers/wire.hpp"

#include <doctest/doctest.h>

#include "glia/source/plain.hpp"

using namespace glia;

TEST_CASE("wires carry their channel count through concatenation and upsampling") {
  const auto a = make_wire<2>(Plain<float>{{nullptr, {1, 2, 4, 6, 2}, 2}});
  const auto b = make_wire<3>(Plain<float>{{nullptr, {1, 4, 8, 12, 3}, 3}});
  const auto joined = concat(upsample(a), b);
  static_assert(CarriesChannels<decltype(joined), 5> && !CarriesChannels<decltype(joined), 4>);
  static_assert(!CarriesChannels<Plain<float>, 2>);  // a source alone does not say
  CHECK(joined.source.shape() == Shape{1, 4, 8, 12, 5});
  CHECK(joined.source.first.kind == Interpolation::trilinear);
  CHECK(upsample(a, Interpolation::nearest).source.kind == Interpolation::nearest);
}
