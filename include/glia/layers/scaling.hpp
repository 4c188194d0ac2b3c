#pragma once

#include "glia/layers/deferred_norm.hpp"

namespace glia {

/// activation(scale * x), deferred as DeferredNorm is, for tensors that no norm follows.
template <Backend B, index_t C, ActivationPolicy Activation>
struct Scaling {
  using T = typename B::Scalar;
  using R = typename B::Real;
  struct Saved {
    Tensor<R> scale, zeros;  // [N, C]
  };

  static Saved forward(Context& k, Shape s, double scale) {
    Saved saved{make_array<R>(k, s.n * C), make_array<R>(k, s.n * C)};
    B::fill(k, saved.scale.data(), s.n * C, static_cast<R>(scale));
    B::fill(k, saved.zeros.data(), s.n * C, R(0));
    return saved;
  }
  static Wire<C, Activated<T, R>> output(View<const T> x, const Saved& s) {
    return {{x, s.scale.data(), s.zeros.data(), static_cast<R>(Activation::negative_slope)}};
  }

  /// Takes dL/doutput and leaves dL/d(scale * x) in `g`; its sums mean nothing here.
  static ActivatedGradient<T, R> sink(View<const T> x, const Saved& s, Gradient<T>& g) {
    const bool accumulate = std::exchange(g.started, true);
    return {output(x, s).source, s.zeros.data(), s.zeros.data(),
            g.grad.view(),       g.sums.data(),  accumulate};
  }
};

}  // namespace glia
