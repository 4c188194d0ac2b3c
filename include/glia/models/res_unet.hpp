#pragma once

#include <array>
#include <ratio>
#include <string_view>
#include <type_traits>

#include "glia/models/concat_ascent.hpp"
#include "glia/models/network.hpp"
#include "glia/models/residual_head.hpp"
#include "glia/models/residual_level.hpp"
#include "glia/models/select.hpp"
#include "glia/models/vae_layer.hpp"

namespace glia {

/// Residual blocks of each level's encoder, full resolution first.
template <index_t... Count>
struct EncoderBlocks {
  static_assert(((Count > 0) && ...), "EncoderBlocks: every level needs at least one block");
  static constexpr index_t levels = sizeof...(Count);
  static constexpr std::array<index_t, sizeof...(Count)> values{Count...};
};

/// The kernel of the strided convolutions that go down.
template <index_t Kernel>
struct DownKernel {
  static constexpr index_t kernel = Kernel;
};

namespace detail {
template <class P>
struct IsEncoderBlocks : std::false_type {};
template <index_t... Count>
struct IsEncoderBlocks<EncoderBlocks<Count...>> : std::true_type {};
template <class P>
struct IsHead : std::bool_constant<HeadPolicy<P>> {};
template <class P>
struct IsVae : std::bool_constant<AutoencoderPolicy<P>> {};
template <class P>
struct IsResidual : std::bool_constant<ResidualPolicy<P>> {};
template <class P>
struct IsDownKernel : std::false_type {};
template <index_t Kernel>
struct IsDownKernel<DownKernel<Kernel>> : std::true_type {};
template <class P>
struct IsInitial : std::bool_constant<InitialPolicy<P>> {};
template <class P>
struct IsSkips : std::disjunction<std::is_same<P, AddSkips>, std::is_same<P, ConcatSkips>> {};
}  // namespace detail

/// What can be chosen about a ResUNet beside its channels and widths.
template <class P>
concept ResUNetPolicy = NormPolicy<P> || ActivationPolicy<P> || UpsamplePolicy<P> ||
    DropoutPolicy<P> || HeadPolicy<P> || ResidualPolicy<P> || AutoencoderPolicy<P> ||
    detail::IsEncoderBlocks<P>::value || detail::IsDownKernel<P>::value || InitialPolicy<P> ||
    detail::IsSkips<P>::value;

/// The residual UNet of Myronenko 2018 ("3D MRI brain tumor segmentation using autoencoder
/// regularization"), as MONAI's SegResNet writes it down; with VaeBranch also its autoencoder.
///
/// A 3x3x3 convolution and spatial dropout; levels of pre-activation residual blocks; strided 3x3x3
/// convolutions down; 1x1x1 convolutions and trilinear upsampling up, added to the skip, one block
/// each; norm, activation, 1x1x1 convolution with bias. No other convolution has a bias. [N, D, H,
/// W, In] to logits [N, D, H, W, Out]; D, H and W must be multiples of `divisor` = 2^(levels - 1).
/// Policies in any order replace GroupNorm<8>, ReLU, TrilinearUpsample, SpatialDropout<1/5>,
/// NormalisedHead, EncoderBlocks<1, 2, 2, 4>, NoVae, PreActivation, DownKernel<3>, AddSkips,
/// PyTorchDefault.
template <Backend B, class C, class W, ResUNetPolicy... Policies>
struct ResUNet {
  static_assert(W::levels >= 2, "ResUNet: at least two widths are needed");
  static_assert(detail::at_most_one<detail::IsNorm, Policies...> &&
                    detail::at_most_one<detail::IsActivation, Policies...> &&
                    detail::at_most_one<detail::IsUpsample, Policies...> &&
                    detail::at_most_one<detail::IsDropout, Policies...> &&
                    detail::at_most_one<detail::IsHead, Policies...> &&
                    detail::at_most_one<detail::IsVae, Policies...> &&
                    detail::at_most_one<detail::IsResidual, Policies...> &&
                    detail::at_most_one<detail::IsDownKernel, Policies...> &&
                    detail::at_most_one<detail::IsSkips, Policies...> &&
                    detail::at_most_one<detail::IsInitial, Policies...> &&
                    detail::at_most_one<detail::IsEncoderBlocks, Policies...>,
                "ResUNet: two policies of one kind");

