#pragma once

#include <concepts>

#include "glia/tensor/view.hpp"

namespace glia {

/// Anything that turns an image into region probabilities: `predict(image, probabilities)`.
/// 1. image is [1, D, H, W, modalities], probabilities [1, D, H, W, regions (WT, TC, ET)]; it
/// writes every element of the latter. 2. D, H and W may be any multiple of `predict.divisor()`, or
/// any number at all if it has no such member. 3. It keeps neither view. A lambda is one, and so
/// are a model, an ensemble and `Mirrored<P>`.
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

}  // namespace glia
