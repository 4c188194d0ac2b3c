#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/region.hpp"
#include "glia/data/soft_target.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// The voxels of each region of a label map, or those of a soft target above 0.5, as runs along W:
/// about 8 bytes per ten voxels, and any voxel is found by its rank. Throws DataError on maps of
/// 2^32 voxels or more.
class ForegroundIndex {
 public:
  explicit ForegroundIndex(const LabelVolume& labels)
      : ForegroundIndex(labels.extent, [&](index_t voxel, int r) {
          return in_region(labels.voxels[static_cast<std::size_t>(voxel)], r);
        }) {}
  explicit ForegroundIndex(const SoftTarget& target)
      : ForegroundIndex(target.extent(),
                        [&](index_t voxel, int r) { return target.at(voxel, r) > 0.5F; }) {}

  /// Number of voxels in a region.
  [[nodiscard]] index_t count(int region_index) const {
    return counts_[static_cast<std::size_t>(region_index)];
  }

  /// Index in the volume of a region's voxel number `rank`, in the order of memory.
  /// Requires 0 <= rank < count(region_index).
  [[nodiscard]] index_t voxel(int region_index, index_t rank) const {
    const auto& runs = runs_[static_cast<std::size_t>(region_index)];
    const auto after =
        std::upper_bound(runs.begin(), runs.end(), rank,
                         [](index_t value, const Run& run) { return value < run.rank; });
    const Run& run = *std::prev(after);
    return run.first + (rank - run.rank);
  }

 private:
  struct Run {
    std::uint32_t first;  // index in the volume
    std::uint32_t rank;   // voxels of the region before this run
  };

  template <class Inside>
  ForegroundIndex(Extent extent, Inside&& is_inside) {
    if (extent.voxels() > (std::numeric_limits<std::uint32_t>::max)()) {
      throw DataError("label volume: got " + to_string(extent) +
                      ", expected fewer than 2^32 voxels");
    }
    for (int r = 0; r < region::count; ++r) {
      auto& runs = runs_[static_cast<std::size_t>(r)];
      auto& count = counts_[static_cast<std::size_t>(r)];
      bool inside = false;
      for (index_t voxel = 0; voxel < extent.voxels(); ++voxel) {
        const bool was_inside = std::exchange(inside, is_inside(voxel, r));
        if (!inside) continue;
        if (!was_inside) runs.push_back({static_cast<std::uint32_t>(voxel), count});
        ++count;
      }
      runs.shrink_to_fit();
    }
  }

  std::array<std::vector<Run>, region::count> runs_;
  std::array<std::uint32_t, region::count> counts_{};
};

}  // namespace glia
