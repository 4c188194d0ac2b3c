#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>

#include "glia/core/error.hpp"
#include "glia/core/log.hpp"
#include "glia/data/brain.hpp"
#include "glia/data/region.hpp"
#include "glia/infer/predictor.hpp"
#include "glia/infer/window_positions.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia {

struct SlidingWindowOptions {
  Extent window = as_trained;  ///< must be given for a predictor that does not know its own
  double overlap = 0.5;        ///< share of a window that the next one covers again, in [0, 1)
  ProgressSink progress{};     ///< called after every window
};

namespace detail {

/// Part [begin, end) of a window that lies inside the volume, in voxels of the window.
struct Inside {
  index_t begin, end;
  Inside(index_t start, index_t length, index_t extent)
      : begin(std::max<index_t>(0, -start)), end((std::min)(length, extent - start)) {}
};

/// Copies the block that starts at `at` to `window`. What lies outside the image stays as it is: 0
/// from the start, because only an axis with a single window leaves the image.
inline void copy_window(View<const float> image, Extent at, HostTensor<float>& window) {
  const auto to = window.view();
  const Inside ds(at.d, to.shape.d, image.shape.d), hs(at.h, to.shape.h, image.shape.h),
      ws(at.w, to.shape.w, image.shape.w);
  copy_box(image, {at.d + ds.begin, at.h + hs.begin, at.w + ws.begin}, to,
           {ds.begin, hs.begin, ws.begin},
           {ds.end - ds.begin, hs.end - hs.begin, ws.end - ws.begin});
}

/// The planes of the result that later windows can still change, and the first of them.
class PlaneAccumulator {
 public:
  PlaneAccumulator(index_t planes, Extent volume)
      : planes_({1, (std::min)(planes, volume.d), volume.h, volume.w, region::count}) {}

  /// Adds a window's probabilities, each times the product of its shares along the axes.
  void add(View<const float> window, Extent at, const std::vector<float>& share_d,
           const std::vector<float>& share_h, const std::vector<float>& share_w) {
    const auto to = planes_.view();
    const Inside ds(at.d - first_, window.shape.d, to.shape.d),
        hs(at.h, window.shape.h, to.shape.h), ws(at.w, window.shape.w, to.shape.w);
    for (index_t d = ds.begin; d < ds.end; ++d) {
      for (index_t h = hs.begin; h < hs.end; ++h) {
        const float* from = window.row(0, d, h);
        float* sum = to.row(0, at.d - first_ + d, at.h + h) + at.w * to.pitch;
        const float share =
            share_d[static_cast<std::size_t>(d)] * share_h[static_cast<std::size_t>(h)];
        for (index_t w = ws.begin; w < ws.end; ++w) {
          const float weight = share * share_w[static_cast<std::size_t>(w)];
          for (index_t c = 0; c < region::count; ++c) {
            sum[w * to.pitch + c] += weight * from[w * window.pitch + c];
          }
        }
      }
    }
  }

  /// Hands the planes before `next` over as final, 0 outside the brain of the whole image, and
  /// makes room for as many new ones.
  template <class Receive>
  void finish_before(index_t next, View<const float> image, Receive&& receive) {
    const index_t count = next - first_;
    View<float> done = planes_.view();
    const index_t used = count * done.shape.h * done.shape.w * done.pitch;
    done.shape.d = image.shape.d = count;
    image.data = image.row(0, first_, 0);
    clear_outside_brain(image, done);
    receive(first_, View<const float>(done));
    float *begin = planes_.values().data(), *end = begin + planes_.values().size();
    std::fill(std::copy(begin + used, end, begin), end, 0.0F);
    first_ = next;
  }

