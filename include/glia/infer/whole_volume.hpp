#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "glia/core/error.hpp"
#include "glia/data/resample.hpp"
#include "glia/infer/sliding_window.hpp"

namespace glia {

/// A predictor of one grid as a predictor of volumes of any extent: the image is resampled to the
/// grid, the probabilities are interpolated back (Lachinov et al. 2018). Voxel sizes change per
/// axis and per case in between, so labels and distances are made after the way back only.
///
/// `WholeVolume(p)` refers to an lvalue and owns an rvalue. It wants whole volumes, as
/// `predict_labels` and `predict_volume` show it. Memory: one image and one result of the grid.
template <class P>
requires Predictor<P>
class WholeVolume {
 public:
  static constexpr bool whole_volumes = true;
  static_assert(!wants_whole_volumes<P>, "WholeVolume: this predictor wants whole volumes already");

  /// The grid must be named for a predictor that does not know its own. Throws UsageError without
  /// any, for another than that of the training, for a predictor that was trained on patches, and
  /// for extents that are no positive multiples of its divisor.
  explicit WholeVolume(P&& predictor, Extent grid = as_trained)
      : predictor_(std::forward<P>(predictor)), grid_(grid) {
    const TrainedOn trained = trained_on(predictor_);
    if (trained.whole_volumes == false) {
      throw UsageError(
          "whole volume: predictor: got a network that was trained on patches, expected one of "
          "whole volumes");
    }
    if (grid == as_trained && !trained.patch) {
      throw UsageError(
          "whole volume: grid: got none, expected one: the predictor does not know on which it was "
          "trained");
    }
    if (grid == as_trained) grid_ = *trained.patch;
    if (trained.whole_volumes && grid_ != trained.patch.value_or(grid_)) {
      throw UsageError("whole volume: grid: got " + to_string(grid_) +
                       ", expected that of the training, " + to_string(*trained.patch));
    }
    const index_t divisor = divisor_of(predictor_);
    for (const index_t length : {grid_.d, grid_.h, grid_.w}) {
      if (length > 0 && length % divisor == 0) continue;
      throw UsageError("whole volume: grid: got " + to_string(grid_) +
                       ", expected positive multiples of " + std::to_string(divisor));
    }
  }

  /// image [1, D, H, W, modalities], probabilities [1, D, H, W, regions], of any extent; 0 outside
  /// the brain.
  void operator()(View<const float> image, View<float> probabilities) {
    const Shape on_grid = make_shape(1, grid_, image.shape.c);
    if (image_.shape() != on_grid) image_ = HostTensor<float>(on_grid);
    const Shape result = with_channels(on_grid, probabilities.shape.c);
    if (result_.shape() != result) result_ = HostTensor<float>(result);
    resample(image, image_.view());
    predictor_(View<const float>(image_.view()), result_.view());
    resample(View<const float>(result_.view()), probabilities);
    clear_outside_brain(image, probabilities);
  }

 private:
  P predictor_;
  Extent grid_;
  HostTensor<float> image_, result_;
};

template <class P>
WholeVolume(P&&) -> WholeVolume<P>;
template <class P>
WholeVolume(P&&, Extent) -> WholeVolume<P>;

/// A predictor of windows as a predictor of volumes of any extent, so that it can stand beside a
/// `WholeVolume` in an ensemble.
template <class P>
requires Predictor<P>
class Windowed {
 public:
  static constexpr bool whole_volumes = true;

  explicit Windowed(P&& predictor, SlidingWindowOptions options = {})
      : predictor_(std::forward<P>(predictor)), options_(std::move(options)) {}

  /// image [1, D, H, W, modalities], probabilities [1, D, H, W, regions], of any extent. Throws
  /// UsageError if the two differ in extent, and as `sliding_window` does.
  void operator()(View<const float> image, View<float> probabilities) {
    if (with_channels(image.shape, probabilities.shape.c) != probabilities.shape) {
      throw UsageError("windowed: probabilities: got " + to_string(probabilities.shape) +
                       ", expected the extent of the image " + to_string(image.shape));
    }
    sliding_window(predictor_, image, options_, [&](index_t first, View<const float> planes) {
      copy_box(planes, {0, 0, 0}, probabilities, {first, 0, 0}, planes.shape.extent());
    });
  }

 private:
  P predictor_;
  SlidingWindowOptions options_;
};

template <class P>
Windowed(P&&) -> Windowed<P>;
template <class P>
Windowed(P&&, SlidingWindowOptions) -> Windowed<P>;

}  // namespace glia
