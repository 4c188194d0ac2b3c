#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/core/percentile.hpp"
#include "glia/metrics/distance_transform.hpp"

namespace glia {
namespace detail {

/// First and one-past-last plane, row and column that hold a voxel of either mask.
struct Bounds {
  Extent first, last;
  [[nodiscard]] Extent extent() const {
    return {last.d - first.d, last.h - first.h, last.w - first.w};
  }
};

inline Bounds bounds_of_union(const Mask& a, const Mask& b) {
  constexpr index_t most = (std::numeric_limits<index_t>::max)();
  Bounds bounds{{most, most, most}, {0, 0, 0}};
  for (index_t d = 0; d < a.extent.d; ++d) {
    for (index_t h = 0; h < a.extent.h; ++h) {
      for (index_t w = 0; w < a.extent.w; ++w) {
        if (a.at(d, h, w) == 0 && b.at(d, h, w) == 0) continue;
        bounds.first = {(std::min)(bounds.first.d, d), (std::min)(bounds.first.h, h),
                        (std::min)(bounds.first.w, w)};
        bounds.last = {(std::max)(bounds.last.d, d + 1), (std::max)(bounds.last.h, h + 1),
                       (std::max)(bounds.last.w, w + 1)};
      }
    }
  }
  return bounds;
}

/// Voxels of the mask with at least one of 6 neighbours outside it, cut to the bounds; what lies
/// outside the volume is outside the mask.
inline Mask surface(const Mask& mask, const Bounds& bounds) {
  const Extent e = mask.extent;
  Mask result(bounds.extent());
  std::uint8_t* out = result.voxels.data();
  for (index_t d = bounds.first.d; d < bounds.last.d; ++d) {
    for (index_t h = bounds.first.h; h < bounds.last.h; ++h) {
      for (index_t w = bounds.first.w; w < bounds.last.w; ++w, ++out) {
        if (mask.at(d, h, w) == 0) continue;
        const bool interior = d > 0 && d + 1 < e.d && h > 0 && h + 1 < e.h && w > 0 &&
                              w + 1 < e.w && mask.at(d - 1, h, w) && mask.at(d + 1, h, w) &&
                              mask.at(d, h - 1, w) && mask.at(d, h + 1, w) &&
                              mask.at(d, h, w - 1) && mask.at(d, h, w + 1);
        *out = interior ? 0 : 1;
      }
    }
  }
  return result;
}

/// Distance in mm from each voxel of `from` to the nearest voxel of `to`, in scan order.
inline std::vector<double> directed_distances(const Mask& from, const Mask& to,
                                              const Spacing& spacing) {
  const Volume<double> squared = squared_distance_transform(to, spacing);
  std::vector<double> distances;
  for (std::size_t i = 0; i < from.voxels.size(); ++i) {
    if (from.voxels[i] != 0) distances.push_back(std::sqrt(squared.voxels[i]));
  }
  return distances;
}

}  // namespace detail

/// How the distances of both directions become one number: `combine(a_to_b, b_to_a, percent)`.
template <class D>
concept HausdorffDefinition = requires(std::vector<double> distances) {
  { D::name } -> std::convertible_to<std::string_view>;
  { D::combine(distances, distances, 95.0) } -> std::convertible_to<double>;
};

/// One percentile over the distances of both directions together (medpy, nnU-Net).
struct PooledPercentile {
  static constexpr std::string_view name = "pooled percentile";
  static double combine(std::vector<double> a_to_b, const std::vector<double>& b_to_a,
                        double percent) {
    a_to_b.insert(a_to_b.end(), b_to_a.begin(), b_to_a.end());
    return detail::percentile(a_to_b, percent);
  }
};

/// The larger of the two directions' percentiles (MONAI).
struct MaxOfPercentiles {
  static constexpr std::string_view name = "maximum of directed percentiles";
  static double combine(std::vector<double> a_to_b, std::vector<double> b_to_a, double percent) {
    return (std::max)(detail::percentile(a_to_b, percent), detail::percentile(b_to_a, percent));
  }
};

/// Percentile of the Hausdorff distance between the borders of two masks in mm; 100 gives the
/// distance itself. Borders are what an erosion by the 6-neighbourhood removes.
/// Requires: 0 <= percent <= 100. Throws UsageError if a mask is empty, the extents differ or the
/// spacing is not positive and finite.
template <HausdorffDefinition Definition = PooledPercentile>
[[nodiscard]] double hausdorff(const Mask& a, const Mask& b, const Spacing& spacing,
                               double percent = 95) {
  require_same_extent(a.extent, b.extent);
  const auto bounds = detail::bounds_of_union(a, b);
  if (bounds.last.d == 0) throw UsageError("Hausdorff distance: both masks are empty");
  const Mask surface_a = detail::surface(a, bounds), surface_b = detail::surface(b, bounds);
  auto a_to_b = detail::directed_distances(surface_a, surface_b, spacing);
  auto b_to_a = detail::directed_distances(surface_b, surface_a, spacing);
  if (a_to_b.empty() || b_to_a.empty()) {
    throw UsageError("Hausdorff distance: one of the masks is empty");
  }
  return Definition::combine(std::move(a_to_b), std::move(b_to_a), percent);
}

}  // namespace glia