 private:
  HostTensor<float> planes_;
  index_t first_ = 0;
};

inline void require_volume(const std::string& where, Shape image) {
  if (image.n == 1 && image.voxels() > 0) return;
  throw UsageError(where + ": image: got " + to_string(image) +
                   ", expected one volume [1, D, H, W, C] that is not empty");
}

/// The window for an image.
inline Extent require_sliding_window(Shape image, const SlidingWindowOptions& options,
                                     index_t divisor, const TrainedOn& trained) {
  require_volume("sliding window", image);
  if (trained.whole_volumes == true) {
    throw UsageError(
        "sliding window: predictor: got a network that was trained on whole volumes, expected one "
        "of windows: wrap it in WholeVolume, and give that to predict_labels or predict_volume");
  }
  if (options.window == as_trained && !trained.patch) {
    throw UsageError(
        "sliding window: window: got none, expected one: the predictor does not know with which "
        "it was trained");
  }
  const Extent window = options.window == as_trained ? *trained.patch : options.window;
  for (const index_t length : {window.d, window.h, window.w}) {
    if (length > 0 && length % divisor == 0) continue;
    throw UsageError("sliding window: window: got " + to_string(window) +
                     ", expected positive multiples of " + std::to_string(divisor));
  }
  if (!(options.overlap >= 0 && options.overlap < 1)) {
    throw UsageError("sliding window: overlap: got " + std::to_string(options.overlap) +
                     ", expected at least 0 and below 1");
  }
  return window;
}

}  // namespace detail

/// Predicts a volume of any extent by overlapping windows whose results are averaged with Gaussian
/// weights (nnU-Net: Isensee et al. 2021).
///
/// `receive(d_begin, planes)` receives the result in order of d, every plane once, as soon as no
/// later window touches it: planes is [1, d, H, W, 3], valid during the call. An image smaller than
/// the window is padded with 0; the result has the image's extent. Outside the brain it is 0, and
/// the predictor is not shown windows without brain.
///
/// Memory: one window of image and of result, and window.d planes of H x W x 3 floats, whatever the
/// volume's depth. Results do not depend on the number of threads.
/// Throws UsageError if a window's extent is not a positive multiple of the predictor's divisor,
/// without a window where the predictor does not say its own, and for a network that was trained on
/// whole volumes.
template <Predictor P, std::invocable<index_t, View<const float>> Receive>
void sliding_window(P&& predictor, View<const float> image, const SlidingWindowOptions& options,
                    Receive&& receive) {
  static_assert(!wants_whole_volumes<P>,
                "sliding_window: this predictor wants whole volumes, no windows: give it to "
                "predict_volume or predict_labels");
  const Extent volume = image.shape.extent();
  const Extent length = detail::require_sliding_window(image.shape, options, divisor_of(predictor),
                                                       trained_on(predictor));
  const AxisWindows along_d(volume.d, length.d, options.overlap),
      along_h(volume.h, length.h, options.overlap), along_w(volume.w, length.w, options.overlap);
  const std::size_t layers = along_d.starts.size();
  const double total = static_cast<double>(layers * along_h.starts.size() * along_w.starts.size());

  HostTensor<float> patch(make_shape(1, length, image.shape.c));
  HostTensor<float> probabilities(make_shape(1, length, region::count));
  detail::PlaneAccumulator planes(length.d, volume);
  double done = 0;
  for (std::size_t d = 0; d < layers; ++d) {
    for (std::size_t h = 0; h < along_h.starts.size(); ++h) {
      for (std::size_t w = 0; w < along_w.starts.size(); ++w) {
        const Extent at{along_d.starts[d], along_h.starts[h], along_w.starts[w]};
        detail::copy_window(image, at, patch);
        if (holds_brain(patch.view())) {  // no voxel of brain is in a window without
          predictor(View<const float>(patch.view()), probabilities.view());
          planes.add(probabilities.view(), at, along_d.shares[d], along_h.shares[h],
                     along_w.shares[w]);
        }
        ++done;
        if (options.progress) options.progress({"segment", done, total, "windows"});
      }
    }
    planes.finish_before(d + 1 < layers ? along_d.starts[d + 1] : volume.d, image, receive);
  }
}

}  // namespace glia
