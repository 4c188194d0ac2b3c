#pragma once

#include "glia/layers/conv_block.hpp"
#include "glia/layers/stream.hpp"

namespace glia {

/// Residual block with norms after its convolutions (Lachinov et al. 2019): x +
/// act(norm(conv(act(norm(conv(x)))))), convolutions 3x3x3 without bias, C to C channels; nothing
/// after the addition. At inference the sum is written over x.
template <Backend B, index_t C, NormPolicy Norm, ActivationPolicy Activation,
          InitialPolicy Start = KaimingNormal>
struct PostNormBlock {
  using T = typename B::Scalar;
  using Unit = ConvBlock<B, C, C, Norm, Activation, 1, false, Start>;

  struct Parameters {
    typename Unit::Parameters first, second;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("0", p.first...);
      f("1", p.second...);
    }
  };
  struct Saved {
    Tensor<T> x;
    typename Unit::Saved first, second;
  };

  template <Mode M>
  static Stream<T> forward(Context& k, const Parameters& p, Stream<T> x, Saved& s) {
    s.x = std::move(x.values);
    const View<const T> addend = s.x.view();
    Unit::template forward<M>(k, p.first, make_wire<C>(Plain<T>{addend}), s.first);
    Unit::template forward<M>(k, p.second, Unit::output(s.first), s.second);
    if constexpr (M == Mode::inference) s.first = {};
    auto y =
        make_stream<B>(k, M == Mode::training ? make_tensor<B>(k, addend.shape) : std::move(s.x));
    store<B>(k, Unit::output(s.second).source, output_to<B>(y, addend));
    if constexpr (M == Mode::inference) s = {};
    return y;
  }

  /// `grad` is the gradient of the output and becomes that of the input. Consumes `s`.
  static void backward(Context& k, const Parameters& p, Saved& s, View<T> grad, Parameters& grads) {
    auto between = Unit::make_gradient(k, s.first);
    {
      auto after = Unit::make_gradient(k, s.second);
      store<B>(k, Plain<T>{grad}, Unit::sink(s.second, after));
      Unit::backward(k, p.second, s.second, Unit::output(s.first), after,
                     Unit::sink(s.first, between), grads.second);
    }
    Unit::backward(k, p.first, s.first, make_wire<C>(Plain<T>{s.x.view()}), between,
                   Store<T>{grad, true}, grads.first);
    s = {};
  }
};

}  // namespace glia
