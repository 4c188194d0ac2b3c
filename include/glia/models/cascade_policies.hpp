#pragma once

#include <array>
#include <concepts>
#include <ratio>

#include "glia/source/plain.hpp"
#include "glia/source/voxelwise.hpp"

namespace glia {

/// What the scores of a stage's head mean: 1. `classes(out)`, how many make `out` regions; 2.
/// `Probabilities`, the function of them that finer stages read; 3. `logits(scores)`, a source of
/// the regions' logits; 4. `sink(scores, grad)`, its adjoint, which adds.
template <class P>
concept ScoresPolicy = requires(View<const float> scores, View<float> grad) {
  requires VoxelFunction<typename P::Probabilities>;
  { P::classes(index_t{3}) } -> std::same_as<index_t>;
  { P::logits(scores) } -> Source;
  { P::sink(scores, grad) } -> Sink;
};

/// One score per region: its logit.
struct SigmoidRegions {
  using Probabilities = Sigmoid;
  static constexpr index_t classes(index_t out) { return out; }
  template <class T>
  static Plain<T> logits(View<const T> scores) {
    return {scores};
  }
  template <class T>
  static Store<T> sink(View<const T>, View<T> grad) {
    return {grad, true};
  }
};

/// Scores of `Classes` exclusive classes, the first of them background, and the classes of each
/// region (Lachinov et al. 2018 has the four labels). The logit of a region is that of its share of
/// the softmax, so losses over regions and ensembles need to know nothing of it; with one class per
/// region they are losses over classes.
template <index_t Classes, class... Sets>
struct SoftmaxClasses {
  using Probabilities = Softmax;
  static constexpr index_t classes(index_t out) {
    return out == static_cast<index_t>(sizeof...(Sets)) ? Classes : 0;
  }
  template <class T>
  static Voxelwise<T, RegionLogits<Sets...>> logits(View<const T> scores) {
    return {scores};
  }
  template <class T>
  static VoxelwiseGradient<T, RegionLogits<Sets...>> sink(View<const T> scores, View<T> grad) {
    return {{scores}, grad};
  }
};

/// The labels 0 background, 1 NCR, 2 ED, 3 ET; regions WT, TC, ET.
using SoftmaxLabels = SoftmaxClasses<4, ClassSet<1, 2, 3>, ClassSet<1, 3>, ClassSet<3>>;

/// How often a cascade halves the image for its coarsest stage, plus one, and how many levels each
/// stage has.
template <index_t Stages, index_t Levels>
struct Pyramid {
  static_assert(Stages >= 1 && Levels >= 2, "Pyramid: at least one stage of two levels");
  static constexpr index_t stages = Stages, levels = Levels;
};

/// Weights of the losses of the coarser stages, coarsest first, where the finest stage has 1. None:
/// all 1, which Lachinov et al. 2018 trained with (their framework ignored the weights that they
/// wrote down).
template <class... Ratio>
struct StageWeights {
  template <index_t Stages>
  static constexpr double of(index_t stage) {
    static_assert(sizeof...(Ratio) == 0 || static_cast<index_t>(sizeof...(Ratio)) == Stages - 1,
                  "StageWeights: one weight for each stage but the finest");
    const std::array<double, sizeof...(Ratio) + 1> values{
        static_cast<double>(Ratio::num) / static_cast<double>(Ratio::den)..., 1.0};
    const bool given = sizeof...(Ratio) > 0 && stage + 1 < Stages;
    return given ? values[static_cast<std::size_t>(stage)] : 1.0;
  }
};

/// Channels per modality at full resolution.
template <index_t Width>
struct BaseWidth {
  static_assert(Width > 0, "BaseWidth: the width must be positive");
  static constexpr index_t value = Width;
};

}  // namespace glia
