#include "glia/tensor/arena.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/tensor/context.hpp"
#include "support/expect.hpp"

using namespace glia;

namespace {

/// Largest sum of bytes alive at one time.
std::size_t live_bound(const std::vector<Lifetime>& lifetimes) {
  std::size_t bound = 0;
  for (const auto& at : lifetimes) {
    std::size_t live = 0;
    for (const auto& life : lifetimes) {
      if (life.birth <= at.birth && at.birth < life.death) live += life.bytes;
    }
    bound = (std::max)(bound, live);
  }
  return bound;
}

bool overlap_free(const MemoryPlan& plan) {
  for (std::size_t i = 0; i < plan.offsets.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const Lifetime &a = plan.lifetimes[i], &b = plan.lifetimes[j];
      const bool together = a.birth < b.death && b.birth < a.death;
      const bool apart = plan.offsets[i] + a.bytes <= plan.offsets[j] ||
                         plan.offsets[j] + b.bytes <= plan.offsets[i];
      if (together && !apart) return false;
    }
  return true;
}

/// A block that dies with its object, if not before, as that of a Tensor does.
class Block {
 public:
  Block(Arena& arena, std::size_t bytes) : arena_(&arena), id_(arena.allocate(bytes)) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { release(); }
  void release() {
    if (arena_) std::exchange(arena_, nullptr)->release(id_);
  }
  [[nodiscard]] std::byte* address() const { return arena_->address(id_); }

 private:
  Arena* arena_;
  std::size_t id_;
};

/// Two blocks of 64 and 128 bytes, then one that lives on `third` bytes; the second dies first.
void run(Arena& arena, std::size_t third, bool second_dies = true) {
  arena.begin_run();
  Block a(arena, 64), b(arena, 100);
  if (second_dies) b.release();
  Block c(arena, third);
  if (!second_dies) b.release();
  a.release();
  c.release();
}

MemoryPlan plan_of_run() {
  Arena counting(Arena::Kind::counting);
  run(counting, 64);
  return plan_memory(counting.log());
}

}  // namespace

TEST_CASE("plans of random lifetimes never overlap and contain every block") {
  for (std::uint32_t round = 0; round < 300; ++round) {
    Random random{1, round};
    std::vector<Lifetime> lifetimes;
    const index_t count = 1 + random.below(40);
    for (index_t i = 0; i < count; ++i) {
      const auto birth = static_cast<std::size_t>(random.below(60));
      const auto length = static_cast<std::size_t>(1 + random.below(30));
      lifetimes.push_back({static_cast<std::size_t>(64 * random.below(20)), birth,
                           random.bernoulli(0.1) ? Lifetime::unending : birth + length});
    }
    const MemoryPlan plan = plan_memory(lifetimes);
    REQUIRE(plan.offsets.size() == lifetimes.size());
    CHECK(overlap_free(plan));
    std::size_t end = 0;
    for (std::size_t i = 0; i < lifetimes.size(); ++i)
      end = (std::max)(end, plan.offsets[i] + lifetimes[i].bytes);
    CHECK(plan.bytes == end);
    CHECK(plan.bytes >= live_bound(lifetimes));
  }
}

TEST_CASE("nested and chained lifetimes reach the bound of live bytes") {
  // The call stack of a U: each level opens inside the one above.
  std::vector<Lifetime> nested;
  for (std::size_t level = 0; level < 6; ++level)
    nested.push_back({std::size_t{6400} >> level, level, 20 - level});
  CHECK(plan_memory(nested).bytes == live_bound(nested));
  // A chain: each tensor dies when the one after the next is born; odd ones reuse even ones' place.
  std::vector<Lifetime> chain;
  for (std::size_t i = 0; i < 10; ++i) chain.push_back({640, 2 * i, 2 * i + 3});
  CHECK(plan_memory(chain).bytes == 2 * 640);
  // Small blocks that outlive a large one do not push it up: the largest is placed first.
  const std::vector<Lifetime> mixed{{64, 0, 9}, {6400, 1, 3}, {64, 2, 9}, {6400, 5, 7}};
  CHECK(plan_memory(mixed).bytes == 6400 + 128);
  CHECK(plan_memory(mixed).offsets == std::vector<std::size_t>{6400, 0, 6464, 0});
  CHECK(plan_memory({}).bytes == 0);
}

