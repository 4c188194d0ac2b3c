#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/tensor/run_memory.hpp"

namespace glia {

/// When a block of arena memory was born and when it died, in steps of a logical clock.
struct Lifetime {
  static constexpr std::size_t unending = (std::numeric_limits<std::size_t>::max)();
  std::size_t bytes, birth, death = unending;
};

/// Where each block of a run lies: the result of planning the lifetimes that an earlier, identical
/// run logged.
struct MemoryPlan {
  std::vector<Lifetime> lifetimes;
  std::vector<std::size_t> offsets;
  std::size_t bytes = 0;  ///< size of the arena
};

/// Places lifetimes largest first, each at the lowest offset that is free during its life.
[[nodiscard]] inline MemoryPlan plan_memory(std::vector<Lifetime> log) {
  MemoryPlan plan{.lifetimes = std::move(log), .offsets = {}};
  const auto& lifetimes = plan.lifetimes;
  std::vector<std::size_t> order(lifetimes.size()), placed;
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  plan.offsets.resize(lifetimes.size());
  for (const std::size_t i : order) {
    std::vector<std::pair<std::size_t, std::size_t>> taken;
    for (const std::size_t j : placed) {
      const bool overlap =
          lifetimes[j].birth < lifetimes[i].death && lifetimes[i].birth < lifetimes[j].death;
      if (overlap) taken.emplace_back(plan.offsets[j], lifetimes[j].bytes);
    }
    std::sort(taken.begin(), taken.end());
    std::size_t offset = 0;
    for (const auto& [start, bytes] : taken) {
      if (offset + lifetimes[i].bytes <= start) break;
      offset = (std::max)(offset, start + bytes);
    }
    plan.offsets[i] = offset;
    plan.bytes = (std::max)(plan.bytes, offset + lifetimes[i].bytes);
    placed.push_back(i);
  }
  return plan;
}

/// The memory of one run of a network.
///
/// A planned arena hands out the plan's offsets in memory that it is lent for a run (`ArenaScope`
/// does); a run that departs from its plan, in the size or the life of a block, throws at the next
/// allocation, before two blocks can overlap. A counting arena has no memory: its addresses are
/// unique names, and it logs the lifetimes that a plan is made of. A heap arena gives every tensor
/// a block of its own, for tests and small tools, and forgets blocks that died.
class Arena {
 public:
  enum class Kind { heap, counting };
  static constexpr std::size_t alignment = 64;

  explicit Arena(Kind kind = Kind::heap)
      : kind_(kind == Kind::heap ? State::heap : State::counting) {}

  explicit Arena(MemoryPlan plan) : kind_(State::planned), plan_(std::move(plan)) {}

  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Returns the id of a block that lives until `release(id)`.
  std::size_t allocate(std::size_t bytes) {
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (kind_ == State::planned) require_planned(log_.size(), bytes);
    MemoryBlock block = kind_ == State::heap ? allocate_block(bytes) : nullptr;
    const std::size_t id = next_id();
    log_[id] = {bytes, clock_++};
    ++alive_;
    live_ += bytes;
    live_peak_ = (std::max)(live_peak_, live_);
    switch (kind_) {
      case State::planned:
        addresses_[id] = lent_ + plan_.offsets[id];
        peak_ = (std::max)(peak_, plan_.offsets[id] + bytes);
        break;
      case State::heap:
        heap_.resize(log_.size());
        heap_[id] = std::move(block);
        addresses_[id] = heap_[id].get();
        peak_ = live_peak_;
        break;
      case State::counting:
        addresses_[id] = reinterpret_cast<std::byte*>(alignment + names_);
        names_ += bytes + alignment;
        break;
    }
    return id;
  }
  void release(std::size_t id) {
    log_[id].death = clock_++;
    --alive_;
    live_ -= log_[id].bytes;
    if (kind_ == State::heap) {
      heap_[id].reset();
      free_.push_back(id);
    }
    if (kind_ == State::planned && plan_.lifetimes[id].death != log_[id].death) departed_ = true;
  }
  [[nodiscard]] std::byte* address(std::size_t id) const { return addresses_[id]; }

  /// The plan that it follows; null for the other kinds.
  [[nodiscard]] const MemoryPlan* plan() const {
    return kind_ == State::planned ? &plan_ : nullptr;
  }
  /// Gives a planned arena the `plan()->bytes` that its next runs lie in. Throws Error if it has
  /// some, UsageError if a block of the last run is alive.
  void lend(std::byte* memory) {
    if (lent_) throw Error(1, "arena: it is in the middle of a run");
    require_no_blocks();
    lent_ = memory;
  }
  void take_back() { lent_ = nullptr; }

  /// Forgets the log: the next run starts. Throws UsageError if a block of the last one is alive:
  /// its memory is about to be given away.
  void begin_run() {
    require_no_blocks();
    log_.clear();
    addresses_.clear();
    heap_.clear();
    free_.clear();
    clock_ = 0;
    peak_ = live_peak_ = live_ = 0;
    departed_ = false;
  }
  [[nodiscard]] bool counts_only() const { return kind_ == State::counting; }
  /// Bytes of arena that the run has touched so far: the measured size.
  [[nodiscard]] std::size_t peak() const { return peak_; }
  /// Largest sum of live blocks: no placement can need less.
  [[nodiscard]] std::size_t live_peak() const { return live_peak_; }
  /// The blocks of the run in order of birth; of a heap arena those alive and some that died.
  [[nodiscard]] const std::vector<Lifetime>& log() const { return log_; }

 private:
  enum class State { planned, heap, counting };
  void require_no_blocks() const {
    if (alive_ == 0) return;
    throw UsageError("arena: a run begins while " + std::to_string(alive_) + " block(s) of " +
                     std::to_string(live_) +
                     " bytes are alive: a tensor has outlived the run that made it (keep a copy in "
                     "a HostTensor, or release the tensor by t = {})");
  }
  /// A new place of the log, or that of a block of the heap that died.
  std::size_t next_id() {
    if (free_.empty()) {
      log_.emplace_back();
      addresses_.emplace_back();
      return log_.size() - 1;
    }
    const std::size_t id = free_.back();
    free_.pop_back();
    return id;
  }
  void require_planned(std::size_t id, std::size_t bytes) const {
    const auto& blocks = plan_.lifetimes;
    if (!lent_) throw Error(1, "arena: a planned run needs memory, see ArenaScope");
    if (!departed_ && id < blocks.size() && blocks[id].bytes == bytes && blocks[id].birth == clock_)
      return;
    throw Error(1, "arena: block " + std::to_string(id) + " of " + std::to_string(bytes) +
                       " bytes at step " + std::to_string(clock_) +
                       " is not in the plan of this run");
  }

  State kind_;
  MemoryPlan plan_;
  std::byte* lent_ = nullptr;
  std::vector<MemoryBlock> heap_;
  std::vector<Lifetime> log_;
  std::vector<std::byte*> addresses_;
  std::vector<std::size_t> free_;
  std::size_t names_ = 0, clock_ = 0, peak_ = 0, alive_ = 0, live_ = 0, live_peak_ = 0;
  bool departed_ = false;  // a block died earlier or later than planned
};

}  // namespace glia
