#pragma once

#include <algorithm>
#include <utility>

#include "glia/infer/predictor.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia {

/// The axes along which an image is mirrored.
struct MirrorAxes {
  bool d = true, h = true, w = true;
};

namespace detail {

/// Calls visit(from, to) with the elements of every voxel of two views of one shape, the second
/// voxel mirrored along the given axes.
template <class T, class Visit>
void for_each_mirrored(View<const T> from, View<T> to, MirrorAxes mirrored, Visit&& visit) {
  const Shape s = from.shape;
  for (index_t plane = 0; plane < s.n * s.d; ++plane) {
    const index_t n = plane / s.d, d = plane % s.d;
    for (index_t h = 0; h < s.h; ++h) {
      const T* source = from.row(n, d, h);
      T* target = to.row(n, mirrored.d ? s.d - 1 - d : d, mirrored.h ? s.h - 1 - h : h);
      for (index_t w = 0; w < s.w; ++w) {
        visit(source + w * from.pitch, target + (mirrored.w ? s.w - 1 - w : w) * to.pitch);
      }
    }
  }
}

}  // namespace detail

/// Test-time augmentation: the mean of a predictor's results over all combinations of mirrored axes
/// (8 for three axes), each mirrored back. A Predictor itself; only for models that were trained
/// with mirroring.
///
/// `Mirrored(p)` refers to an lvalue and owns an rvalue. What is averaged is what the predictor
/// returns: probabilities, or logits. Memory: one image and one result, kept from call to call.
template <class P>
requires Predictor<P>
class Mirrored {
 public:
  static constexpr bool whole_volumes = wants_whole_volumes<P>;

  explicit Mirrored(P&& predictor, MirrorAxes axes = {})
      : predictor_(std::forward<P>(predictor)), axes_(axes) {}

  [[nodiscard]] index_t divisor() const { return divisor_of(predictor_); }
  [[nodiscard]] TrainedOn trained_on() const { return glia::trained_on(predictor_); }

  /// image [N, D, H, W, modalities], probabilities [N, D, H, W, regions].
  void operator()(View<const float> image, View<float> probabilities) {
    if (image_.shape() != image.shape) image_ = HostTensor<float>(image.shape);
    if (result_.shape() != probabilities.shape) result_ = HostTensor<float>(probabilities.shape);
    predictor_(image, probabilities);
    float count = 1;
    for (int combination = 1; combination < 8; ++combination) {
      const MirrorAxes flip{(combination & 4) != 0, (combination & 2) != 0, (combination & 1) != 0};
      if ((flip.d && !axes_.d) || (flip.h && !axes_.h) || (flip.w && !axes_.w)) continue;
      add_mirrored(image, probabilities, flip);
      ++count;
    }
    for (index_t v = 0; v < probabilities.shape.n * probabilities.shape.voxels(); ++v)
      for (float& p : probabilities.voxel(v)) p /= count;
  }

 private:
  void add_mirrored(View<const float> image, View<float> sum, MirrorAxes flip) {
    detail::for_each_mirrored(image, image_.view(), flip, [&](const float* from, float* to) {
      std::copy_n(from, image.shape.c, to);
    });
    predictor_(View<const float>(image_.view()), result_.view());
    detail::for_each_mirrored(View<const float>(result_.view()), sum, flip,
                              [c = sum.shape.c](const float* from, float* to) {
                                for (index_t i = 0; i < c; ++i) to[i] += from[i];
                              });
  }

  P predictor_;
  MirrorAxes axes_;
  HostTensor<float> image_, result_;
};

template <class P>
Mirrored(P&&) -> Mirrored<P>;
template <class P>
Mirrored(P&&, MirrorAxes) -> Mirrored<P>;

}  // namespace glia