TEST_CASE("a block that was never released is planned to live for ever") {
  Arena counting(Arena::Kind::counting);
  counting.allocate(64);
  counting.release(counting.allocate(64));
  const MemoryPlan plan = plan_memory(counting.log());
  CHECK(plan.bytes == 128);
}

TEST_CASE("a planned arena reuses memory exactly as planned") {
  const MemoryPlan plan = plan_of_run();
  CHECK(plan.bytes == 64 + 128);
  Arena arena(plan);
  const MemoryBlock memory = allocate_block(plan.bytes);
  arena.lend(memory.get());
  for (int round = 0; round < 2; ++round) {
    run(arena, 64);
    CHECK(arena.peak() == plan.bytes);
    CHECK(arena.live_peak() == plan.bytes);
  }
  arena.begin_run();
  const auto a = arena.allocate(64), b = arena.allocate(100);
  const auto distance = arena.address(a) > arena.address(b) ? arena.address(a) - arena.address(b)
                                                            : arena.address(b) - arena.address(a);
  CHECK(distance >= 64);
  CHECK(reinterpret_cast<std::uintptr_t>(arena.address(a)) % Arena::alignment == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(arena.address(b)) % Arena::alignment == 0);
  arena.release(b);
  arena.release(a);
}

TEST_CASE("a run that departs from its plan throws") {
  const MemoryPlan plan = plan_of_run();
  Arena arena(plan);
  CHECK_THROWS_WITH(run(arena, 64), "arena: a planned run needs memory, see ArenaScope");
  const MemoryBlock memory = allocate_block(plan.bytes);
  arena.lend(memory.get());
  CHECK_THROWS_WITH(arena.lend(memory.get()), "arena: it is in the middle of a run");
  CHECK_THROWS_WITH(run(arena, 65),
                    "arena: block 2 of 128 bytes at step 3 is not in the plan of this run");
  // The same sizes, but a block that should have died is still alive: its memory would be given
  // away twice.
  CHECK_THROWS_WITH(run(arena, 64, false),
                    "arena: block 2 of 64 bytes at step 2 is not in the plan of this run");
  {
    arena.begin_run();
    Block a(arena, 64);
    const Block b(arena, 100);
    a.release();  // the wrong one, at the planned time
    CHECK_THROWS_AS(arena.allocate(64), Error);
  }
  run(arena, 64);
  CHECK_THROWS_AS(arena.allocate(64), Error);  // one block more than planned
  run(arena, 64);
  CHECK(arena.peak() == plan.bytes);
}

TEST_CASE("a counting arena has no memory and unique names") {
  Arena arena(Arena::Kind::counting);
  CHECK(arena.counts_only());
  const std::size_t terabytes = std::size_t{1} << 45;
  const auto a = arena.allocate(terabytes), b = arena.allocate(terabytes),
             empty = arena.allocate(0);
  CHECK(arena.address(a) != nullptr);
  CHECK(arena.address(a) != arena.address(b));
  CHECK(arena.address(b) != arena.address(empty));
  arena.release(a);
  CHECK(arena.address(arena.allocate(terabytes)) != arena.address(a));
  CHECK(arena.live_peak() == 2 * terabytes);
  CHECK(arena.peak() == 0);
}

TEST_CASE("a heap arena gives each block its own aligned memory") {
  Arena arena;
  const auto a = arena.allocate(10), b = arena.allocate(0),
             c = arena.allocate(std::size_t{5} << 20);
  for (const auto id : {a, b, c}) {
    CHECK(reinterpret_cast<std::uintptr_t>(arena.address(id)) % Arena::alignment == 0);
  }
  std::fill_n(arena.address(c), std::size_t{5} << 20, std::byte{1});
  std::fill_n(arena.address(a), 10, std::byte{2});
  CHECK(*arena.address(c) == std::byte{1});
  CHECK(arena.peak() == 64 + (std::size_t{5} << 20));
  for (const auto id : {a, b, c}) arena.release(id);
}

TEST_CASE("a heap arena remembers the blocks that are alive, not all that ever were") {
  Arena arena;
  Block stays(arena, 64);
  *stays.address() = std::byte{7};
  for (int i = 0; i < 100000; ++i) {
    const Block brief(arena, 64), other(arena, 640);
    *brief.address() = std::byte{1};
    CHECK(brief.address() != stays.address());
  }
  CHECK(arena.log().size() == 3);
  CHECK(*stays.address() == std::byte{7});
  CHECK(arena.live_peak() == 64 + 64 + 640);
}

