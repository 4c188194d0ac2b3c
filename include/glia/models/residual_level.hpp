#pragma once

#include <string>

#include "glia/layers/dropout.hpp"
#include "glia/layers/residual_block.hpp"

namespace glia::detail {

/// The way into a level: a strided convolution of the level above; at the top, one of the image,
/// and dropout.
template <class R, index_t L>
struct ResidualEntry {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in_of(L);
  using Conv = Conv3d<B, in, R::width(L), 3, L == 0 ? 1 : 2, false>;
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

/// One level of a residual U and all below it. Residual blocks go down and come up; the level below
/// joins by a 1x1x1 convolution, made before upsampling (a linear map of channels and one of voxels
/// commute), and an addition.
///
/// The gradient of a stream is one tensor that every consumer adds to: that of the sum is that of
/// the skip.
template <class R, index_t L>
struct ResidualLevel {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::in_of(L), width = R::width(L);
  using Entry = ResidualEntry<R, L>;
  using Encoder = typename R::template Blocks<width, R::encoder_blocks(L)>;
  using Inner = ResidualLevel<R, L + 1>;
  using Up = Conv3d<B, Inner::width, width, 1, 1, false>;
  using Decoder = typename R::template Blocks<width, 1>;

  struct Parameters {
    typename Entry::Parameters entry;
    typename Encoder::Parameters encoder;
    typename Inner::Parameters inner;
    typename Up::Parameters up;
    typename Decoder::Parameters decoder;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      const std::string level = std::to_string(L), going_down = "encoder." + level,
                        coming_up = "decoder." + level;
      f(going_down + "." + Entry::name, p.entry...);
      f(going_down, p.encoder...);
      f("", p.inner...);
      f(coming_up + ".up", p.up...);
      f(coming_up, p.decoder...);
    }
  };
  struct Saved {
    typename Entry::Saved entry;
    typename Encoder::Saved encoder;
    Tensor<T> skip;
    typename Inner::Saved inner;
    Tensor<T> below;
    typename Decoder::Saved decoder;
  };

  template <Mode M, CarriesChannels<in> X>
  static Stream<T> forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    auto stream = Encoder::template forward<M>(
        k, p.encoder, Entry::template forward<M>(k, p.entry, x, s.entry), s.encoder);
    s.skip = std::move(stream.values);
    s.below = Inner::template forward<M>(k, p.inner, wire<width>(s.skip), s.inner).values;
    return Decoder::template forward<M>(k, p.decoder, join<M>(k, p, s), s.decoder);
  }

  /// `grad` is the gradient of the output, dL/dx goes to `grad_x`. Consumes `s` and `grad`.
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Tensor<T> grad,
                       const Y& grad_x, Parameters& grads) {
    Decoder::backward(k, p.decoder, s.decoder, grad.view(), grads.decoder);
    auto below = make_tensor<B>(k, s.below.shape());
    {
      const auto coarse = make_tensor<B>(k, with_channels(s.below.shape(), width));
      upsample_backward<B>(k, R::Upsample::interpolation, grad.view(), Store<T>{coarse.view()});
      Up::backward(k, p.up, wire<Inner::width>(s.below), Plain<T>{coarse.view()},
                   Store<T>{below.view()}, grads.up);
      s.below = {};
    }
    Inner::backward(k, p.inner, s.inner, wire<width>(s.skip), std::move(below),
                    Store<T>{grad.view(), true}, grads.inner);
    s.skip = {};
    Encoder::backward(k, p.encoder, s.encoder, grad.view(), grads.encoder);
    Entry::backward(k, p.entry, s.entry, x, grad.view(), grad_x, grads.entry);
  }

 private:
  template <index_t C>
  static Wire<C, Plain<T>> wire(const Tensor<T>& x) {
    return make_wire<C>(Plain<T>{x.view()});
  }
  /// The skip plus the upsampled level below; at inference in the skip's place.
  template <Mode M>
  static Stream<T> join(Context& k, const Parameters& p, Saved& s) {
    const View<const T> skip = s.skip.view();
    const auto coarse = make_tensor<B>(k, with_channels(s.below.shape(), width));
    Up::forward(k, p.up, wire<Inner::width>(s.below), {.y = coarse.view()});
    if constexpr (M == Mode::inference) s.below = {};
    auto sum =
        make_stream<B>(k, M == Mode::training ? make_tensor<B>(k, skip.shape) : std::move(s.skip));
    store<B>(k, Upsampled<Plain<T>>{{coarse.view()}, R::Upsample::interpolation},
             output_to<B>(sum, skip));
    return sum;
  }
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
  };

  template <Mode M, CarriesChannels<in> X>
  static Stream<T> forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    return Encoder::template forward<M>(
        k, p.encoder, Entry::template forward<M>(k, p.entry, x, s.entry), s.encoder);
  }
  template <CarriesChannels<in> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Tensor<T> grad,
                       const Y& grad_x, Parameters& grads) {
    Encoder::backward(k, p.encoder, s.encoder, grad.view(), grads.encoder);
    Entry::backward(k, p.entry, s.entry, x, grad.view(), grad_x, grads.entry);
  }
};

}  // namespace glia::detail
