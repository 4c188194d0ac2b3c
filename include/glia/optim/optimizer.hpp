#pragma once

#include <array>
#include <concepts>
#include <span>
#include <variant>

#include "glia/backend/concepts.hpp"

namespace glia {

/// Most moment arrays that any optimiser keeps.
inline constexpr int max_moments = 2;

/// The flat arrays of one update. Moments are values of the same parameters, zero before the first
/// update.
template <class R>
struct Update {
  std::span<R> parameters;
  std::span<const R> gradients;
  std::array<std::span<R>, max_moments> moments;
  double rate;   ///< learning rate of this update
  index_t step;  ///< number of this update, from 1
};

/// Turns gradients into new parameters. Requirements: 1. `initial_rate()`; 2.
/// `moments()`, how many moment arrays it keeps; 3. `apply<B>(context, update)`.
template <class O, class B>
concept OptimizerFor = requires(const O& optimizer, Context& k,
                                const Update<typename B::Real>& update) {
  { optimizer.moments() } -> std::same_as<int>;
  { optimizer.initial_rate() } -> std::same_as<double>;
  optimizer.template apply<B>(k, update);
};

/// Stochastic gradient descent with momentum (PyTorch's definition; Nesterov optional) and coupled
/// weight decay.
struct Sgd {
  double rate = 0.1, momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;

  [[nodiscard]] double initial_rate() const { return rate; }
  [[nodiscard]] int moments() const { return 1; }
  template <class B>
  void apply(Context& k, const Update<typename B::Real>& u) const {
    B::sgd_step(k, {u.rate, momentum, weight_decay, nesterov}, u.parameters, u.gradients,
                u.moments[0]);
  }
};

/// Adam (Kingma & Ba 2015); with `decoupled` weight decay it is AdamW (Loshchilov & Hutter 2019).
struct Adam {
  double rate = 2e-4, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  bool decoupled = false;

  [[nodiscard]] double initial_rate() const { return rate; }
  [[nodiscard]] int moments() const { return 2; }
  template <class B>
  void apply(Context& k, const Update<typename B::Real>& u) const {
    B::adam_step(k, {u.rate, beta1, beta2, epsilon, weight_decay, decoupled, u.step}, u.parameters,
                 u.gradients, u.moments[0], u.moments[1]);
  }
};

[[nodiscard]] inline Adam adam_w(double rate, double weight_decay) {
  return {.rate = rate, .weight_decay = weight_decay, .decoupled = true};
}

/// An optimiser chosen at run time.
struct AnyOptimizer {
  std::variant<Adam, Sgd> choice;

  [[nodiscard]] double initial_rate() const {
    return std::visit([](const auto& o) { return o.initial_rate(); }, choice);
  }
  [[nodiscard]] int moments() const {
    return std::visit([](const auto& o) { return o.moments(); }, choice);
  }
  template <class B>
  void apply(Context& k, const Update<typename B::Real>& u) const {
    std::visit([&](const auto& o) { o.template apply<B>(k, u); }, choice);
  }
};

}  // namespace glia
