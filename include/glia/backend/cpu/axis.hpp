#pragma once

#include <algorithm>

#include "glia/core/types.hpp"

namespace glia::cpu {

/// One axis of a convolution with padding (kernel - 1) / 2, or of its adjoint: which inputs an
/// output reads.
///
/// Outputs fall into `period` classes by their residue. Output o of residue r reads the inputs
/// origin(o) + taps(r).offset + [0, taps(r).count), in the order of the weights' slots from
/// taps(r).slot on.
struct Axis {
  index_t kernel, stride;
  bool adjoint;

  struct Taps {
    index_t count, offset, slot;
  };
  struct Range {
    index_t low, high;  ///< both included; empty if high < low
  };

  [[nodiscard]] index_t padding() const { return (kernel - 1) / 2; }
  [[nodiscard]] index_t period() const { return adjoint ? stride : 1; }
  [[nodiscard]] index_t step() const { return adjoint ? 1 : stride; }
  [[nodiscard]] index_t origin(index_t output) const { return output / period() * step(); }
  [[nodiscard]] index_t most_taps() const { return (kernel + period() - 1) / period(); }

  [[nodiscard]] Taps taps(index_t residue) const {
    if (!adjoint) return {kernel, -padding(), 0};
    Taps taps{0, 0, 0};
    for (index_t r = 0; r <= residue; ++r) {
      taps.slot += taps.count;
      taps.count = count(r);
    }
    if (taps.count > 0) taps.offset = (residue + padding() - last_kernel(residue)) / stride;
    return taps;
  }
  /// The kernel coordinate whose weights lie in a slot: ascending inputs mean descending
  /// coordinates in the adjoint.
  [[nodiscard]] index_t kernel_at(index_t slot) const {
    if (!adjoint) return slot;
    index_t residue = 0;
    while (slot >= taps(residue).slot + taps(residue).count) ++residue;
    return last_kernel(residue) - (slot - taps(residue).slot) * stride;
  }
  /// Inputs that outputs [first, last) read, padding included.
  [[nodiscard]] Range range(index_t first, index_t last) const {
    Range range{0, -1};
    for (const index_t edge : {first, (std::max)(first, last - period())}) {
      for (index_t o = edge; o < (std::min)(last, edge + period()); ++o) {
        const Taps at = taps(o % period());
        if (at.count == 0) continue;
        const index_t low = origin(o) + at.offset, high = low + at.count - 1;
        range = range.high < range.low
                    ? Range{low, high}
                    : Range{(std::min)(range.low, low), (std::max)(range.high, high)};
      }
    }
    return range;
  }

 private:
  /// Kernel coordinates k of a residue satisfy k = residue + padding (mod stride).
  [[nodiscard]] index_t count(index_t residue) const {
    const index_t first = (residue + padding()) % stride;
    return first < kernel ? (kernel - 1 - first) / stride + 1 : 0;
  }
  [[nodiscard]] index_t last_kernel(index_t residue) const {
    return (residue + padding()) % stride + (count(residue) - 1) * stride;
  }
};

}  // namespace glia::cpu
