#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "glia/core/log.hpp"
#include "glia/core/parallel.hpp"
#include "glia/core/processors.hpp"
#include "glia/core/random.hpp"
#include "glia/tensor/arena.hpp"
#include "glia/tensor/shape.hpp"

namespace glia {

/// What a run costs, filled by `Counting<Backend>`. One multiply-add is two FLOPs.
struct Ledger {
  /// One convolution of the run, in order of execution.
  struct Convolution {
    const void* weights;  ///< names the layer: the address of its weights
    index_t kernel, stride;
    Shape in, out;
    double flops;
  };
  double flops = 0, bytes_read = 0, bytes_written = 0;
  std::vector<Convolution> convolutions;
};

/// Names the random numbers of one layer in one training step; equal keys give equal numbers, so
/// backward needs the key alone.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint32_t step = 0, ordinal = 0;
  /// Four of the key's numbers. The name's last part keeps layers and data apart.
  [[nodiscard]] std::array<std::uint32_t, 4> words(std::uint32_t block) const {
    return random_words(seed, block, step, ordinal, 0x6c617965);
  }
};

struct ContextOptions {
  int threads = 0;         ///< 0: available_processors()
  std::uint64_t seed = 0;  ///< of every random number that the run draws
  LogSink log{};
};

/// What a run needs and nothing global: threads, seed, log, the arena in use and the ledger. It
/// serves one thread of the caller's at a time: give each thread a context, and models, of its own.
class Context {
 public:
  explicit Context(ContextOptions options = {}) : options_(std::move(options)) {
    if (options_.threads < 0) {
      throw UsageError("threads: got " + std::to_string(options_.threads) +
                       ", expected 0 (all) or more");
    }
    if (options_.threads == 0) options_.threads = available_processors();
    begin_step(0);
  }

  [[nodiscard]] int threads() const { return options_.threads; }
  [[nodiscard]] std::uint64_t seed() const { return options_.seed; }
  /// The seed of the next model's weights: of the first one the context's own, of each further one
  /// another, so that the models of one context differ and yet are the same in every run.
  [[nodiscard]] std::uint64_t next_model_seed() {
    const std::uint32_t model = models_++;
    if (model == 0) return seed();
    const auto words = random_words(seed(), 0, model, 0, 0x6d6f6465);  // apart from layers and data
    return (std::uint64_t{words[0]} << 32) | words[1];
  }
  [[nodiscard]] const LogSink& log_sink() const { return options_.log; }
  /// Starts the threads on first use: a context that only counts never has any.
  [[nodiscard]] ThreadPool& pool() {
    if (!pool_) pool_ = std::make_unique<ThreadPool>(options_.threads);
    return *pool_;
  }
  [[nodiscard]] Arena& arena() { return *arena_; }
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  /// Bytes that the planned runs of this context share: those of the largest so far.
  [[nodiscard]] std::size_t memory_bytes() const { return memory_.bytes(); }

  /// Layers that follow draw the random numbers of this training step.
  void begin_step(index_t step) { next_key_ = {seed(), static_cast<std::uint32_t>(step), 0}; }
  /// The key of the next layer that draws: the same for the same layer, seed and step.
  [[nodiscard]] RandomKey draw_key() {
    const RandomKey key = next_key_;
    ++next_key_.ordinal;
    return key;
  }

 private:
  friend class ArenaScope;
  ContextOptions options_;
  std::unique_ptr<ThreadPool> pool_;
  RunMemory memory_;
  std::atomic<std::thread::id> runner_{};  // the thread whose runs are going on
  Arena own_;
  Arena* arena_ = &own_;
  Ledger ledger_;
  RandomKey next_key_;
  std::uint32_t models_ = 0;
};

/// One run: the context allocates from `arena` while this object lives, a planned arena in the
/// memory that all planned runs of the context share. Throws Error if such a run is already going
/// on, UsageError if one of another thread is or if a tensor of the arena's last run is alive,
/// OutOfMemory.
class ArenaScope {
 public:
  ArenaScope(Context& context, Arena& arena)
      : thread_(context.runner_), context_(context), arena_(arena) {
    if (const MemoryPlan* plan = arena.plan()) {
      std::byte* const memory = context.memory_.borrow(plan->bytes);
      try {
        arena.lend(memory);
      } catch (...) {
        context.memory_.give_back();
        throw;
      }
    }
    arena.begin_run();
    before_ = std::exchange(context.arena_, &arena);
  }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;
  ~ArenaScope() {
    context_.arena_ = before_;
    if (!arena_.plan()) return;
    arena_.take_back();
    context_.memory_.give_back();
  }

 private:
  /// The outermost run of a thread takes the context, and gives it back.
  class ThreadGuard {
   public:
    explicit ThreadGuard(std::atomic<std::thread::id>& runner) : runner_(runner) {
      std::thread::id found{};
      outermost_ = runner_.compare_exchange_strong(found, std::this_thread::get_id());
      if (!outermost_ && found != std::this_thread::get_id()) {
        throw UsageError(
            "context: two threads run networks in it at a time; give each thread a context, and "
            "models, of its own");
      }
    }
    ThreadGuard(const ThreadGuard&) = delete;
    ThreadGuard& operator=(const ThreadGuard&) = delete;
    ~ThreadGuard() {
      if (outermost_) runner_.store({});
    }

   private:
    std::atomic<std::thread::id>& runner_;
    bool outermost_;
  };

  ThreadGuard thread_;
  Context& context_;
  Arena& arena_;
  Arena* before_ = nullptr;
};

}  // namespace glia
