#pragma once

#include "glia/layers/conv3d.hpp"
#include "glia/layers/stream.hpp"

namespace glia {

/// Residual block with pre-activation (He et al. 2016): x + conv(act(norm(conv(act(norm(x)))))),
/// convolutions 3x3x3, C to C channels; nothing after the addition.
///
/// The stream is stored once per block: packing applies norms and activations, the last epilogue
/// adds x and takes the moments of the sum. At inference the sum is written over x.
template <Backend B, index_t C, NormPolicy Norm, ActivationPolicy Activation, bool Bias = false,
          InitialPolicy Start = KaimingNormal>
struct ResidualBlock {
  using T = typename B::Scalar;
  using R = typename B::Real;
  using Conv = Conv3d<B, C, C, 3, 1, Bias, Start>;
  using Deferred = DeferredNorm<B, C, Norm, Activation>;
  static constexpr index_t channels = C;

  struct Parameters {
    typename Deferred::Parameters norm1;
    typename Conv::Parameters conv1;
    typename Deferred::Parameters norm2;
    typename Conv::Parameters conv2;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("norm1", p.norm1...);
      f("conv1", p.conv1...);
      f("norm2", p.norm2...);
      f("conv2", p.conv2...);
    }
  };
  struct Saved {
    Tensor<T> x, raw;  // input of the block, result of its first convolution
    typename Deferred::Saved norm1, norm2;
  };

  template <Mode M>
  static Stream<T> forward(Context& k, const Parameters& p, Stream<T> x, Saved& s) {
    const Shape shape = x.values.shape();
    s.norm1 = Deferred::forward(k, p.norm1, shape, x.moments);
    x.moments = {};
    s.x = std::move(x.values);
    {
      auto raw = make_stream<B>(k, shape);
      Conv::forward(k, p.conv1, Deferred::output(s.x.view(), s.norm1), output_to<B>(raw));
      s.norm2 = Deferred::forward(k, p.norm2, shape, raw.moments);
      s.raw = std::move(raw.values);
    }
    // At inference each element of x is read once more, just before its sum takes its place.
    const View<const T> addend = s.x.view();
    auto y = make_stream<B>(k, M == Mode::training ? make_tensor<B>(k, shape) : std::move(s.x));
    Conv::forward(k, p.conv2, Deferred::output(s.raw.view(), s.norm2), output_to<B>(y, addend));
    if constexpr (M == Mode::inference) s = {};
    return y;
  }

  /// `grad` is the gradient of the output and becomes that of the input. Consumes `s`.
  static void backward(Context& k, const Parameters& p, Saved& s, View<T> grad, Parameters& grads) {
    const Shape shape = grad.shape;
    Tensor<R> coefficients;
    auto before = Deferred::make_gradient(k, shape);
    {
      auto between = Deferred::make_gradient(k, shape);
      Conv::backward(k, p.conv2, Deferred::output(s.raw.view(), s.norm2), Plain<T>{grad},
                     Deferred::sink(s.raw.view(), s.norm2, between), grads.conv2);
      const auto grad_raw =
          Deferred::backward(k, p.norm2, s.raw.view(), s.norm2, between, coefficients, grads.norm2);
      Conv::backward(k, p.conv1, Deferred::output(s.x.view(), s.norm1), grad_raw,
                     Deferred::sink(s.x.view(), s.norm1, before), grads.conv1);
      s.raw = {};
    }
    store<B>(k,
             Deferred::backward(k, p.norm1, s.x.view(), s.norm1, before, coefficients, grads.norm1),
             Store<T>{grad, true});
    s = {};
  }
};

}  // namespace glia
