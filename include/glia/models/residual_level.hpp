#pragma once

#include <string>

#include "glia/layers/dropout.hpp"
#include "glia/models/residual_ascent.hpp"

namespace glia::detail {

/// The way into a level: a strided convolution of the level above; at the top a convolution of the
/// image, and dropout.
template <class R, index_t L>
struct ResidualEntry {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in_of(L);
  using Conv = Conv3d<B, in, R::width(L), L == 0 ? 3 : R::down_kernel, L == 0 ? 1 : 2, false,
                      typename R::Start>;
  using Drop = Dropout<B, std::conditional_t<L == 0, typename R::Drop, NoDropout>>;
  using Parameters = typename Conv::Parameters;
  using Saved = typename Drop::Saved;
  static constexpr auto name = L == 0 ? "stem" : "down";

  template <Mode M, CarriesChannels<in> X>
  static Stream<T> forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    auto stream = make_stream<B>(k, Conv::descriptor.output(x.source.shape()));
    Conv::forward(k, p, x, output_to<B>(stream));
    return Drop::template forward<M>(k, std::move(stream), s);
  }
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, const Saved& s, const X& x,
                       View<const T> grad, const Y& grad_x, Parameters& grads) {
    Conv::backward(k, p, x, Drop::backward(grad, s), grad_x, grads);
  }
};

/// At the top of a network whose blocks want a normalised stream: convolution, norm, dropout.
template <class R, index_t L>
requires(L == 0 && R::Residual::normalised_stem) struct ResidualEntry<R, L> {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in;
  using Block =
      ConvBlock<B, in, R::width(0), typename R::Norm, NoActivation, 1, false, typename R::Start>;
  using Drop = Dropout<B, typename R::Drop>;
  using Parameters = typename Block::Parameters;
  struct Saved {
    typename Block::Saved block;
    typename Drop::Saved drop;
  };
  static constexpr auto name = "stem";

  template <Mode M, CarriesChannels<in> X>
  static Stream<T> forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    Block::template forward<M>(k, p, x, s.block);
    auto stream = make_stream<B>(k, s.block.raw.shape());
    store<B>(k, Block::output(s.block).source, output_to<B>(stream));
    if constexpr (M == Mode::inference) s.block = {};
    return Drop::template forward<M>(k, std::move(stream), s.drop);
  }
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, View<const T> grad,
                       const Y& grad_x, Parameters& grads) {
    auto g = Block::make_gradient(k, s.block);
    store<B>(k, Drop::backward(grad, s.drop), Block::sink(s.block, g));
    Block::backward(k, p, s.block, x, g, grad_x, grads);
  }
};

/// One level of a residual U and all below it: residual blocks going down, the level below, the way
/// back up with the skip added. A level keeps its output, and the gradient that consumers add to,
/// in `Saved`.
template <class R, index_t L>
struct ResidualLevel {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in_of(L), width = R::width(L);
  using Entry = ResidualEntry<R, L>;
  using Encoder = typename R::template Blocks<width, R::encoder_blocks(L)>;
  using Inner = ResidualLevel<R, L + 1>;
  using Ascent = typename R::Skips::template Ascent<R, L>;

  struct Parameters {
    typename Entry::Parameters entry;
    typename Encoder::Parameters encoder;
    typename Inner::Parameters inner;
    typename Ascent::Parameters ascent;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      const std::string encoder = "encoder." + std::to_string(L);
      f(encoder + "." + Entry::name, p.entry...);
      f(encoder, p.encoder...);
      f("", p.inner...);
      f("decoder." + std::to_string(L), p.ascent...);
    }
  };
  struct Saved {
    typename Entry::Saved entry;
    typename Encoder::Saved encoder;
    Tensor<T> skip;
    typename Inner::Saved inner;
    typename Ascent::Saved ascent;
    Stream<T> output;
    Tensor<T> grad;
  };

  template <Mode M, CarriesChannels<in> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    s.skip = Encoder::template forward<M>(
                 k, p.encoder, Entry::template forward<M>(k, p.entry, x, s.entry), s.encoder)
                 .values;
    Inner::template forward<M>(k, p.inner, make_wire<width>(Plain<T>{s.skip.view()}), s.inner);
    auto coarse = Ascent::narrow(k, p.ascent, s.inner.output.values.view());
    if constexpr (M == Mode::inference) s.inner = {};
    s.output = Ascent::template rise<M>(k, p.ascent, std::move(coarse), s.skip, s.ascent);
  }

  /// Consumes `s`; dL/dx goes to `grad_x`.
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, const Y& grad_x,
                       Parameters& grads) {
    s.output = {};
    Ascent::backward(k, p.ascent, s.ascent, s.inner.output.values.view(), s.skip.view(), s.grad,
                     s.inner.grad, grads.ascent);
    const View<T> grad = s.grad.view();
    Inner::backward(k, p.inner, s.inner, make_wire<width>(Plain<T>{s.skip.view()}),
                    Store<T>{grad, true}, grads.inner);
    s.skip = {};
    Encoder::backward(k, p.encoder, s.encoder, grad, grads.encoder);
    Entry::backward(k, p.entry, s.entry, x, grad, grad_x, grads.entry);
    s.grad = {};
  }

  static auto& bottleneck(Saved& s) { return Inner::bottleneck(s.inner); }
};

/// The bottleneck.
template <class R, index_t L>
requires(L + 1 == R::levels) struct ResidualLevel<R, L> {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in_of(L), width = R::width(L);
  using Entry = ResidualEntry<R, L>;
  using Encoder = typename R::template Blocks<width, R::encoder_blocks(L)>;

  struct Parameters {
    typename Entry::Parameters entry;
    typename Encoder::Parameters encoder;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f(std::string("bottleneck.") + Entry::name, p.entry...);
      f("bottleneck", p.encoder...);
    }
  };
  struct Saved {
    typename Entry::Saved entry;
    typename Encoder::Saved encoder;
    Stream<T> output;
    Tensor<T> grad;
  };

  template <Mode M, CarriesChannels<in> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    s.output = Encoder::template forward<M>(
        k, p.encoder, Entry::template forward<M>(k, p.entry, x, s.entry), s.encoder);
  }
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, const Y& grad_x,
                       Parameters& grads) {
    s.output = {};
    Encoder::backward(k, p.encoder, s.encoder, s.grad.view(), grads.encoder);
    Entry::backward(k, p.entry, s.entry, x, s.grad.view(), grad_x, grads.entry);
    s.grad = {};
  }

  static Saved& bottleneck(Saved& s) { return s; }
};

}  // namespace glia::detail
