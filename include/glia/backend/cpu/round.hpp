#pragma once

#include "glia/core/types.hpp"

namespace glia::cpu {

[[nodiscard]] constexpr index_t round_up(index_t x, index_t unit) {
  return (x + unit - 1) / unit * unit;
}
[[nodiscard]] constexpr index_t divide_up(index_t x, index_t y) { return (x + y - 1) / y; }

}  // namespace glia::cpu
