#include "glia/data/batch.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <utility>

TEST_CASE("a batch hands its tensors over without copying them") {
  using namespace glia;
  static_assert(std::is_nothrow_move_constructible_v<Batch>);
  Batch batch{
      HostTensor<float>(Shape{2, 3, 4, 5, 4}), HostTensor<float>(Shape{2, 3, 4, 5, 3}), {"a", "b"}};
  const float* const image = batch.image.values().data();
  const Batch moved = std::move(batch);
  CHECK(moved.image.values().data() == image);
  CHECK(moved.target.shape() == with_channels(moved.image.shape(), 3));
  CHECK(moved.ids.size() == 2);
}
