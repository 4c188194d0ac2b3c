#pragma once

#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/layers/scaling.hpp"
#include "glia/models/residual_ascent.hpp"
#include "glia/models/vae_branch.hpp"

namespace glia::detail {

/// The way up from the bottleneck without skips. `forward` and `backward` take parameters of their
/// own or those of the ResidualLevel whose weights they share.
template <class R, index_t L>
struct VaeLevel {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Inner = VaeLevel<R, L + 1>;
  using Ascent = ResidualAscent<R, L>;
  static constexpr index_t width = R::width(L);

  struct Parameters {
    typename Inner::Parameters inner;
    typename Ascent::Parameters ascent;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("", p.inner...);
      f(std::to_string(L), p.ascent...);
    }
  };
  struct Saved {
    typename Inner::Saved inner;
    typename Ascent::Saved ascent;
    Stream<T> output;
    Tensor<T> grad;
  };

  template <class P>
  static void forward(Context& k, const P& p, Saved& s) {
    Inner::forward(k, p.inner, s.inner);
    const View<const T> below = s.inner.output.values.view();
    auto coarse = Ascent::narrow(k, p.ascent, below);
    Tensor<T> no_skip;
    s.output =
        Ascent::template rise<Mode::training>(k, p.ascent, std::move(coarse), no_skip, s.ascent);
  }
  template <class P>
  static void backward(Context& k, const P& p, Saved& s, P& grads) {
    s.output = {};
    Ascent::backward(k, p.ascent, s.ascent, s.inner.output.values.view(), {}, s.grad, s.inner.grad,
                     grads.ascent);
    s.grad = {};
    Inner::backward(k, p.inner, s.inner, grads.inner);
  }

  static auto& bottom(Saved& s) { return Inner::bottom(s.inner); }
};

/// The bottleneck's place: what was drawn is written there.
template <class R, index_t L>
requires(L + 1 == R::levels) struct VaeLevel<R, L> {
  using T = typename R::Engine::Scalar;
  struct Parameters {
    template <class F, class... P>
    static void fields(F&&, P&...) {}
  };
  struct Saved {
    Stream<T> output;
    Tensor<T> grad;
  };
  template <class P>
  static void forward(Context&, const P&, Saved&) {}
  template <class P>
  static void backward(Context&, const P&, Saved&, P&) {}
  static Saved& bottom(Saved& s) { return s; }
};

/// The layers of VaeBranch `V` for the recipe `R`: norm, activation and a strided convolution of
/// the bottleneck; dense layers to the latents' means and logarithms of variances, and back; the
/// way up; a 1x1x1 convolution to the image.
///
/// Dense layers are 1x1x1 convolutions of one voxel with all numbers of a sample as channels: a
/// tensor of `code` channels has no padding between voxels.
template <class R, class V>
struct VaeLayer {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Real = typename B::Real;
  static constexpr bool present = true;
  static constexpr index_t width = R::width(R::levels - 1), code = 16, latents = V::latents;
  static constexpr index_t unit = 2 * R::divisor;  // voxels of the image along a side of the code's
  static_assert(V::extent.d % unit == 0 && V::extent.h % unit == 0 && V::extent.w % unit == 0,
                "VaeBranch: every extent must be a multiple of 2^levels");
  static_assert(B::channel_pitch(code) == code);
  static_assert(!V::shared || std::is_same_v<typename R::Skips, AddSkips>,
                "VaeBranch: a SharedDecoder comes up without skips, so the network must add them");
  static constexpr Extent grid{V::extent.d / unit, V::extent.h / unit, V::extent.w / unit};
  static constexpr index_t size = grid.voxels() * code;

  using Deferred = DeferredNorm<B, width, typename R::Norm, typename R::Activation>;
  using Start = typename R::Start;
  using Narrow = Conv3d<B, width, code, 3, 2, true, Start>;
  using Encode = Conv3d<B, size, 2 * latents, 1, 1, true, Start>;
  using Decode = Conv3d<B, latents, size, 1, 1, true, Start>;
  using Rectify = Scaling<B, code, ReLU>;
  using Widen = Conv3d<B, code, width, 1, 1, false, Start>;
  using Level = VaeLevel<R, 0>;
  using Head = Conv3d<B, R::width(0), R::in, 1, 1, true, Start>;
  using Scale = Scaling<B, R::in, NoActivation>;
  using Own = std::conditional_t<V::shared, typename VaeLevel<R, R::levels - 1>::Parameters,
                                 typename Level::Parameters>;

