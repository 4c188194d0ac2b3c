#pragma once

#include <concepts>

#include "glia/core/error.hpp"
#include "glia/infer/sliding_window.hpp"

namespace glia {

/// Predicts a volume as its predictor wants it: by `sliding_window`, or, where it wants whole
/// volumes, at once. `receive(d_begin, planes)` as there; outside the brain the result is 0, and a
/// volume without brain is not shown.
///
/// A predictor of whole volumes needs memory for their whole result. Throws UsageError as
/// `sliding_window` does, and for a window, of which such a predictor has no use.
template <Predictor P, std::invocable<index_t, View<const float>> Receive>
void predict_volume(P&& predictor, View<const float> image, const SlidingWindowOptions& options,
                    Receive&& receive) {
  if constexpr (wants_whole_volumes<P>) {
    detail::require_volume("predict volume", image.shape);
    if (options.window != as_trained) {
      throw UsageError("predict volume: window: got " + to_string(options.window) +
                       ", expected none: the predictor wants whole volumes");
    }
    HostTensor<float> probabilities(with_channels(image.shape, region::count));
    if (holds_brain(image)) predictor(image, probabilities.view());
    clear_outside_brain(image, probabilities.view());
    receive(index_t{0}, View<const float>(probabilities.view()));
    if (options.progress) options.progress({"segment", 1, 1, "volumes"});
  } else {
    sliding_window(predictor, image, options, receive);
  }
}

}  // namespace glia
