#pragma once

#include <string>
#include <utility>

#include "glia/core/error.hpp"
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
  static constexpr bool whole_volumes = wants_whole_volumes<P>;

  explicit ClassesToRegions(P&& predictor) : predictor_(std::forward<P>(predictor)) {}

  [[nodiscard]] index_t divisor() const { return divisor_of(predictor_); }
  [[nodiscard]] TrainedOn trained_on() const { return glia::trained_on(predictor_); }

  /// image [N, D, H, W, modalities], probabilities [N, D, H, W, regions]. Throws UsageError for
  /// another number of regions than three.
  void operator()(View<const float> image, View<float> probabilities) {
    if (probabilities.shape.c != region::count) {
      throw UsageError("classes to regions: regions: got " + std::to_string(probabilities.shape.c) +
                       ", expected 3");
    }
    const Shape shape = with_channels(probabilities.shape, label::count);
    if (classes_.shape() != shape) classes_ = HostTensor<float>(shape);
    predictor_(image, classes_.view());
    for (index_t voxel = 0; voxel < shape.n * shape.voxels(); ++voxel) {
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
