#pragma once

#include "glia/layers/conv3d.hpp"
#include "glia/layers/stream.hpp"

namespace glia {

/// How a residual network turns its stream into logits: `Layer<B, In, Out, Norm, Activation,
/// Start>`, with forward and backward, which reads the stream again and sends its gradient to a
/// sink.
template <class P>
concept HeadPolicy = requires {
  typename P::is_head_policy;
};

/// Norm, activation, 1x1x1 convolution with bias: what MONAI's SegResNet ends with.
struct NormalisedHead {
  using is_head_policy = void;
  template <Backend B, index_t In, index_t Out, NormPolicy Norm, ActivationPolicy Activation,
            InitialPolicy Start>
  struct Layer {
    using T = typename B::Scalar;
    using R = typename B::Real;
    using Deferred = DeferredNorm<B, In, Norm, Activation>;
    using Conv = Conv3d<B, In, Out, 1, 1, true, Start>;
    struct Parameters {
      typename Deferred::Parameters norm;
      typename Conv::Parameters conv;
      template <class F, class... P>
      static void fields(F&& f, P&... p) {
        f("norm", p.norm...);
        f("conv", p.conv...);
      }
    };
    using Saved = typename Deferred::Saved;

    static void forward(Context& k, const Parameters& p, const Stream<T>& x, View<T> logits,
                        Saved& s) {
      s = Deferred::forward(k, p.norm, x.values.shape(), x.moments);
      Conv::forward(k, p.conv, Deferred::output(x.values.view(), s), {.y = logits});
    }
    template <Source G>
    static void backward(Context& k, const Parameters& p, const Saved& s, View<const T> x,
                         const G& grad, const Store<T>& grad_x, Parameters& grads) {
      auto g = Deferred::make_gradient(k, x.shape);
      Conv::backward(k, p.conv, Deferred::output(x, s), grad, Deferred::sink(x, s, g), grads.conv);
      Tensor<R> coefficients;
      store<B>(k, Deferred::backward(k, p.norm, x, s, g, coefficients, grads.norm), grad_x);
    }
  };
};

/// A convolution with bias.
template <index_t Kernel>
struct ConvHead {
  using is_head_policy = void;
  template <Backend B, index_t In, index_t Out, NormPolicy, ActivationPolicy, InitialPolicy Start>
  struct Layer {
    using T = typename B::Scalar;
    using Conv = Conv3d<B, In, Out, Kernel, 1, true, Start>;
    using Parameters = typename Conv::Parameters;
    struct Saved {};

    static void forward(Context& k, const Parameters& p, const Stream<T>& x, View<T> logits,
                        Saved&) {
      Conv::forward(k, p, make_wire<In>(Plain<T>{x.values.view()}), {.y = logits});
    }
    template <Source G>
    static void backward(Context& k, const Parameters& p, const Saved&, View<const T> x,
                         const G& grad, const Store<T>& grad_x, Parameters& grads) {
      Conv::backward(k, p, make_wire<In>(Plain<T>{x}), grad, grad_x, grads);
    }
  };
};

/// A 1x1x1 convolution with bias: what Myronenko 2018 prints.
using PlainHead = ConvHead<1>;

}  // namespace glia
