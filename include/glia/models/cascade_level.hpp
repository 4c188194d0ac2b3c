#pragma once

#include "glia/layers/transposed_conv3d.hpp"
#include "glia/models/cascade_encoder.hpp"
#include "glia/source/voxelwise.hpp"

namespace glia::detail {

/// What the stages of a cascade show each other: the scores of each, coarsest first, and where
/// their gradients are collected.
template <class R>
struct CascadeContext {
  using T = typename R::Engine::Scalar;
  static constexpr std::size_t stages = static_cast<std::size_t>(R::stages);
  std::array<View<const T>, stages> scores{};
  std::array<View<T>, stages> grads{};
};

/// Level L of stage S of a cascade: private encoders, the level below, a transposed convolution up,
/// a 1x1x1 convolution that mixes it with the maximum over the encoders and with the probabilities
/// of the stage of this level's resolution, one residual block. Nothing is normalised between the
/// transposed convolution and the block.
template <class R, index_t S, index_t L>
struct CascadeLevel {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Inner = CascadeLevel<R, S, L + 1>;
  static constexpr index_t in = L == 0 ? 1 : R::width(S, L - 1), width = R::width(S, L);
  static constexpr index_t out = 2 * width;
  /// Stage S - L has the resolution of this level; at level 0 that is the stage itself.
  static constexpr bool looks_back = L > 0 && S >= L;
  using Encoders = CascadeEncoders<R, in, width, L == 0 ? 1 : 2>;
  using Up = TransposedConv3d<B, Inner::out, out, typename R::Start>;
  using Mix =
      Conv3d<B, out + width + (looks_back ? R::classes : 0), out, 1, 1, true, typename R::Start>;
  using Block =
      ResidualBlock<B, out, typename R::Norm, typename R::Activation, true, typename R::Start>;
  using Gradient = Tensor<T>;
  using Stages = CascadeContext<R>;

  struct Parameters {
    typename Encoders::Parameters encoder;
    typename Inner::Parameters inner;
    typename Up::Parameters up;
    typename Mix::Parameters mix;
    typename Block::Parameters block;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("encoder." + std::to_string(L), p.encoder...);
      f("", p.inner...);
      f("decoder." + std::to_string(L) + ".up", p.up...);
      f("decoder." + std::to_string(L) + ".mix", p.mix...);
      f("decoder." + std::to_string(L) + ".block", p.block...);
    }
  };
  struct Saved {
    typename Encoders::Saved encoder;
    typename Inner::Saved inner;
    Tensor<T> up;
    typename Block::Saved block;
    Tensor<T> values;
  };

  static Wire<out, Plain<T>> output(const Saved& s) { return {{s.values.view()}}; }
  static Gradient make_gradient(Context& k, const Saved& s) {
    return make_tensor<B>(k, s.values.shape());
  }
  static Store<T> sink(const Saved&, const Gradient& g) { return {g.view()}; }

  /// What the 1x1x1 convolution reads, and where its gradient goes.
  static auto joined(const Saved& s, [[maybe_unused]] const Stages& stages) {
    const auto both = concat(Wire<out, Plain<T>>{{s.up.view()}}, Encoders::merged(s.encoder));
    if constexpr (looks_back) {
      return concat(both, make_wire<R::classes>(probabilities(stages)));
    } else {
      return both;
    }
  }
  static auto joined_sink(const Saved& s, View<T> up, const typename Encoders::Gradient& skip,
                          [[maybe_unused]] const Stages& stages) {
    using ToSkip = MaximumGradient<T, R::in>;
    const Split<Store<T>, ToSkip> both{{up}, Encoders::merged_sink(s.encoder, skip)};
    if constexpr (looks_back) {
      using ToScores = VoxelwiseGradient<T, typename R::Scores::Probabilities>;
      return Split<Split<Store<T>, ToSkip>, ToScores>{
          both, {probabilities(stages), stages.grads[static_cast<std::size_t>(S - L)]}};
    } else {
      return both;
    }
  }

  template <Mode M, class X>
  static void forward(Context& k, const Parameters& p, const X& x, const Stages& stages, Saved& s) {
    Encoders::template forward<M>(k, p.encoder, x, s.encoder);
    Inner::template forward<M>(k, p.inner, Encoders::outputs(s.encoder), stages, s.inner);
    const Shape shape = with_channels(Encoders::merged(s.encoder).source.shape(), out);
    s.up = make_tensor<B>(k, shape);
    Up::forward(k, p.up, Inner::output(s.inner), s.up.view());
    if constexpr (M == Mode::inference) s.inner = {};
    auto mixed = make_stream<B>(k, shape);
    Mix::forward(k, p.mix, joined(s, stages), output_to<B>(mixed));
    if constexpr (M == Mode::inference) {
      s.encoder = {};
      s.up = {};
    }
    s.values = Block::template forward<M>(k, p.block, std::move(mixed), s.block).values;
  }

  /// Consumes `s` and `grad`, the gradient of the level's output.
  template <class X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, const Stages& stages,
                       Gradient& grad, const Y& grad_x, Parameters& grads) {
    s.values = {};
    Block::backward(k, p.block, s.block, grad.view(), grads.block);
    auto skip = Encoders::make_gradient(k, s.encoder);
    auto below = Inner::make_gradient(k, s.inner);
    {
      const auto up = make_tensor<B>(k, grad.shape());
      Mix::backward(k, p.mix, joined(s, stages), Plain<T>{grad.view()},
                    joined_sink(s, up.view(), skip, stages), grads.mix);
      grad = {};
      s.up = {};
      Up::backward(k, p.up, Inner::output(s.inner), up.view(), Inner::sink(s.inner, below),
                   grads.up);
    }
    Inner::backward(k, p.inner, s.inner, Encoders::outputs(s.encoder), stages, below,
                    Encoders::sinks(skip), grads.inner);
    Encoders::backward(k, p.encoder, s.encoder, x, skip, grad_x, grads.encoder);
  }

 private:
  static Voxelwise<T, typename R::Scores::Probabilities> probabilities(const Stages& stages) {
    return {stages.scores[static_cast<std::size_t>(S - L)]};
  }
};

/// The deepest level: private encoders and the maximum over them.
template <class R, index_t S, index_t L>
requires(L + 1 == R::levels) struct CascadeLevel<R, S, L> {
  using T = typename R::Engine::Scalar;
  static constexpr index_t out = R::width(S, L);
  using Encoders = CascadeEncoders<R, R::width(S, L - 1), out, 2>;
  using Saved = typename Encoders::Saved;
  using Gradient = typename Encoders::Gradient;
  struct Parameters {
    typename Encoders::Parameters encoder;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("encoder." + std::to_string(L), p.encoder...);
    }
  };

  static auto output(const Saved& s) { return Encoders::merged(s); }
  static Gradient make_gradient(Context& k, const Saved& s) {
    return Encoders::make_gradient(k, s);
  }
  static auto sink(const Saved& s, const Gradient& g) { return Encoders::merged_sink(s, g); }

  template <Mode M, class X>
  static void forward(Context& k, const Parameters& p, const X& x, const CascadeContext<R>&,
                      Saved& s) {
    Encoders::template forward<M>(k, p.encoder, x, s);
  }
  template <class X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x,
                       const CascadeContext<R>&, Gradient& grad, const Y& grad_x,
                       Parameters& grads) {
    Encoders::backward(k, p.encoder, s, x, grad, grad_x, grads.encoder);
  }
};

}  // namespace glia::detail
