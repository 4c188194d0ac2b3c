#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "glia/core/error.hpp"
#include "glia/metrics/connected_components.hpp"

namespace glia {

/// What to change about finished labels. Everything is off by default: removal rules fit one data
/// set and one way of scoring absent regions. The largest component of WT stays in any case, and so
/// do others of its size.
struct PostprocessOptions {
  index_t min_component_voxels = 0;   ///< smaller components of WT are removed
  double min_component_fraction = 0;  ///< so are those below this share of all WT voxels, in [0, 1]
  index_t min_enhancing_voxels = 0;   ///< if ET has fewer voxels in all, it becomes NCR
};

/// What was changed.
struct PostprocessChanges {
  index_t components_removed = 0;
  index_t voxels_removed = 0;
  index_t enhancing_relabelled = 0;  ///< voxels
  friend bool operator==(const PostprocessChanges&, const PostprocessChanges&) = default;
};

namespace detail {

inline void remove_small_components(LabelVolume& labels, const PostprocessOptions& options,
                                    PostprocessChanges& changes) {
  const Components found = connected_components(region_mask(labels, region::WT));
  index_t total = 0, largest = 0;
  for (const index_t size : found.sizes) {
    total += size;
    largest = (std::max)(largest, size);
  }
  const double wanted = (std::max)(static_cast<double>(options.min_component_voxels),
                                   options.min_component_fraction * static_cast<double>(total));
  // No focus of many may hold the share, or all be small: that is no reason to find no tumour.
  const double least = (std::min)(wanted, static_cast<double>(largest));
  const auto is_small = [=](index_t size) { return static_cast<double>(size) < least; };
  for (const index_t size : found.sizes) {
    if (!is_small(size)) continue;
    ++changes.components_removed;
    changes.voxels_removed += size;
  }
  for (std::size_t i = 0; i < labels.voxels.size(); ++i) {
    const std::int32_t id = found.ids.voxels[i];
    if (id != 0 && is_small(found.sizes[static_cast<std::size_t>(id - 1)])) {
      labels.voxels[i] = label::background;
    }
  }
}

}  // namespace detail

/// Removes small 26-connected components of WT (Lachinov et al. 2018: below 0.1 of the tumour) but
/// never the largest, then relabels a too small ET as NCR (Isensee et al. 2018): a case without ET
/// scores Dice 0 for a single voxel of it. Returns what was changed. Throws UsageError at options
/// out of range.
inline PostprocessChanges postprocess(LabelVolume& labels, const PostprocessOptions& options) {
  const double fraction = options.min_component_fraction;
  if (!(fraction >= 0 && fraction <= 1)) {
    throw UsageError("postprocess: min_component_fraction: got " + std::to_string(fraction) +
                     ", expected 0 to 1");
  }
  PostprocessChanges changes;
  if (options.min_component_voxels > 0 || fraction > 0) {
    detail::remove_small_components(labels, options, changes);
  }
  const auto enhancing = std::count(labels.voxels.begin(), labels.voxels.end(), label::ET);
  if (enhancing < options.min_enhancing_voxels) {
    std::replace(labels.voxels.begin(), labels.voxels.end(), label::ET, label::NCR);
    changes.enhancing_relabelled = enhancing;
  }
  return changes;
}

}  // namespace glia
