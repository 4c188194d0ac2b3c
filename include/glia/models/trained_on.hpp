#pragma once

#include <cmath>
#include <cstddef>
#include <optional>

#include "glia/tensor/shape.hpp"
#include "glia/tensor/spacing.hpp"

namespace glia {

/// What a network was shown while it was trained, and must be shown again to be as good; what is
/// not known, of weights from elsewhere or from older files, is empty.
struct TrainedOn {
  std::optional<Extent> patch{};        ///< extent of its images: of patches, or of the grid
  std::optional<bool> whole_volumes{};  ///< resampled to the patch's extent, not patches of them
  std::optional<Spacing> spacing{};     ///< of its scans: the median along each axis
  friend bool operator==(const TrainedOn&, const TrainedOn&) = default;
};

/// How much longer or shorter than those of the training voxels may be, as a share.
inline constexpr double trained_spacing_tolerance = 0.1;

/// Whether the voxels of a scan are along each axis about as long as those of the training: on
/// others a network is worse. True if those are not known.
[[nodiscard]] inline bool has_trained_spacing(const TrainedOn& trained, const Spacing& spacing) {
  for (std::size_t axis = 0; trained.spacing && axis < 3; ++axis) {
    const double expected = trained.spacing->along(axis);
    if (!(std::abs(spacing.along(axis) - expected) <= trained_spacing_tolerance * expected))
      return false;
  }
  return true;
}

}  // namespace glia
