#pragma once

#include <algorithm>
#include <span>

#include "glia/tensor/view.hpp"

namespace glia {

/// Whether a voxel of so many modalities is brain: one of them is not 0. Scans are without skull,
/// and z-scores, padding and augmentation leave 0 where it is.
[[nodiscard]] inline bool is_brain(std::span<const float> voxel) {
  return std::ranges::any_of(voxel, [](float x) { return x != 0; });
}

/// Whether any voxel of an image [N, D, H, W, modalities] is brain.
[[nodiscard]] inline bool holds_brain(View<const float> image) {
  for (index_t voxel = 0; voxel < image.shape.n * image.shape.voxels(); ++voxel)
    if (is_brain(image.voxel(voxel))) return true;
  return false;
}

/// Sets probabilities [N, D, H, W, regions] to 0 where the image [N, D, H, W, modalities] is not
/// brain: there is no tumour, whatever a network says.
inline void clear_outside_brain(View<const float> image, View<float> probabilities) {
  for (index_t voxel = 0; voxel < image.shape.n * image.shape.voxels(); ++voxel) {
    if (!is_brain(image.voxel(voxel))) std::ranges::fill(probabilities.voxel(voxel), 0.0F);
  }
}

}  // namespace glia
