#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "glia/core/error.hpp"
#include "glia/data/label_check.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// A set of voxels: not 0 means inside.
using Mask = Volume<std::uint8_t>;

/// The voxels whose label belongs to a region (`region::WT`, `region::TC` or `region::ET`). Throws
/// DataError for a voxel that holds no label.
[[nodiscard]] inline Mask region_mask(const LabelVolume& labels, int region_index) {
  require_labels("labels", labels);
  Mask mask(labels.extent);
  std::transform(labels.voxels.begin(), labels.voxels.end(), mask.voxels.begin(),
                 [=](std::uint8_t value) {
                   return static_cast<std::uint8_t>(in_region(value, region_index) ? 1 : 0);
                 });
  return mask;
}

/// Throws UsageError unless truth and prediction lie on one grid.
inline void require_same_extent(Extent truth, Extent prediction) {
  if (truth == prediction) return;
  throw UsageError("metrics: prediction extent: got " + to_string(prediction) +
                   ", expected that of the truth, " + to_string(truth));
}

}  // namespace glia
