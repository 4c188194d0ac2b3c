#pragma once

#include "glia/models/cascade_policies.hpp"
#include "glia/models/cascade_stage.hpp"
#include "glia/models/network.hpp"
#include "glia/models/select.hpp"

namespace glia {

namespace detail {
template <class P>
struct IsScores : std::bool_constant<ScoresPolicy<P>> {};
template <class P>
struct IsPyramid : std::false_type {};
template <index_t Stages, index_t Levels>
struct IsPyramid<Pyramid<Stages, Levels>> : std::true_type {};
template <class P>
struct IsStageWeights : std::false_type {};
template <class... Ratio>
struct IsStageWeights<StageWeights<Ratio...>> : std::true_type {};
}  // namespace detail

/// What can be chosen about a CascadedUNet beside its channels and base width.
template <class P>
concept CascadePolicy = NormPolicy<P> || ActivationPolicy<P> || DropoutPolicy<P> ||
    ScoresPolicy<P> || detail::IsPyramid<P>::value || detail::IsStageWeights<P>::value;

/// The cascade of UNets with one private encoder per modality of Lachinov et al. 2018 ("Glioma
/// segmentation with cascaded UNet"), the paper's second network.
///
/// The image, averaged to a quarter, to a half, and whole, is read by three stages of one topology
/// whose widths fall by half from stage to stage; each concatenates the probability maps of the
/// coarser ones where its decoder has their resolution. A stage: per modality, levels of a strided
/// 3x3x3 convolution, dropout and a pre-activation residual block, doubling the width; skips are
/// the maximum over modalities; transposed convolutions up, 1x1x1 convolutions that mix, residual
/// blocks; a 1x1x1 head. [N, D, H, W, In] to logits [N, D, H, W, Out] of the finest stage; D, H and
/// W must be multiples of `divisor` = 2^(stages + levels - 2). Every stage is trained by the loss
/// of its own logits. Made for whole brains resampled to one grid (128^3), not for patches.
/// Policies in any order replace InstanceNorm<1e-3>, ReLU, ElementDropout<1/10>, SigmoidRegions,
/// Pyramid<3, 4>, StageWeights<>.
template <Backend B, class C, class Width, CascadePolicy... Policies>
struct CascadedUNet {
  static_assert(detail::at_most_one<detail::IsNorm, Policies...> &&
                    detail::at_most_one<detail::IsActivation, Policies...> &&
                    detail::at_most_one<detail::IsDropout, Policies...> &&
                    detail::at_most_one<detail::IsScores, Policies...> &&
                    detail::at_most_one<detail::IsPyramid, Policies...> &&
                    detail::at_most_one<detail::IsStageWeights, Policies...>,
                "CascadedUNet: two policies of one kind");

  using Engine = B;
  using Norm =
      typename detail::Select<detail::IsNorm, InstanceNorm<std::ratio<1, 1000>>, Policies...>::type;
  using Activation = typename detail::Select<detail::IsActivation, ReLU, Policies...>::type;
  using Drop = typename detail::Select<detail::IsDropout, ElementDropout<std::ratio<1, 10>>,
                                       Policies...>::type;
  using Scores = typename detail::Select<detail::IsScores, SigmoidRegions, Policies...>::type;
  using Grid = typename detail::Select<detail::IsPyramid, Pyramid<3, 4>, Policies...>::type;
  using Weights =
      typename detail::Select<detail::IsStageWeights, StageWeights<>, Policies...>::type;
  using Start = XavierUniform;
  template <Backend Other>
  using On = CascadedUNet<Other, C, Width, Policies...>;

  static constexpr index_t in = C::in, out = C::out, classes = Scores::classes(C::out);
  static_assert(classes > 0, "CascadedUNet: the scores must name as many regions as there are");
  static_assert(classes <= most_voxel_channels && out <= most_voxel_channels,
                "CascadedUNet: at most 8 regions and 8 classes");
  static constexpr index_t stages = Grid::stages, levels = Grid::levels;
  static constexpr index_t divisor = index_t{1} << (stages + levels - 2);
  /// Channels per modality; stage 0 is the coarsest and widest, level 0 its finest.
  static constexpr index_t width(index_t stage, index_t level) {
    return Width::value << (stages - 1 - stage + level);
  }

  using T = typename B::Scalar;
  using Finest = detail::CascadeStage<CascadedUNet, stages - 1>;
  using Stages = detail::CascadeContext<CascadedUNet>;
  using Parameters = typename Finest::Parameters;
  using Saved = typename Finest::Saved;

  template <Mode M>
  static void forward(Context& k, const Parameters& p, View<const T> x, View<T> logits, Saved& s) {
    Stages stages_of_run;
    Finest::template forward<M>(k, p, x, stages_of_run, s);
    store<B>(k, Scores::logits(stages_of_run.scores.back()), Store<T>{logits});
    if constexpr (M == Mode::inference) s = {};
  }

  /// The losses of the coarser stages.
  template <class D>
  static double auxiliary_loss(Context& k, const Parameters&, Saved& s, View<const T>,
                               View<const float> target, const D& differentiate) {
    Stages stages_of_run;
    Finest::make_gradients(k, stages_of_run, s);
    return Finest::Coarser::losses(k, stages_of_run, target, differentiate);
  }

  /// `grad` is dL/dlogits; adds to `grads`, sends dL/dx to `grad_x`, a Store or NoGradient,
  /// consumes `s`.
  template <Source G, class Y = NoGradient>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const T> x, const G& grad,
                       Parameters& grads, const Y& grad_x = {}) {
    Stages stages_of_run;
    Finest::make_gradients(k, stages_of_run, s);
    Finest::add_gradient(k, stages_of_run, grad);
    Finest::backward(k, p, x, stages_of_run, s, grad_x, grads);
  }
};

}  // namespace glia
