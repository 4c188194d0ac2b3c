#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>

#include "glia/core/error.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/view.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// Which regions a voxel's probabilities claim, in the order WT, TC, ET.
using RegionFlags = std::array<bool, region::count>;

/// Turns claimed regions into a label: `thresholds` (a region is claimed above its threshold) and
/// `label(claimed)`.
template <class R>
concept RegionRule = requires(const R& rule, RegionFlags claimed) {
  { rule.thresholds[0] } -> std::convertible_to<float>;
  { R::label(claimed) } -> std::same_as<std::uint8_t>;
};

/// Paints WT as ED, over it TC as NCR, over it ET as ET (Isensee et al. 2018, nnU-Net): ET outside
/// TC or WT survives.
struct Overwrite {
  std::array<float, region::count> thresholds{0.5F, 0.5F, 0.5F};
  static std::uint8_t label(RegionFlags claimed) {
    if (claimed[region::ET]) return label::ET;
    if (claimed[region::TC]) return label::NCR;
    return claimed[region::WT] ? label::ED : label::background;
  }
};

/// Asks WT, then TC, then ET (NVIDIA, BraTS 2021): TC counts inside WT only, ET inside TC only.
struct Hierarchical {
  std::array<float, region::count> thresholds{0.45F, 0.4F, 0.4F};
  static std::uint8_t label(RegionFlags claimed) {
    if (!claimed[region::WT]) return label::background;
    if (!claimed[region::TC]) return label::ED;
    return claimed[region::ET] ? label::ET : label::NCR;
  }
};

/// Voxels that break WT contains TC contains ET: exactly there the rules differ.
struct NestingViolations {
  index_t tc_outside_wt = 0, et_outside_tc = 0;
  NestingViolations& operator+=(const NestingViolations& other) {
    tc_outside_wt += other.tc_outside_wt;
    et_outside_tc += other.et_outside_tc;
    return *this;
  }
  friend bool operator==(const NestingViolations&, const NestingViolations&) = default;
};

/// Writes the labels of planes [d_begin, d_begin + D) of a volume; made to be called by
/// `sliding_window` for each block of planes. `probabilities` is [1, D, H, W, 3]: WT, TC, ET.
/// Throws UsageError if the planes do not fit the volume, NumericalError at a probability that is
/// not finite.
template <RegionRule Rule = Overwrite>
NestingViolations assign_labels(View<const float> probabilities, index_t d_begin,
                                LabelVolume& labels, const Rule& rule = {}) {
  const Shape s = probabilities.shape;
  if (s.n != 1 || s.c != region::count || s.h != labels.extent.h || s.w != labels.extent.w ||
      d_begin < 0 || d_begin + s.d > labels.extent.d) {
    throw UsageError("labels: probabilities of planes from " + std::to_string(d_begin) + ": got " +
                     to_string(s) + ", expected planes of a volume of " + to_string(labels.extent) +
                     " voxels with " + std::to_string(region::count) + " regions");
  }
  NestingViolations violations;
  std::uint8_t* out = labels.voxels.data() + labels.index(d_begin, 0, 0);
  for (index_t voxel = 0; voxel < s.voxels(); ++voxel) {
    const float* p = probabilities.data + voxel * probabilities.pitch;
    RegionFlags claimed{};
    for (std::size_t r = 0; r < claimed.size(); ++r) {
      if (!std::isfinite(p[r])) {
        throw NumericalError("labels: probability of region " + std::string(region::names[r]) +
                             " in plane " + std::to_string(d_begin + voxel / (s.h * s.w)) +
                             ": got " + std::to_string(p[r]) + ", expected a finite number");
      }
      claimed[r] = p[r] > rule.thresholds[r];
    }
    violations.tc_outside_wt += claimed[region::TC] && !claimed[region::WT];
    violations.et_outside_tc += claimed[region::ET] && !claimed[region::TC];
    out[voxel] = Rule::label(claimed);
  }
  return violations;
}

}  // namespace glia