  using Engine = B;
  using Norm = typename detail::Select<detail::IsNorm, GroupNorm<8>, Policies...>::type;
  using Activation = typename detail::Select<detail::IsActivation, ReLU, Policies...>::type;
  using Upsample =
      typename detail::Select<detail::IsUpsample, TrilinearUpsample, Policies...>::type;
  using Drop = typename detail::Select<detail::IsDropout, SpatialDropout<std::ratio<1, 5>>,
                                       Policies...>::type;
  using HeadChoice = typename detail::Select<detail::IsHead, NormalisedHead, Policies...>::type;
  using Counts = typename detail::Select<detail::IsEncoderBlocks, EncoderBlocks<1, 2, 2, 4>,
                                         Policies...>::type;
  using Residual = typename detail::Select<detail::IsResidual, PreActivation, Policies...>::type;
  using Skips = typename detail::Select<detail::IsSkips, AddSkips, Policies...>::type;
  using Start = typename detail::Select<detail::IsInitial, PyTorchDefault, Policies...>::type;
  static constexpr index_t down_kernel =
      detail::Select<detail::IsDownKernel, DownKernel<3>, Policies...>::type::kernel;
  static_assert(Counts::levels == W::levels,
                "ResUNet: EncoderBlocks must name as many counts as there are widths");
  template <Backend Other>
  using On = ResUNet<Other, C, W, Policies...>;

  /// A network without the branch reads weights that were trained with it.
  static constexpr std::string_view training_only = "vae.";
  static constexpr index_t in = C::in, out = C::out, levels = W::levels;
  static constexpr index_t divisor = index_t{1} << (levels - 1);
  static constexpr index_t width(index_t level) {
    return W::values[static_cast<std::size_t>(level)];
  }
  static constexpr index_t in_of(index_t level) { return level == 0 ? in : width(level - 1); }
  static constexpr index_t encoder_blocks(index_t level) {
    return Counts::values[static_cast<std::size_t>(level)];
  }
  template <index_t Width, index_t Units>
  using Blocks =
      ResidualBlocks<typename Residual::template Block<B, Width, Norm, Activation, Start>, Units>;

  using T = typename B::Scalar;
  using R = typename B::Real;
  using Trunk = detail::ResidualLevel<ResUNet, 0>;
  using Vae = typename detail::VaeLayerOf<
      ResUNet, typename detail::Select<detail::IsVae, NoVae, Policies...>::type>::type;
  using Head = typename HeadChoice::template Layer<B, Trunk::width, out, Norm, Activation, Start>;

  struct Parameters {
    typename Trunk::Parameters trunk;
    typename Head::Parameters head;
    typename Vae::Parameters vae;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("", p.trunk...);
      f("head", p.head...);
      f("vae", p.vae...);
    }
  };
  struct Saved {
    typename Trunk::Saved trunk;
    typename Head::Saved head;
    typename Vae::Saved vae;
  };

  template <Mode M>
  static void forward(Context& k, const Parameters& p, View<const T> x, View<T> logits, Saved& s) {
    Trunk::template forward<M>(k, p.trunk, make_wire<in>(Plain<T>{x}), s.trunk);
    Head::forward(k, p.head, s.trunk.output, logits, s.head);
    if constexpr (M == Mode::inference) s = {};
  }

  /// The autoencoder's part of the loss of `image`, after a forward pass of training.
  template <class D>
  static double auxiliary_loss(Context& k, const Parameters& p, Saved& s, View<const T> image,
                               View<const float>, const D&) requires(Vae::present) {
    return Vae::forward(k, p.vae, p.trunk, Trunk::bottleneck(s.trunk).output, image, s.vae);
  }

  /// `grad` is dL/dlogits; adds to `grads`, sends dL/dx to `grad_x`, consumes `s`.
  template <Source G, class Y = NoGradient>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const T> x, const G& grad,
                       Parameters& grads, const Y& grad_x = {}) {
    if constexpr (Vae::present) {
      auto& bottleneck = Trunk::bottleneck(s.trunk);
      if (s.vae.started) {
        Vae::backward(k, p.vae, p.trunk, s.vae, bottleneck.output.values.view(), bottleneck.grad,
                      grads.vae, grads.trunk);
      }
    }
    const View<const T> stream = s.trunk.output.values.view();
    Head::backward(k, p.head, s.head, stream, grad, gradient_sink<B>(k, stream.shape, s.trunk.grad),
                   grads.head);
    Trunk::backward(k, p.trunk, s.trunk, make_wire<in>(Plain<T>{x}), grad_x, grads.trunk);
  }
};

/// The student of Lachinov et al. 2019 ("Knowledge distillation for brain tumor segmentation"):
/// norms after convolutions, concatenated skips, 2x2x2 convolutions down, 3x3x3 head with bias,
/// whose bias starts from N(0, 1). With Widths<16, 32, 64, 128> it is what they published.
template <Backend B, class C, class W, ResUNetPolicy... Policies>
using LachinovResUNet = ResUNet<B, C, W, PostNorm, ConcatSkips, DownKernel<2>, LeakyReLU<>,
                                ConvHead<3>, NoDropout, KaimingNormalBiased, Policies...>;

}  // namespace glia
