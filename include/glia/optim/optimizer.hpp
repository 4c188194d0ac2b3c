#pragma once

#include <array>
#include <concepts>
#include <span>
#include <variant>

#include "glia/backend/concepts.hpp"
#include "glia/core/options.hpp"
#include "glia/tensor/parameters.hpp"

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
  /// Which of them are kernels; empty: all are.
  std::span<const ParameterBlock> blocks{};

  [[nodiscard]] Update part(const ParameterBlock& block) const {
    const auto first = static_cast<std::size_t>(block.first),
               count = static_cast<std::size_t>(block.count);
    Update result{
        parameters.subspan(first, count), gradients.subspan(first, count), {}, rate, step};
    for (std::size_t i = 0; i < moments.size(); ++i)
      if (!moments[i].empty()) result.moments[i] = moments[i].subspan(first, count);
    return result;
  }
};

namespace detail {

/// Calls step(update, decay) with the whole of an update, or with its blocks, of which kernels
/// alone decay, where that makes a difference.
template <class R, class Step>
void with_weight_decay(const Update<R>& u, double weight_decay, bool decay_all, Step&& step) {
  if (weight_decay == 0 || decay_all || u.blocks.empty()) return step(u, weight_decay);
  for (const ParameterBlock& block : u.blocks)
    step(u.part(block), block.kernels ? weight_decay : 0.0);
}

}  // namespace detail

/// Turns gradients into new parameters. Requirements: 1. `initial_rate()`; 2.
/// `moments()`, how many moment arrays it keeps; 3. `apply<B>(context, update)`. A run records its
/// options if it names them (`HasOptions`).
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
  bool decay_all = false;  ///< gains, offsets and biases decay too (PyTorch); else kernels alone

  template <class F>
  void options(F&& f) const {
    f("", "sgd");
    f("rate", rate, above(0));
    f("momentum", momentum, between(0, 1));
    f("nesterov", nesterov);
    f("weight_decay", weight_decay, at_least(0));
    f("decay_all", decay_all);
  }
  [[nodiscard]] double initial_rate() const { return rate; }
  [[nodiscard]] int moments() const { return 1; }
  template <class B>
  void apply(Context& k, const Update<typename B::Real>& u) const {
    detail::with_weight_decay(u, weight_decay, decay_all, [&](const auto& part, double decay) {
      B::sgd_step(k, {part.rate, momentum, decay, nesterov}, part.parameters, part.gradients,
                  part.moments[0]);
    });
  }
};

/// Adam (Kingma & Ba 2015); with `decoupled` weight decay it is AdamW (Loshchilov & Hutter 2019).
struct Adam {
  double rate = 2e-4, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  bool decoupled = false;
  bool decay_all = false;  ///< gains, offsets and biases decay too (PyTorch); else kernels alone

  template <class F>
  void options(F&& f) const {
    f("", "adam");
    f("rate", rate, above(0));
    f("beta1", beta1, from_to_below(0, 1));
    f("beta2", beta2, from_to_below(0, 1));
    f("epsilon", epsilon, at_least(0));
    f("weight_decay", weight_decay, at_least(0));
    f("decoupled", decoupled);
    f("decay_all", decay_all);
  }
  [[nodiscard]] double initial_rate() const { return rate; }
  [[nodiscard]] int moments() const { return 2; }
  template <class B>
  void apply(Context& k, const Update<typename B::Real>& u) const {
    detail::with_weight_decay(u, weight_decay, decay_all, [&](const auto& part, double decay) {
      B::adam_step(k, {part.rate, beta1, beta2, epsilon, decay, decoupled, part.step},
                   part.parameters, part.gradients, part.moments[0], part.moments[1]);
    });
  }
};

[[nodiscard]] inline Adam adam_w(double rate, double weight_decay) {
  return {.rate = rate, .weight_decay = weight_decay, .decoupled = true};
}

/// An optimiser chosen at run time.
struct AnyOptimizer {
  std::variant<Adam, Sgd> choice;

  template <class F>
  void options(F&& f) const {
    std::visit([&](const auto& o) { f("", o); }, choice);
  }
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
