#pragma once

#include "glia/backend/concepts.hpp"
#include "glia/layers/policies.hpp"
#include "glia/layers/wire.hpp"
#include "glia/tensor/parameters.hpp"

namespace glia {

template <class B>
[[nodiscard]] Tensor<typename B::Scalar> make_tensor(Context& k, Shape s) {
  return {k, s, B::channel_pitch(s.c)};
}

/// `count` doubles set to zero: sums that kernels add to.
template <class B>
[[nodiscard]] Tensor<double> make_sums(Context& k, index_t count) {
  auto sums = make_array<double>(k, count);
  B::fill(k, sums.data(), count, 0.0);
  return sums;
}

/// dL/d(norm output) of a tensor and its two sums: written by one or more ActivatedGradient sinks
/// (the first overwrites, the others add), consumed by the norm's backward.
template <class T>
struct Gradient {
  Tensor<T> grad;
  Tensor<double> sums;
  bool started = false;
};

template <class R, index_t C>
struct NormParameters {
  Parameter<R, Initial::ones(), C> weight;
  Parameter<R, Initial::zeros(), C> bias;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("weight", p.weight...);
    f("bias", p.bias...);
  }
};

/// Norm and activation of a raw tensor, deferred: what is saved are four numbers per sample and
/// channel, and whoever reads the tensor applies them.
template <Backend B, index_t C, NormPolicy Norm, ActivationPolicy Activation>
struct DeferredNorm {
  static_assert(C % Norm::groups(C) == 0,
                "GroupNorm: the channel count must be a multiple of the groups");

  using T = typename B::Scalar;
  using R = typename B::Real;
  using Parameters = NormParameters<R, C>;
  struct Saved {
    Tensor<R> coefficients;  // [4, N, C]: scale, shift, mean, rstd
  };

  static NormDescriptor descriptor(Shape s) { return {s, Norm::groups(C), Norm::epsilon}; }

  /// `moments` [N, C, 2] of a raw tensor of shape `s`.
  static Saved forward(Context& k, const Parameters& p, Shape s, const Tensor<double>& moments) {
    Saved saved{make_array<R>(k, 4 * s.n * C)};
    B::normalise(k, descriptor(s), moments.data(), p.weight.data, p.bias.data,
                 saved.coefficients.data());
    return saved;
  }
  static Wire<C, Activated<T, R>> output(View<const T> raw, const Saved& s) {
    const R* scale = s.coefficients.data();
    return {{raw, scale, scale + raw.shape.n * C, static_cast<R>(Activation::negative_slope)}};
  }

  static Gradient<T> make_gradient(Context& k, Shape s) {
    return {make_tensor<B>(k, s), make_sums<B>(k, 2 * s.n * C), false};
  }
  static ActivatedGradient<T, R> sink(View<const T> raw, const Saved& s, Gradient<T>& g) {
    const R* mean = s.coefficients.data() + 2 * raw.shape.n * C;
    const bool accumulate = std::exchange(g.started, true);
    return {output(raw, s).source, mean,          mean + raw.shape.n * C,
            g.grad.view(),         g.sums.data(), accumulate};
  }
  /// The gradient of the raw tensor as a source; `coefficients` must outlive it.
  static NormGradient<T, R> backward(Context& k, const Parameters& p, View<const T> raw,
                                     const Saved& s, const Gradient<T>& g, Tensor<R>& coefficients,
                                     Parameters& grads) {
    coefficients = make_array<R>(k, 3 * raw.shape.n * C);
    B::normalise_backward(k, descriptor(raw.shape), g.sums.data(), s.coefficients.data(),
                          p.weight.data, coefficients.data(), grads.weight.data, grads.bias.data);
    return {g.grad.view(), raw, coefficients.data()};
  }
};

}  // namespace glia
