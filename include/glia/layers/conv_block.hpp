#pragma once

#include "glia/layers/conv3d.hpp"
#include "glia/layers/deferred_norm.hpp"

namespace glia {

/// Convolution, norm, activation. The raw output of the convolution is written once, with its
/// statistics; the block's output is a wire, not a tensor. With `pool` the epilogue also keeps the
/// 2x2x2 extremes that max pooling needs.
template <Backend B, index_t In, index_t Out, NormPolicy Norm, ActivationPolicy Activation,
          index_t Stride = 1, bool Bias = true, InitialPolicy Start = KaimingNormal>
struct ConvBlock {
  using T = typename B::Scalar;
  using R = typename B::Real;
  using Conv = Conv3d<B, In, Out, 3, Stride, Bias, Start>;
  using Deferred = DeferredNorm<B, Out, Norm, Activation>;
  static constexpr index_t in = In, out = Out;

  struct Parameters {
    typename Conv::Parameters conv;
    typename Deferred::Parameters norm;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("conv", p.conv...);
      f("norm", p.norm...);
    }
  };
  struct Saved {
    Tensor<T> raw, pooled;
    typename Deferred::Saved norm;
  };

  template <Mode M, CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& saved,
                      bool pool = false) {
    const Shape s = Conv::descriptor.output(x.source.shape());
    saved.raw = make_tensor<B>(k, s);
    if (pool) saved.pooled = make_tensor<B>(k, pooled_shape(s));
    const auto moments = make_sums<B>(k, 2 * s.n * Out);
    Conv::forward(k, p.conv, x,
                  {.y = saved.raw.view(),
                   .moments = moments.data(),
                   .pooled = saved.pooled.view(),
                   .gain = p.norm.weight.data});
    saved.norm = Deferred::forward(k, p.norm, s, moments);
  }
  static Wire<Out, Activated<T, R>> output(const Saved& s) {
    return Deferred::output(s.raw.view(), s.norm);
  }
  static Wire<Out, Activated<T, R>> pooled_output(const Saved& s) {
    return Deferred::output(s.pooled.view(), s.norm);
  }

  static Gradient<T> make_gradient(Context& k, const Saved& s) {
    return Deferred::make_gradient(k, s.raw.shape());
  }
  static ActivatedGradient<T, R> sink(const Saved& s, Gradient<T>& g) {
    return Deferred::sink(s.raw.view(), s.norm, g);
  }
  static PooledGradient<T, R> pooled_sink(const Saved& s, Gradient<T>& g) {
    return {sink(s, g), s.pooled.view()};
  }
  /// Consumes `saved` and the gradient of the output: their memory is free on return.
  template <CarriesChannels<In> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& saved, const X& x, Gradient<T>& g,
                       const Y& grad_x, Parameters& grads) {
    Tensor<R> coefficients;
    const auto grad_raw =
        Deferred::backward(k, p.norm, saved.raw.view(), saved.norm, g, coefficients, grads.norm);
    Conv::backward(k, p.conv, x, grad_raw, grad_x, grads.conv);
    g = {};
    saved = {};
  }
};

}  // namespace glia
