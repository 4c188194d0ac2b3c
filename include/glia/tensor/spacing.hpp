#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>

#include "glia/core/error.hpp"

namespace glia {

/// Distances in mm between neighbouring voxels of a volume: along D, H and W, as Extent counts
/// them. What the axes of a file say is another type, FileSpacing.
struct Spacing {
  double d = 1, h = 1, w = 1;

  /// Along axis 0 (D), 1 (H) or 2 (W).
  [[nodiscard]] constexpr double along(std::size_t axis) const {
    return axis == 0 ? d : axis == 1 ? h : w;
  }
  friend constexpr bool operator==(const Spacing&, const Spacing&) = default;
};

/// "0.5x1x5 mm" in the order W x H x D, as extents are printed; 6 digits.
[[nodiscard]] inline std::string to_string(const Spacing& spacing) {
  const auto text = [](double mm) {
    std::array<char, 32> digits;
    return std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(),
                                                    mm, std::chars_format::general, 6)
                                          .ptr);
  };
  return text(spacing.w) + "x" + text(spacing.h) + "x" + text(spacing.d) + " mm";
}

/// Throws UsageError unless all three distances are positive and finite.
inline void require_positive(const Spacing& spacing) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double mm = spacing.along(axis);
    if (!(mm > 0 && std::isfinite(mm)))
      throw UsageError("spacing: got " + to_string(spacing) + ", expected positive finite mm");
  }
}

}  // namespace glia
