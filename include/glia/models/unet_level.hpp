#pragma once

#include <string>
#include <type_traits>

#include "glia/layers/conv_stack.hpp"
#include "glia/layers/stream.hpp"

namespace glia::detail {

/// One level of a U and all below it. The U is the call stack: a level owns its encoder, the level
/// below and its decoder.
///
/// The recipe R names Engine, policies and widths. Upsampling cannot change channels, so each stage
/// before one narrows to the width of the next shallower level (Isensee et al. 2018); concatenation
/// is upsampled first, skip second.
template <class R, index_t L>
struct UNetLevel {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Inner = UNetLevel<R, L + 1>;
  static constexpr index_t in = R::in_of(L), width = R::width(L), out = R::out_of(L);
  using Encoder = typename R::template Stage<in, width, width, R::stride_of(L)>;
  using Decoder = typename R::template Stage<Inner::out + width, width, out, 1>;

  struct Parameters {
    typename Encoder::Parameters encoder;
    typename Inner::Parameters inner;
    typename Decoder::Parameters decoder;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("encoder." + std::to_string(L), p.encoder...);
      f("", p.inner...);
      f("decoder." + std::to_string(L), p.decoder...);
    }
  };
  struct Saved {
    typename Encoder::Saved encoder;
    typename Inner::Saved inner;
    typename Decoder::Saved decoder;
  };

  static auto output(const Saved& s) { return Decoder::output(s.decoder); }
  static auto make_gradient(Context& k, const Saved& s) {
    return Decoder::make_gradient(k, s.decoder);
  }
  static auto sink(const Saved& s, Gradient<T>& g) { return Decoder::sink(s.decoder, g); }

  /// What goes down, what comes back joined with the skip: the same functions serve forward and
  /// backward.
  static auto descending(const Saved& s) {
    if constexpr (R::Downsample::pools) {
      return Encoder::pooled_output(s.encoder);
    } else {
      return Encoder::output(s.encoder);
    }
  }
  static auto joined(const Saved& s) {
    return concat(upsample(Inner::output(s.inner), R::Upsample::interpolation),
                  Encoder::output(s.encoder));
  }

  template <Mode M, CarriesChannels<in> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    Encoder::template forward<M>(k, p.encoder, x, s.encoder, R::Downsample::pools);
    Inner::template forward<M>(k, p.inner, descending(s), s.inner);
    Decoder::template forward<M>(k, p.decoder, joined(s), s.decoder);
    if constexpr (M == Mode::inference) {
      s.inner = {};
      s.encoder = {};
    }
  }

  /// Consumes `s` and `g`, the gradient of the level's output.
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Gradient<T>& g,
                       const Y& grad_x, Parameters& grads) {
    auto skip = Encoder::make_gradient(k, s.encoder);
    auto below = Inner::make_gradient(k, s.inner);
    {
      const auto fine = make_tensor<B>(k, with_channels(skip.grad.shape(), Inner::out));
      const auto to_skip = Encoder::sink(s.encoder, skip);
      const Split<Store<T>, std::remove_const_t<decltype(to_skip)>> to_join{{fine.view()}, to_skip};
      Decoder::backward(k, p.decoder, s.decoder, joined(s), g, to_join, grads.decoder);
      const auto to_below = Inner::sink(s.inner, below);
      upsample_backward<B>(k, R::Upsample::interpolation, fine.view(), to_below);
    }
    if constexpr (R::Downsample::pools) {
      Inner::backward(k, p.inner, s.inner, descending(s), below,
                      Encoder::pooled_sink(s.encoder, skip), grads.inner);
    } else {
      Inner::backward(k, p.inner, s.inner, descending(s), below, Encoder::sink(s.encoder, skip),
                      grads.inner);
    }
    Encoder::backward(k, p.encoder, s.encoder, x, skip, grad_x, grads.encoder);
  }
};

/// The bottleneck.
template <class R, index_t L>
requires(L + 1 == R::levels) struct UNetLevel<R, L> {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in_of(L), out = R::out_of(L);
  using Stage = typename R::template Stage<in, R::width(L), out, R::stride_of(L)>;

  struct Parameters {
    typename Stage::Parameters stage;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("bottleneck", p.stage...);
    }
  };
  using Saved = typename Stage::Saved;

  static auto output(const Saved& s) { return Stage::output(s); }
  static auto make_gradient(Context& k, const Saved& s) { return Stage::make_gradient(k, s); }
  static auto sink(const Saved& s, Gradient<T>& g) { return Stage::sink(s, g); }

  template <Mode M, CarriesChannels<in> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    Stage::template forward<M>(k, p.stage, x, s);
  }
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Gradient<T>& g,
                       const Y& grad_x, Parameters& grads) {
    Stage::backward(k, p.stage, s, x, g, grad_x, grads.stage);
  }
};

}  // namespace glia::detail
