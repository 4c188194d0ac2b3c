#pragma once

#include <cmath>

#include "glia/core/random.hpp"
#include "glia/core/types.hpp"

namespace glia {

/// How many numbers of all channels a convolution adds up for one output (`in`), and in how many of
/// all channels one input turns up (`out`): PyTorch's fans of its weight.
struct Fans {
  index_t in = 1, out = 1;
};

/// How a parameter starts: the law that its values are drawn from.
struct Initial {
  enum class Law { zeros, ones, standard_normal, kaiming_normal, kaiming_uniform, xavier_uniform };
  Law law;
  Fans fans{};

  static constexpr Initial zeros() { return {Law::zeros}; }
  static constexpr Initial ones() { return {Law::ones}; }
  /// N(0, 1).
  static constexpr Initial standard_normal() { return {Law::standard_normal}; }
  /// N(0, 2 / ((1 + 0.01^2) fan_in)), He et al. 2015 for leaky ReLU of slope 0.01.
  static constexpr Initial kaiming_normal(Fans f) { return {Law::kaiming_normal, f}; }
  /// U(-b, b), b^2 = 1 / fan_in: PyTorch's `kaiming_uniform_` with a = sqrt(5).
  static constexpr Initial kaiming_uniform(Fans f) { return {Law::kaiming_uniform, f}; }
  /// U(-b, b), b^2 = 6 / (fan_in + fan_out), Glorot & Bengio 2010.
  static constexpr Initial xavier_uniform(Fans f) { return {Law::xavier_uniform, f}; }

  /// The next value.
  [[nodiscard]] double draw(Random& random) const {
    const auto fan_in = static_cast<double>(fans.in), fan_out = static_cast<double>(fans.out);
    const auto within = [&](double bound) { return random.uniform(-bound, bound); };
    switch (law) {
      case Law::ones:
        return 1;
      case Law::standard_normal:
        return random.normal();
      case Law::kaiming_normal:
        return std::sqrt(2.0 / (1.0001 * fan_in)) * random.normal();
      case Law::kaiming_uniform:
        return within(std::sqrt(1.0 / fan_in));
      case Law::xavier_uniform:
        return within(std::sqrt(6.0 / (fan_in + fan_out)));
      case Law::zeros:
        break;
    }
    return 0;
  }
};

}  // namespace glia
