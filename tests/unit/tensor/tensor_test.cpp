#include "glia/tensor/tensor.hpp"

#include <doctest/doctest.h>

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
    CHECK(arena.log()[0].death == Lifetime::forever);
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
