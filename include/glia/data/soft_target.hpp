#pragma once

#include <algorithm>
#include <array>
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
  /// Trilinear between voxel `low` (d, h, w) and the next along each axis, whose shares are
  /// `along`; 0 outside of the extent. One voxel with a share that is not counted makes it not
  /// counted.
  [[nodiscard]] float between(const std::array<index_t, 3>& low, const std::array<float, 3>& along,
                              int region_index) const {
    float sum = 0;
    for (unsigned corner = 0; corner < 8; ++corner) {
      float weight = 1;
      std::array<index_t, 3> at = low;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const bool high = (corner >> axis & 1U) != 0;
        at[axis] += high;
        weight *= high ? along[axis] : 1 - along[axis];
      }
      const bool inside = at[0] >= 0 && at[0] < extent_.d && at[1] >= 0 && at[1] < extent_.h &&
                          at[2] >= 0 && at[2] < extent_.w;
      if (weight == 0 || !inside) continue;
      const float value = this->at((at[0] * extent_.h + at[1]) * extent_.w + at[2], region_index);
      if (value < 0) return not_counted;
      sum += weight * value;
    }
    return sum;
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
