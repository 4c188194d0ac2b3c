#pragma once

#include "glia/models/network.hpp"
#include "glia/models/select.hpp"
#include "glia/models/unet_level.hpp"

namespace glia {

/// What can be chosen about a UNet beside its channels and widths.
template <class P>
concept UNetPolicy = NormPolicy<P> || ActivationPolicy<P> || DownsamplePolicy<P> ||
    UpsamplePolicy<P> || BlockPolicy<P>;

/// The 3-D UNet of Isensee et al. 2018 ("No New-Net"), the paper's first network, with every choice
/// open.
///
/// Levels of two units (convolution 3x3x3 with bias, norm, activation); 2x2x2 max pooling down;
/// trilinear upsampling up, concatenated before the skip; 1x1x1 head without bias. [N, D, H, W, In]
/// to logits [N, D, H, W, Out]; D, H and W must be multiples of `divisor` = 2^(levels - 1).
/// Policies in any order replace InstanceNorm<>, LeakyReLU<>, MaxPool, TrilinearUpsample,
/// ConvBlocks<2>.
template <Backend B, class C, class W, UNetPolicy... Policies>
struct UNet {
  static_assert(W::levels >= 2, "UNet: at least two widths are needed");
  static_assert(detail::at_most_one<detail::IsNorm, Policies...> &&
                    detail::at_most_one<detail::IsActivation, Policies...> &&
                    detail::at_most_one<detail::IsDownsample, Policies...> &&
                    detail::at_most_one<detail::IsUpsample, Policies...> &&
                    detail::at_most_one<detail::IsBlock, Policies...>,
                "UNet: two policies of one kind");

  using Engine = B;
  using Norm = typename detail::Select<detail::IsNorm, InstanceNorm<>, Policies...>::type;
  using Activation = typename detail::Select<detail::IsActivation, LeakyReLU<>, Policies...>::type;
  using Downsample = typename detail::Select<detail::IsDownsample, MaxPool, Policies...>::type;
  using Upsample =
      typename detail::Select<detail::IsUpsample, TrilinearUpsample, Policies...>::type;
  using Blocks = typename detail::Select<detail::IsBlock, ConvBlocks<2>, Policies...>::type;
  template <Backend Other>
  using On = UNet<Other, C, W, Policies...>;

  static constexpr index_t in = C::in, out = C::out, levels = W::levels;
  static constexpr index_t divisor = index_t{1} << (levels - 1);
  static constexpr index_t width(index_t level) {
    return W::values[static_cast<std::size_t>(level)];
  }
  static constexpr index_t in_of(index_t level) { return level == 0 ? in : width(level - 1); }
  static constexpr index_t out_of(index_t level) { return width(level == 0 ? 0 : level - 1); }
  static constexpr index_t stride_of(index_t level) { return level == 0 ? 1 : Downsample::stride; }
  template <index_t In, index_t Mid, index_t Out, index_t Stride>
  using Stage = typename Blocks::template Stage<B, In, Mid, Out, Norm, Activation, Stride>;

  using T = typename B::Scalar;
  using R = typename B::Real;
  using Trunk = detail::UNetLevel<UNet, 0>;
  using Head = Conv3d<B, Trunk::out, out, 1, 1, false>;

  struct Parameters {
    typename Trunk::Parameters trunk;
    typename Head::Parameters head;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("", p.trunk...);
      f("head", p.head...);
    }
  };
  using Saved = typename Trunk::Saved;

  template <Mode M>
  static void forward(Context& k, const Parameters& p, View<const T> x, View<T> logits, Saved& s) {
    Trunk::template forward<M>(k, p.trunk, make_wire<in>(Plain<T>{x}), s);
    Head::forward(k, p.head, Trunk::output(s), {.y = logits});
    if constexpr (M == Mode::inference) s = {};
  }

  /// `grad` is dL/dlogits; adds to `grads`, sends dL/dx to `grad_x`, consumes `s`.
  template <Source G, class Y = NoGradient>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const T> x, const G& grad,
                       Parameters& grads, const Y& grad_x = {}) {
    auto g = Trunk::make_gradient(k, s);
    Head::backward(k, p.head, Trunk::output(s), grad, Trunk::sink(s, g), grads.head);
    Trunk::backward(k, p.trunk, s, make_wire<in>(Plain<T>{x}), g, grad_x, grads.trunk);
  }
};

}  // namespace glia
