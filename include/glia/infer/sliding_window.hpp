#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string>

#include "glia/core/error.hpp"
#include "glia/core/log.hpp"
#include "glia/data/region.hpp"
#include "glia/infer/predictor.hpp"
#include "glia/infer/window_positions.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia {

/// A window as large as the volume, whatever the volume.
inline constexpr Extent whole_volume{0, 0, 0};

struct SlidingWindowOptions {
  Extent window{128, 128, 128};  ///< or whole_volume
  double overlap = 0.5;          ///< share of a window that the next one covers again, in [0, 1)
  ProgressSink progress{};       ///< called after every window
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
  for (index_t d = ds.begin; d < ds.end; ++d) {
    for (index_t h = hs.begin; h < hs.end; ++h) {
      const float* from = image.row(0, at.d + d, at.h + h) + at.w * image.pitch;
      float* row = to.row(0, d, h);
      for (index_t w = ws.begin; w < ws.end; ++w) {
        std::copy_n(from + w * image.pitch, image.shape.c, row + w * to.pitch);
      }
    }
  }
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

  /// Hands the planes before `next` over as final and makes room for as many new ones.
  template <class Receive>
  void finish_before(index_t next, Receive&& receive) {
    const index_t count = next - first_;
    View<const float> done = planes_.view();
    const index_t used = count * done.shape.h * done.shape.w * done.pitch;
    done.shape.d = count;
    receive(first_, done);
    float *begin = planes_.values().data(), *end = begin + planes_.values().size();
    std::fill(std::copy(begin + used, end, begin), end, 0.0F);
    first_ = next;
  }

 private:
  HostTensor<float> planes_;
  index_t first_ = 0;
};

/// The window for an image.
inline Extent require_sliding_window(Shape image, const SlidingWindowOptions& options,
                                     index_t divisor) {
  const Extent window = options.window == whole_volume ? image.extent() : options.window;
  if (image.n != 1 || image.voxels() <= 0) {
    throw UsageError("sliding window: image: got " + to_string(image) +
                     ", expected one volume [1, D, H, W, C] that is not empty");
  }
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
/// the window is padded with 0; the result has the image's extent. What is averaged is what the
/// predictor returns, so a predictor of logits gives the mean of logits.
///
/// Memory: one window of image and of result, and window.d planes of H x W x 3 floats, whatever the
/// volume's depth. Results do not depend on the number of threads.
/// Throws UsageError if a window's extent is not a positive multiple of the predictor's divisor.
template <Predictor P, std::invocable<index_t, View<const float>> Receive>
void sliding_window(P&& predictor, View<const float> image, const SlidingWindowOptions& options,
                    Receive&& receive) {
  const Extent volume = image.shape.extent();
  const Extent length = detail::require_sliding_window(image.shape, options, divisor_of(predictor));
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
        predictor(View<const float>(patch.view()), probabilities.view());
        planes.add(probabilities.view(), at, along_d.shares[d], along_h.shares[h],
                   along_w.shares[w]);
        ++done;
        if (options.progress) options.progress({"segment", done, total, "windows"});
      }
    }
    planes.finish_before(d + 1 < layers ? along_d.starts[d + 1] : volume.d, receive);
  }
}

}  // namespace glia
