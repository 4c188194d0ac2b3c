#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "glia/data/region.hpp"
#include "glia/tensor/shape.hpp"

namespace glia {

/// Region probabilities of a case to train on: [D, H, W, 3], WT, TC, ET, where some may be marked
/// as not counted.
///
/// Two bytes each, in steps of 1 / 65534: one byte would do for a mean of probabilities, but a
/// temperature magnifies what is near 0 and 1.
class SoftTarget {
 public:
  static constexpr float not_counted = -1;

  SoftTarget() = default;
  explicit SoftTarget(Extent extent)
      : extent_(extent), codes_(static_cast<std::size_t>(extent.voxels() * region::count)) {}
  /// From codes that `codes()` gave. Requires as many as the extent needs.
  SoftTarget(Extent extent, std::vector<std::uint16_t> codes)
      : extent_(extent), codes_(std::move(codes)) {}

  [[nodiscard]] Extent extent() const { return extent_; }
  [[nodiscard]] const std::vector<std::uint16_t>& codes() const { return codes_; }

  /// A probability, clamped to [0, 1]; below 0: not counted.
  void set(index_t voxel, int region_index, float target) {
    codes_[index(voxel, region_index)] =
        target < 0 ? mask
                   : static_cast<std::uint16_t>(std::lround(steps * (std::min)(target, 1.0F)));
  }
  [[nodiscard]] float at(index_t voxel, int region_index) const {
    const std::uint16_t code = codes_[index(voxel, region_index)];
    return code == mask ? not_counted : static_cast<float>(code) / steps;
  }

 private:
  static constexpr std::uint16_t mask = 65535;
  static constexpr float steps = 65534;
  [[nodiscard]] static std::size_t index(index_t voxel, int region_index) {
    return static_cast<std::size_t>(voxel * region::count + region_index);
  }

  Extent extent_{0, 0, 0};
  std::vector<std::uint16_t> codes_;
};

}  // namespace glia