TEST_CASE("a run does not begin while a block of the last one is alive") {
  for (const auto kind : {Arena::Kind::heap, Arena::Kind::counting}) {
    Arena arena(kind);
    Context context{{.threads = 1}};
    const auto begin = [&] { const ArenaScope scope(context, arena); };
    {
      begin();
      const Block first(arena, 64), second(arena, 0);
      const auto message = test::message_of<UsageError>(begin);
      CHECK(test::holds(message, "2 block(s) of 64 bytes", "a tensor has outlived the run"));
      CHECK(&context.arena() != &arena);
    }
    begin();
  }
  // A planned arena is not left lent, nor the context's memory borrowed.
  Arena arena(plan_of_run());
  Context context{{.threads = 1}};
  const auto begin = [&] { const ArenaScope scope(context, arena); };
  {
    std::optional<ArenaScope> scope(std::in_place, context, arena);
    const Block kept(arena, 64);
    scope.reset();
    CHECK_THROWS_AS(begin(), UsageError);
  }
  begin();
}

TEST_CASE("a run in a context that another thread runs in is refused, and names the threads") {
  Context context{{.threads = 1}};
  Arena arena(plan_of_run()), counting(Arena::Kind::counting);
  // What happens when another thread begins a run: the message.
  const auto begin_elsewhere = [&](Arena& other) {
    std::string message;
    std::thread([&] {
      try {
        const ArenaScope scope(context, other);
      } catch (const UsageError& error) {
        message = error.what();
      }
    }).join();
    return message;
  };
  Arena others(plan_of_run());
  {
    const ArenaScope scope(context, arena);
    { const ArenaScope nested(context, counting); }
    CHECK(test::holds(begin_elsewhere(others), "two threads", "a context, and models, of its own"));
    Arena heap;
    CHECK(test::holds(begin_elsewhere(heap), "two threads"));
    CHECK(&context.arena() == &arena);
  }
  CHECK(begin_elsewhere(others).empty());
}

TEST_CASE("too much memory is refused with the number of bytes, and less is given afterwards") {
  RunMemory memory;
  CHECK_THROWS_WITH_AS((void)memory.borrow(std::size_t{1} << 62),
                       "arena: the system has no 4611686018427387904 bytes to give", OutOfMemory);
  CHECK(memory.bytes() == 0);
  CHECK(memory.borrow(100) != nullptr);
}

TEST_CASE("planned runs of a context share one block, as large as the largest of them") {
  Context context{{.threads = 1}}, other{{.threads = 1}};
  MemoryPlan large = plan_of_run();
  large.bytes = 1000;  // more than it uses
  Arena first(plan_of_run()), second(large);
  const auto address_in = [](Context& k, Arena& arena) {
    const ArenaScope scope(k, arena);
    run(arena, 64);
    arena.begin_run();
    const auto id = arena.allocate(64);
    const std::byte* const address = arena.address(id);
    arena.release(id);
    return address;
  };
  CHECK(context.memory_bytes() == 0);
  CHECK(address_in(context, first) != nullptr);
  CHECK(context.memory_bytes() == 192);
  const std::byte* const shared = address_in(context, second);
  CHECK(context.memory_bytes() == 1000);
  CHECK(address_in(context, first) == shared);  // the block does not shrink
  CHECK(context.memory_bytes() == 1000);
  CHECK(address_in(other, first) != shared);
}

TEST_CASE(
    "a planned run inside another one of its context throws, in another context it does not") {
  Context context{{.threads = 1}}, other{{.threads = 1}};
  Arena outer(plan_of_run()), inner(plan_of_run());
  {
    const ArenaScope scope(context, outer);
    const auto begin = [](Context& k, Arena& arena) { const ArenaScope nested(k, arena); };
    CHECK_THROWS_WITH(begin(context, inner),
                      "arena: a planned run began inside another one of its context");
    CHECK_THROWS_WITH(begin(other, outer), "arena: it is in the middle of a run");
    CHECK(&context.arena() == &outer);
    begin(other, inner);
    begin(other, inner);  // nothing is left lent after a refusal
    Arena heap;
    begin(context, heap);
    run(outer, 64);
  }
  const ArenaScope scope(context, inner);
  run(inner, 64);
}
