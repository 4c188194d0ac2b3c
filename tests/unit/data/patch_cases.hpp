#pragma once

#include <string>
#include <utility>

#include "glia/data/modality.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia::test {

/// A case made from image(d, h, w, modality) and label(d, h, w).
template <class Image, class Label>
PreparedCase make_case(std::string id, Extent extent, Image&& image, Label&& label) {
  PreparedCase made;
  made.id = std::move(id);
  made.image = HostTensor<float>(make_shape(1, extent, modality::count));
  made.labels = LabelVolume(extent);
  made.original = extent;
  made.crop.extent = extent;
  for (index_t d = 0; d < extent.d; ++d) {
    for (index_t h = 0; h < extent.h; ++h) {
      for (index_t w = 0; w < extent.w; ++w) {
        for (index_t m = 0; m < modality::count; ++m) {
          made.image.view().at(0, d, h, w, m) = static_cast<float>(image(d, h, w, m));
        }
        made.labels->at(d, h, w) = static_cast<std::uint8_t>(label(d, h, w));
      }
    }
  }
  return made;
}

/// A case whose voxels all differ and whose labels cycle through 0..3.
inline PreparedCase distinct_case(std::string id, Extent extent) {
  return make_case(
      std::move(id), extent,
      [&](index_t d, index_t h, index_t w, index_t m) {
        return 1 + m + modality::count * ((d * extent.h + h) * extent.w + w);
      },
      [](index_t d, index_t h, index_t w) { return (d + 2 * h + 3 * w) % 4; });
}

}  // namespace glia::test
