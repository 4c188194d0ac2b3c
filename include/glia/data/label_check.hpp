#pragma once

#include <algorithm>
#include <string>

#include "glia/core/error.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// Throws DataError unless every voxel holds one of the library's labels, 0 to 3: the numbers of a
/// file are another scheme's (BraTS up to 2021 writes 4 for ET) and would count as background.
/// `what` names the labels.
inline void require_labels(const std::string& what, const LabelVolume& labels) {
  const auto highest = std::ranges::max_element(labels.voxels);
  if (highest == labels.voxels.end() || *highest < label::count) return;
  throw DataError(what + ": got a voxel of " + std::to_string(*highest) +
                  ", expected labels 0 background, 1 NCR, 2 ED, 3 ET: files of other label schemes "
                  "are read by to_internal");
}

/// The same for labels that belong to an image. Throws DataError for another extent, too.
inline void require_labels(const std::string& what, const LabelVolume& labels, Extent image) {
  if (!(labels.extent == image)) {
    throw DataError(what + ": got " + to_string(labels.extent) + ", expected the image's extent " +
                    to_string(image));
  }
  require_labels(what, labels);
}

}  // namespace glia
