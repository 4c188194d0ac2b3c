#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace glia {

/// Labels inside the library: one value per voxel.
namespace label {
inline constexpr std::uint8_t background = 0;
inline constexpr std::uint8_t NCR = 1;  ///< necrotic and non-enhancing tumour core
inline constexpr std::uint8_t ED = 2;   ///< peritumoural oedema
inline constexpr std::uint8_t ET = 3;   ///< enhancing tumour
inline constexpr int count = 4;
inline constexpr std::array<std::string_view, count> names{"background", "NCR", "ED", "ET"};
}  // namespace label

/// Nested regions that networks predict and scores are given for, always in this order: WT contains
/// TC contains ET.
namespace region {
inline constexpr int WT = 0;  ///< whole tumour: NCR, ED, ET
inline constexpr int TC = 1;  ///< tumour core: NCR, ET
inline constexpr int ET = 2;  ///< enhancing tumour
inline constexpr int count = 3;
inline constexpr std::array<std::string_view, count> names{"WT", "TC", "ET"};
}  // namespace region

/// True if a voxel with this label belongs to the region.
[[nodiscard]] constexpr bool in_region(std::uint8_t value, int region_index) {
  switch (region_index) {
    case region::WT:
      return value == label::NCR || value == label::ED || value == label::ET;
    case region::TC:
      return value == label::NCR || value == label::ET;
    case region::ET:
      return value == label::ET;
    default:
      return false;
  }
}

}  // namespace glia
