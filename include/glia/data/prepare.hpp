#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "glia/core/log.hpp"
#include "glia/data/case.hpp"
#include "glia/data/content_id.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/label_check.hpp"
#include "glia/data/normalise.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia {

/// Crops a case to the block where any modality is not 0 and replaces each modality's non-zero
/// voxels by z-scores. The statistics are those of the whole scan. `uncrop` and `from_canonical`
/// lead back to the file's voxel order. `sink` hears of tumour that lies outside of the block.
/// Throws DataError for labels of another extent than the images and for voxels that are none of
/// the library's labels.
[[nodiscard]] inline PreparedCase prepare(const Case& whole, const LogSink& sink = {}) {
  PreparedCase result;
  result.id = whole.id;
  result.original = whole.images.front().extent;
  result.spacing = whole.spacing;
  result.content = content_id(whole.images);
  result.crop = bounding_box(whole.images);
  if (whole.labels) {
    require_labels(whole.id + ": labels", *whole.labels, result.original);
    result.labels = crop(*whole.labels, result.crop);
    const auto tumour = [](const LabelVolume& labels) {
      return std::ssize(labels.voxels) - std::ranges::count(labels.voxels, label::background);
    };
    const auto all = tumour(*whole.labels), kept = tumour(*result.labels);
    if (kept < all) {
      log(sink, Severity::warning,
          whole.id + ": labels: " + std::to_string(all - kept) + " of " + std::to_string(all) +
              " tumour voxels lie outside of the block that the scans fill and are left out");
    }
  }
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
