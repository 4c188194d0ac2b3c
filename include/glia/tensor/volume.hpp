#pragma once

#include <cstdint>
#include <vector>

#include "glia/tensor/shape.hpp"

namespace glia {

/// One scan or label map: [D, H, W], W fastest.
template <class T>
struct Volume {
  Extent extent{0, 0, 0};
  std::vector<T> voxels;

  Volume() = default;
  explicit Volume(Extent e, T value = T{})
      : extent(e), voxels(static_cast<std::size_t>(e.voxels()), value) {}

  [[nodiscard]] index_t index(index_t d, index_t h, index_t w) const {
    return (d * extent.h + h) * extent.w + w;
  }
  [[nodiscard]] T& at(index_t d, index_t h, index_t w) {
    return voxels[static_cast<std::size_t>(index(d, h, w))];
  }
  [[nodiscard]] const T& at(index_t d, index_t h, index_t w) const {
    return voxels[static_cast<std::size_t>(index(d, h, w))];
  }
};

/// Labels as the library uses them inside: 0 background, 1 NCR, 2 ED, 3 ET.
using LabelVolume = Volume<std::uint8_t>;

}  // namespace glia
