#pragma once

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

#include "glia/core/error.hpp"

namespace glia {

namespace detail {

struct FreeBlock {
  void operator()(std::byte* p) const { std::free(p); }
};

}  // namespace detail

/// Memory that begins on a cache line; large blocks sit on huge pages: fewer page faults.
using MemoryBlock = std::unique_ptr<std::byte, detail::FreeBlock>;

/// Throws OutOfMemory, naming the bytes, if the system does not give them.
[[nodiscard]] inline MemoryBlock allocate_block(std::size_t bytes) {
  constexpr std::size_t line = 64, huge = std::size_t{1} << 21;
  const std::size_t unit = bytes >= huge ? huge : line;
  const std::size_t size = (std::max)(unit, (bytes + unit - 1) / unit * unit);
  MemoryBlock block(static_cast<std::byte*>(std::aligned_alloc(unit, size)));
  if (!block)
    throw OutOfMemory("arena: the system has no " + std::to_string(size) + " bytes to give");
#if defined(__linux__)
  if (unit == huge) madvise(block.get(), size, MADV_HUGEPAGE);
#endif
  return block;
}

/// The memory that all planned runs of a context share: one block, as large as the largest of them
/// so far, which one run at a time may have.
class RunMemory {
 public:
  /// At least `bytes`, until `give_back()`; what was in them is lost. Throws Error while another
  /// run has the memory, OutOfMemory.
  [[nodiscard]] std::byte* borrow(std::size_t bytes) {
    if (borrowed_) throw Error(1, "arena: a planned run began inside another one of its context");
    if (!block_ || bytes > bytes_) {
      block_.reset();  // first, or both would be there at once
      bytes_ = 0;
      block_ = allocate_block(bytes);
      bytes_ = bytes;
    }
    borrowed_ = true;
    return block_.get();
  }
  void give_back() { borrowed_ = false; }
  /// Size of the block.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  MemoryBlock block_;
  std::size_t bytes_ = 0;
  bool borrowed_ = false;
};

}  // namespace glia