  struct Parameters {
    typename Deferred::Parameters norm;
    typename Narrow::Parameters narrow;
    typename Encode::Parameters encode;
    typename Decode::Parameters decode;
    typename Widen::Parameters widen;
    Own decoder;
    typename Head::Parameters head;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("norm", p.norm...);
      f("narrow", p.narrow...);
      f("encode", p.encode...);
      f("decode", p.decode...);
      f("widen", p.widen...);
      f("decoder", p.decoder...);
      f("head", p.head...);
    }
  };
  struct Saved {
    bool started = false;
    typename Deferred::Saved norm;
    Tensor<T> narrowed, encoded, z, decoded;
    RandomKey key;
    typename Rectify::Saved rectified;
    typename Level::Saved decoder;
    Tensor<T> difference;  // of the rebuilt image and the image
  };

  /// The loss of rebuilding `image` from the bottleneck `x`. `trunk` lends the weights of a shared
  /// decoder. Throws UsageError for an image of another extent.
  template <class Trunk>
  static double forward(Context& k, const Parameters& p, const Trunk& trunk, const Stream<T>& x,
                        View<const T> image, Saved& s) {
    if (image.shape.extent() != V::extent) {
      throw UsageError("VaeBranch: image extent: got " + to_string(image.shape.extent()) +
                       ", expected " + to_string(V::extent));
    }
    s.started = true;
    const Shape below = x.values.shape(), codes = make_shape(below.n, grid, code);
    s.norm = Deferred::forward(k, p.norm, below, x.moments);
    s.narrowed = make_tensor<B>(k, codes);
    Narrow::forward(k, p.narrow, Deferred::output(x.values.view(), s.norm),
                    {.y = s.narrowed.view()});

    s.encoded = make_tensor<B>(k, {below.n, 1, 1, 1, 2 * latents});
    s.z = make_tensor<B>(k, {below.n, 1, 1, 1, latents});
    Encode::forward(k, p.encode, plain<size>(flat(s.narrowed)), {.y = s.encoded.view()});
    s.key = k.draw_key();
    const double divergence = B::sample(k, s.key, s.encoded.view(), s.z.view());

    s.decoded = make_tensor<B>(k, codes);
    Decode::forward(k, p.decode, plain<latents>(s.z.view()), {.y = flat(s.decoded)});
    s.rectified = Rectify::forward(k, codes, 1);
    {
      const auto coarse = make_tensor<B>(k, with_channels(codes, width));
      Widen::forward(k, p.widen, Rectify::output(s.decoded.view(), s.rectified),
                     {.y = coarse.view()});
      auto& bottom = Level::bottom(s.decoder).output.values;
      bottom = make_tensor<B>(k, below);
      store<B>(k, Upsampled<Plain<T>>{{coarse.view()}, R::Upsample::interpolation},
               Store<T>{bottom.view()});
    }
    Level::forward(k, decoder(p, trunk), s.decoder);
    return V::Weights::reconstruction * compare(k, p, image, s) / elements(image.shape) +
           divergence_weight(below.n) * divergence;
  }

  /// Adds the gradient of the bottleneck `x` to `grad_x`. Consumes `s`.
  template <class Trunk>
  static void backward(Context& k, const Parameters& p, const Trunk& trunk, Saved& s,
                       View<const T> x, Tensor<T>& grad_x, Parameters& grads, Trunk& trunk_grads) {
    rebuild_backward(k, p, trunk, s, grads, trunk_grads);
    auto narrowed = make_tensor<B>(k, s.narrowed.shape());
    {
      const auto decoded = decode_backward(k, p, s, grads);
      const auto z = make_tensor<B>(k, s.z.shape()), encoded = make_tensor<B>(k, s.encoded.shape());
      Decode::backward(k, p.decode, plain<latents>(s.z.view()), Plain<T>{flat(decoded)},
                       Store<T>{z.view()}, grads.decode);
      B::sample_backward(k, s.key, s.encoded.view(), z.view(), divergence_weight(x.shape.n),
                         encoded.view());
      Encode::backward(k, p.encode, plain<size>(flat(s.narrowed)), Plain<T>{encoded.view()},
                       Store<T>{flat(narrowed)}, grads.encode);
    }
    auto g = Deferred::make_gradient(k, x.shape);
    Narrow::backward(k, p.narrow, Deferred::output(x, s.norm), Plain<T>{narrowed.view()},
                     Deferred::sink(x, s.norm, g), grads.narrow);
    Tensor<Real> coefficients;
    store<B>(k, Deferred::backward(k, p.norm, x, s.norm, g, coefficients, grads.norm),
             gradient_sink<B>(k, x.shape, grad_x));
    s = {};
  }

 private:
  static double elements(Shape image) { return static_cast<double>(image.elements()); }
  static double divergence_weight(index_t samples) {
    return V::Weights::divergence / static_cast<double>(samples * V::divergence_divisor);
  }
  template <index_t C>
  static Wire<C, Plain<T>> plain(View<const T> x) {
    return make_wire<C>(Plain<T>{x});
  }
  /// All numbers of a sample as the channels of one voxel.
  static View<T> flat(const Tensor<T>& x) { return {x.data(), {x.shape().n, 1, 1, 1, size}, size}; }
  template <class P, class Trunk>
  static auto& decoder(P& p, Trunk& trunk) {
    if constexpr (V::shared) {
      return trunk;
    } else {
      return p.decoder;
    }
  }

  /// The sum of the squares of `difference`, which it makes.
  static double compare(Context& k, const Parameters& p, View<const T> image, Saved& s) {
    s.difference = make_tensor<B>(k, image.shape);
    const View<T> difference = s.difference.view();
    Head::forward(k, p.head, plain<R::width(0)>(s.decoder.output.values.view()), {.y = difference});
    const auto negative = Scale::forward(k, image.shape, -1);
    const auto moments = make_sums<B>(k, 2 * image.shape.n * R::in);
    store<B>(k, Scale::output(image, negative).source,
             Output<T, Real>{.y = difference, .addend = difference, .moments = moments.data()});
    std::vector<double> sums(static_cast<std::size_t>(2 * image.shape.n * R::in));
    B::read(k, moments.data(), sums);
    double squares = 0;
    for (std::size_t i = 1; i < sums.size(); i += 2) squares += sums[i];
    return squares;
  }
  /// From the loss to the gradient of what the way up starts from.
  template <class Trunk>
  static void rebuild_backward(Context& k, const Parameters& p, const Trunk& trunk, Saved& s,
                               Parameters& grads, Trunk& trunk_grads) {
    const Shape image = s.difference.shape();
    const View<const T> top = s.decoder.output.values.view();
    const auto slope = Scale::forward(k, image, 2 * V::Weights::reconstruction / elements(image));
    Head::backward(k, p.head, plain<R::width(0)>(top),
                   Scale::output(s.difference.view(), slope).source,
                   gradient_sink<B>(k, top.shape, s.decoder.grad), grads.head);
    s.difference = {};
    Level::backward(k, decoder(p, trunk), s.decoder, decoder(grads, trunk_grads));
  }
  /// From there to the gradient of what the dense layer made.
  static Tensor<T> decode_backward(Context& k, const Parameters& p, Saved& s, Parameters& grads) {
    const Shape codes = s.decoded.shape();
    const auto coarse = make_tensor<B>(k, with_channels(codes, width));
    auto& grad = Level::bottom(s.decoder).grad;
    upsample_backward<B>(k, R::Upsample::interpolation, grad.view(), Store<T>{coarse.view()});
    grad = {};
    Gradient<T> g{make_tensor<B>(k, codes), make_sums<B>(k, 2 * codes.n * code)};
    Widen::backward(k, p.widen, Rectify::output(s.decoded.view(), s.rectified),
                    Plain<T>{coarse.view()}, Rectify::sink(s.decoded.view(), s.rectified, g),
                    grads.widen);
    return std::move(g.grad);
  }
};

/// What a network without the branch has in its place.
struct NoVaeLayer {
  static constexpr bool present = false;
  struct Parameters {
    template <class F, class... P>
    static void fields(F&&, P&...) {}
  };
  struct Saved {};
};

template <class R, class V>
struct VaeLayerOf {
  using type = VaeLayer<R, V>;
};
template <class R>
struct VaeLayerOf<R, NoVae> {
  using type = NoVaeLayer;
};

}  // namespace glia::detail
