#pragma once

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "glia/core/types.hpp"

namespace glia {

/// Four random words, a function of their name alone: Philox4x32-10 (Salmon et al. 2011) of the
/// counter (block, a, b, c) under the key `seed`, through Random123.
[[nodiscard]] inline std::array<std::uint32_t, 4> random_words(std::uint64_t seed,
                                                               std::uint32_t block, std::uint32_t a,
                                                               std::uint32_t b, std::uint32_t c) {
  const auto words = r123::Philox4x32{}(
      {{block, a, b, c}},
      {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}});
  return {words[0], words[1], words[2], words[3]};
}

/// A sequence of `random_words`.
///
/// A generator is named by (seed, a, b, c), for instance (seed, epoch, index, purpose); equal names
/// give equal sequences on every machine, whatever was drawn elsewhere. Models
/// `std::uniform_random_bit_generator`.
class Random {
 public:
  using result_type = std::uint32_t;

  explicit Random(std::uint64_t seed, std::uint32_t a = 0, std::uint32_t b = 0, std::uint32_t c = 0)
      : seed_(seed), name_{a, b, c} {}

  static constexpr result_type(min)() { return 0; }
  static constexpr result_type(max)() { return (std::numeric_limits<result_type>::max)(); }

  result_type operator()() {
    if (used_ == 4) {
      words_ = random_words(seed_, block_++, name_[0], name_[1], name_[2]);
      used_ = 0;
    }
    return words_[used_++];
  }

  /// Uniform in [0, 1) with 53 random bits.
  double uniform() {
    const std::uint64_t high = (*this)() >> 5, low = (*this)() >> 6;
    return static_cast<double>((high << 26) | low) * 0x1.0p-53;
  }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// Uniform in [0, n). Requires n > 0.
  index_t below(index_t n) {
    const auto value = static_cast<index_t>(uniform() * static_cast<double>(n));
    return value < n ? value : n - 1;
  }

  bool bernoulli(double probability) { return uniform() < probability; }

  /// Standard normal (Box-Muller; the second value of each pair is dropped so that draws stay
  /// countable).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t seed_;
  std::array<std::uint32_t, 3> name_;
  std::uint32_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
};

/// A uniform random order: Fisher-Yates from the back, one draw per element but the first.
template <class T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t left = values.size(); left > 1; --left) {
    const auto drawn = static_cast<std::size_t>(random.below(static_cast<index_t>(left)));
    std::swap(values[left - 1], values[drawn]);
  }
}

}  // namespace glia
