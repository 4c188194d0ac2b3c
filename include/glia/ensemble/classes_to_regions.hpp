#pragma once

#include <utility>

#include "glia/data/region.hpp"
#include "glia/infer/predictor.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia {

/// Makes a region predictor of one that writes the probabilities of the four classes background,
/// NCR, ED, ET (a softmax): WT = NCR + ED + ET, TC = NCR + ET, ET = ET. Class probabilities must
/// not be averaged with region probabilities as they are.
///
/// Refers to an lvalue and owns an rvalue. Memory: one result of four channels, kept from call to
/// call.
template <class P>
requires Predictor<P>
class ClassesToRegions {
 public:
  explicit ClassesToRegions(P&& predictor) : predictor_(std::forward<P>(predictor)) {}

  [[nodiscard]] index_t divisor() const { return divisor_of(predictor_); }

  /// image [1, D, H, W, modalities], probabilities [1, D, H, W, regions].
  void operator()(View<const float> image, View<float> probabilities) {
    const Shape shape = with_channels(probabilities.shape, label::count);
    if (classes_.shape() != shape) classes_ = HostTensor<float>(shape);
    predictor_(image, classes_.view());
    for (index_t voxel = 0; voxel < shape.voxels(); ++voxel) {
      const float* p = classes_.values().data() + voxel * label::count;
      float* regions = probabilities.data + voxel * probabilities.pitch;
      regions[region::WT] = p[label::NCR] + p[label::ED] + p[label::ET];
      regions[region::TC] = p[label::NCR] + p[label::ET];
      regions[region::ET] = p[label::ET];
    }
  }

 private:
  P predictor_;
  HostTensor<float> classes_;
};

template <class P>
ClassesToRegions(P&&) -> ClassesToRegions<P>;

}  // namespace glia
