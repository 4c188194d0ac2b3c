#pragma once

#include <array>
#include <concepts>
#include <cstddef>

#include "glia/distill/labelling.hpp"
#include "glia/infer/predict_labels.hpp"

namespace glia {

/// Whatever predicts can teach: a model, an ensemble, a model under test-time augmentation (data
/// distillation).
template <class T>
concept Teacher = Predictor<T>;

/// What a teacher found in a case.
struct Annotation {
  NestingViolations violations{};
  std::array<index_t, region::count> voxels{};       ///< of each region
  std::array<index_t, region::count> not_counted{};  ///< voxels that the labelling left out
  /// No tumour at all: rare enough in patients to be worth a look.
  [[nodiscard]] bool empty() const { return voxels[region::WT] == 0; }
};

/// Labels a case by a teacher: sets its labels, and its soft target where labels cannot hold what
/// the labelling makes; plane by plane, so memory does not grow with probabilities.
///
/// What lies outside the brain is background, with a soft target of 0. Throws as `predict_volume`
/// and `assign_labels` do.
template <Teacher T, Labelling L = HardLabels>
Annotation annotate(T&& teacher, PreparedCase& target, const L& labelling = {},
                    const SlidingWindowOptions& options = {}) {
  const Overwrite rule = label_rule(labelling);
  const Extent extent = target.image.shape().extent();
  Annotation found;
  target.labels = LabelVolume(extent);
  target.soft.reset();
  if constexpr (!L::hard) target.soft = SoftTarget(extent);
  target.pseudo_labelled = true;

  predict_volume(teacher, target.image.view(), options, [&](index_t d, View<const float> planes) {
    found.violations += assign_labels(planes, d, *target.labels, rule);
    if constexpr (!L::hard) {
      const index_t first = d * extent.h * extent.w;
      for (index_t voxel = 0; voxel < planes.shape.voxels(); ++voxel) {
        RegionValues p{};
        std::ranges::copy(planes.voxel(voxel), p.begin());
        const RegionValues targets = labelling.targets(p);
        for (std::size_t r = 0; r < p.size(); ++r) {
          target.soft->set(first + voxel, static_cast<int>(r), targets[r]);
          found.not_counted[r] += targets[r] < 0;
        }
      }
    }
  });
  for (const std::uint8_t label : target.labels->voxels) {
    for (std::size_t r = 0; r < found.voxels.size(); ++r)
      found.voxels[r] += in_region(label, static_cast<int>(r));
  }
  return found;
}

}  // namespace glia
