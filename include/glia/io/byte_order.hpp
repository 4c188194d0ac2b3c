#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace glia::detail {

/// The value whose bytes are those of `value` in reverse order.
template <class T>
[[nodiscard]] constexpr T swap_bytes(T value) {
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
  std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

/// `value` as another byte order has it if `swapped`, else itself.
template <class T>
[[nodiscard]] constexpr T in_order(T value, bool swapped) {
  return swapped ? swap_bytes(value) : value;
}

/// A value stored at any address, in the other byte order if `swapped`.
template <class T>
[[nodiscard]] T load(const std::byte* from, bool swapped = false) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return in_order(value, swapped);
}

}  // namespace glia::detail
