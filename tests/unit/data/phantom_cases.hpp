#pragma once

#include "glia/data/crop.hpp"
#include "glia/data/normalise.hpp"
#include "glia/data/phantom.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia::test {

/// A phantom as training sees it.
inline PreparedCase prepared(const PhantomCase& phantom) {
  PreparedCase made;
  made.id = phantom.id;
  made.original = phantom.labels.extent;
  made.crop = bounding_box(phantom.images);
  made.labels = crop(phantom.labels, made.crop);
  made.image = HostTensor<float>(make_shape(1, made.crop.extent, modality::count));
  for (std::size_t m = 0; m < phantom.images.size(); ++m) {
    float* score = made.image.values().data() + m;
    for (const float value : crop(normalise(phantom.images[m]), made.crop).voxels) {
      *score = value;
      score += modality::count;
    }
  }
  return made;
}

}  // namespace glia::test
