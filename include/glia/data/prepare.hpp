#pragma once

#include <array>
#include <cstddef>

#include "glia/data/case.hpp"
#include "glia/data/content_id.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/normalise.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia {

/// Crops a case to the block where any modality is not 0 and replaces each modality's non-zero
/// voxels by z-scores. The statistics are those of the whole scan. `uncrop` and `from_canonical`
/// lead back to the file's voxel order.
[[nodiscard]] inline PreparedCase prepare(const Case& whole) {
  PreparedCase result;
  result.id = whole.id;
  result.original = whole.images.front().extent;
  result.spacing = whole.spacing;
  result.content = content_id(whole.images);
  result.crop = bounding_box(whole.images);
  if (whole.labels) result.labels = crop(*whole.labels, result.crop);
  result.image = HostTensor<float>(make_shape(1, result.crop.extent, modality::count));
  for (std::size_t channel = 0; channel < whole.images.size(); ++channel) {
    float* out = result.image.values().data() + channel;
    for (const float x : crop(normalise(whole.images[channel]), result.crop).voxels) {
      *out = x;
      out += modality::count;
    }
  }
  return result;
}

}  // namespace glia
