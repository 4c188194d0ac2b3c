#include "glia/tensor/tensor.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "glia/tensor/host_tensor.hpp"
#include "support/expect.hpp"

using namespace glia;

TEST_CASE("a tensor lives as long as its object and moves without copying") {
  Context context{{.threads = 1}};
  Arena arena(Arena::Kind::counting);
  const ArenaScope scope(context, arena);
  {
    Tensor<float> outer;
    CHECK(outer.data() == nullptr);
    {
      Tensor<float> inner(context, {1, 2, 3, 4, 5}, 8);
      CHECK(inner.view().pitch == 8);
      const float* const name = inner.data();
      outer = std::move(inner);
      CHECK(outer.data() == name);
    }
    CHECK(arena.log()[0].death == Lifetime::unending);
    const auto other = make_array<double>(context, 7);
    CHECK(other.shape().c == 7);
    outer = {};
    CHECK(outer.data() == nullptr);
    CHECK(arena.log()[0].death == 2);
  }
  REQUIRE(arena.log().size() == 2);
  CHECK(arena.log()[0].bytes == 24 * 8 * sizeof(float));
  CHECK(arena.log()[1].bytes == 64);
  CHECK(arena.log()[1].death == 3);
}

TEST_CASE("an arena scope ends where its block ends") {
  Context context{{.threads = 1}};
  Arena* const own = &context.arena();
  Arena arena(Arena::Kind::counting);
  {
    const ArenaScope scope(context, arena);
    CHECK(&context.arena() == &arena);
  }
  CHECK(&context.arena() == own);
}

TEST_CASE("a context checks its options and starts threads only when asked") {
  CHECK_THROWS_WITH_AS(Context{{.threads = -1}}, "threads: got -1, expected 0 (all) or more",
                       UsageError);
  CHECK(Context{}.threads() >= 1);
  Context context{{.threads = 2, .seed = 42}};
  CHECK(context.threads() == 2);
  CHECK(context.seed() == 42);
  CHECK(context.pool().size() == 2);
  CHECK(&context.pool() == &context.pool());
}

TEST_CASE("tensors of shapes that no memory holds are refused before memory is asked for") {
  constexpr index_t far = 4194304, most = std::numeric_limits<index_t>::max();
  Context context{{.threads = 1}};
  for (const Shape shape : {Shape{1, far, far, far, 1}, Shape{most, 2, 1, 1, 1},
                            Shape{1, 1, 1, 1, most}, Shape{2, far * far, 1, far, far},
                            Shape{-1, 2, 2, 2, 4}, Shape{1, -2, -2, 2, 4}, Shape{1, 2, 2, 2, -1}}) {
    CAPTURE(to_string(shape));
    const auto host = test::message_of<OutOfMemory>([&] { HostTensor<float>{shape}; });
    CHECK(test::holds(host, to_string(shape)));
    Arena arena(Arena::Kind::counting);
    const ArenaScope scope(context, arena);
    CHECK_THROWS_AS(Tensor<double>(context, shape, shape.c), OutOfMemory);
    CHECK(arena.log().empty());
  }
  // The pitch counts, not the channels.
  Arena arena(Arena::Kind::counting);
  const ArenaScope scope(context, arena);
  CHECK_THROWS_AS(Tensor<float>(context, {1, 1, far, far, 1}, far), OutOfMemory);
  CHECK_THROWS_AS(static_cast<void>(make_array<float>(context, -1)), OutOfMemory);
  CHECK(arena.log().empty());
}
