#pragma once

#include "glia/layers/conv3d.hpp"
#include "glia/layers/stream.hpp"

namespace glia {

/// How a residual network turns its stream into logits: `Layer<B, In, Out, Norm, Activation>`, with
/// forward and backward.
template <class P>
concept HeadPolicy = requires {
  typename P::is_head_policy;
};

/// Norm, activation, 1x1x1 convolution with bias: what MONAI's SegResNet ends with.
struct NormalisedHead {
  using is_head_policy = void;
  template <Backend B, index_t In, index_t Out, NormPolicy Norm, ActivationPolicy Activation>
  struct Layer {
    using T = typename B::Scalar;
    using R = typename B::Real;
    using Deferred = DeferredNorm<B, In, Norm, Activation>;
    using Conv = Conv3d<B, In, Out, 1>;
    struct Parameters {
      typename Deferred::Parameters norm;
      typename Conv::Parameters conv;
      template <class F, class... P>
      static void fields(F&& f, P&... p) {
        f("norm", p.norm...);
        f("conv", p.conv...);
      }
    };
    struct Saved {
      Tensor<T> x;
      typename Deferred::Saved norm;
    };

    static void forward(Context& k, const Parameters& p, Stream<T> x, View<T> logits, Saved& s) {
      s.x = std::move(x.values);
      s.norm = Deferred::forward(k, p.norm, s.x.shape(), x.moments);
      Conv::forward(k, p.conv, Deferred::output(s.x.view(), s.norm), {.y = logits});
    }
    /// Returns the gradient of the stream. Consumes `s`.
    template <Source G>
    static Tensor<T> backward(Context& k, const Parameters& p, Saved& s, const G& grad,
                              Parameters& grads) {
      auto g = Deferred::make_gradient(k, s.x.shape());
      Conv::backward(k, p.conv, Deferred::output(s.x.view(), s.norm), grad,
                     Deferred::sink(s.x.view(), s.norm, g), grads.conv);
      Tensor<R> coefficients;
      const auto grad_x =
          Deferred::backward(k, p.norm, s.x.view(), s.norm, g, coefficients, grads.norm);
      store<B>(k, grad_x, Store<T>{g.grad.view()});
      s = {};
      return std::move(g.grad);
    }
  };
};

/// A 1x1x1 convolution with bias: what Myronenko 2018 prints.
struct PlainHead {
  using is_head_policy = void;
  template <Backend B, index_t In, index_t Out, NormPolicy, ActivationPolicy>
  struct Layer {
    using T = typename B::Scalar;
    using Conv = Conv3d<B, In, Out, 1>;
    using Parameters = typename Conv::Parameters;
    using Saved = Tensor<T>;

    static void forward(Context& k, const Parameters& p, Stream<T> x, View<T> logits, Saved& s) {
      s = std::move(x.values);
      Conv::forward(k, p, make_wire<In>(Plain<T>{s.view()}), {.y = logits});
    }
    /// Returns the gradient of the stream. Consumes `s`.
    template <Source G>
    static Tensor<T> backward(Context& k, const Parameters& p, Saved& s, const G& grad,
                              Parameters& grads) {
      auto g = make_tensor<B>(k, s.shape());
      Conv::backward(k, p, make_wire<In>(Plain<T>{s.view()}), grad, Store<T>{g.view()}, grads);
      s = {};
      return g;
    }
  };
};

}  // namespace glia
