#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <string>

namespace glia {

/// The shortest text that reads back to the same bits, whatever the program's locale.
template <std::floating_point T>
[[nodiscard]] std::string number_text(T value) {
  std::array<char, 64> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

}  // namespace glia
