#pragma once

#include <string>
#include <tuple>

#include "glia/losses/binary_cross_entropy.hpp"
#include "glia/losses/soft_dice.hpp"

namespace glia {

namespace detail {
template <class L>
concept HasTemperature = requires(const L& loss) {
  loss.temperature;
};
}  // namespace detail

/// The unweighted sum of losses.
template <Loss... Terms>
struct Compound {
  static_assert((!detail::HasTemperature<Terms> && ...),
                "Compound: a distillation loss takes the sum as its task, not the sum it");
  std::tuple<Terms...> terms;

  template <class F>
  void options(F&& f) const {
    f("", "sum");
    int number = 0;
    std::apply([&](const auto&... term) { (f(std::to_string(++number), term), ...); }, terms);
  }
  double evaluate(std::span<const RegionSums> sums, Shape logits,
                  std::span<RegionCoefficients> coefficients) const {
    return std::apply(
        [&](const auto&... term) {
          return (term.evaluate(sums, logits, coefficients) + ... + 0.0);
        },
        terms);
  }
};

/// Soft Dice plus binary cross entropy: the paper's loss for the UNet.
using DiceAndCrossEntropy = Compound<SoftDice, BinaryCrossEntropy>;

}  // namespace glia
