#pragma once

#include <concepts>
#include <type_traits>

#include "glia/models/trained_on.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// Anything that turns an image into region probabilities: `predict(image, probabilities)`.
/// 1. image is [1, D, H, W, modalities], probabilities [1, D, H, W, regions (WT, TC, ET)]; it
/// writes every element of the latter. 2. D, H and W may be any multiple of `predict.divisor()`, or
/// any number at all if it has no such member. 3. It keeps neither view. A lambda is one, and so
/// are a model, an ensemble and `Mirrored<P>`. 4. It reads windows of a volume, unless it says that
/// it wants volumes as they are by `static constexpr bool whole_volumes = true`. 5. It may tell by
/// `trained_on()` what its network was trained on.
template <class P>
concept Predictor = std::invocable<P&, View<const float>, View<float>>;

/// The number of which every extent of a predictor's image must be a multiple.
template <Predictor P>
[[nodiscard]] index_t divisor_of(const P& predictor) {
  if constexpr (requires {
                  { predictor.divisor() } -> std::convertible_to<index_t>;
                }) {
    return predictor.divisor();
  } else {
    return 1;
  }
}

/// Whether a predictor wants whole volumes, of any extent, and no windows of them.
template <class P>
inline constexpr bool wants_whole_volumes = false;
template <class P>
requires requires { std::remove_cvref_t<P>::whole_volumes; }
inline constexpr bool wants_whole_volumes<P> = std::remove_cvref_t<P>::whole_volumes;

/// In place of an extent: the one that a predictor was trained with. A network is worse at others.
inline constexpr Extent as_trained{0, 0, 0};

/// What a predictor was trained on, as far as it knows.
template <Predictor P>
[[nodiscard]] TrainedOn trained_on(const P& predictor) {
  if constexpr (requires {
                  { predictor.trained_on() } -> std::convertible_to<TrainedOn>;
                }) {
    return predictor.trained_on();
  } else {
    return {};
  }
}

}  // namespace glia
