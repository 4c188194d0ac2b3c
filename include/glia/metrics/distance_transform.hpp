#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "glia/metrics/mask.hpp"
#include "glia/tensor/spacing.hpp"

namespace glia {
namespace detail {

/// One-dimensional squared distance transform: the lower envelope of the parabolas
/// value[q] + (x - x_q)^2 (Felzenszwalb and Huttenlocher 2012), linear in the length of the line.
class ParabolaEnvelope {
 public:
  /// Replaces `count` values that lie `stride` elements and `step` mm apart.
  void transform(double* line, index_t count, index_t stride, double step) {
    build(line, count, stride, step);
    if (parabolas_.empty()) return;
    auto lowest = parabolas_.begin();
    for (index_t i = 0; i < count; ++i) {
      const double x = static_cast<double>(i) * step;
      while (lowest + 1 != parabolas_.end() && (lowest + 1)->from < x) ++lowest;
      line[i * stride] = lowest->value + (x - lowest->x) * (x - lowest->x);
    }
  }

 private:
  struct Parabola {
    double x, value;
    double from;  // the envelope follows this parabola from here on
  };

  void build(const double* line, index_t count, index_t stride, double step) {
    parabolas_.clear();
    for (index_t i = 0; i < count; ++i) {
      const double value = line[i * stride];
      if (value == std::numeric_limits<double>::infinity()) continue;
      const double x = static_cast<double>(i) * step;
      double from = -std::numeric_limits<double>::infinity();
      while (!parabolas_.empty()) {
        const Parabola& last = parabolas_.back();
        from = ((value + x * x) - (last.value + last.x * last.x)) / (2 * (x - last.x));
        if (from > last.from) break;
        parabolas_.pop_back();
      }
      parabolas_.push_back({x, value, from});
    }
  }

  std::vector<Parabola> parabolas_;
};

}  // namespace detail

/// Squared Euclidean distance in mm^2 from every voxel to the nearest voxel of the mask, exact;
/// infinite if the mask is empty. Memory: 8 bytes per voxel. Throws UsageError for a spacing that
/// is not positive and finite.
[[nodiscard]] inline Volume<double> squared_distance_transform(const Mask& mask,
                                                               const Spacing& spacing) {
  require_positive(spacing);
  const Extent e = mask.extent;
  Volume<double> distance(e);
  std::transform(
      mask.voxels.begin(), mask.voxels.end(), distance.voxels.begin(),
      [](std::uint8_t inside) { return inside ? 0 : std::numeric_limits<double>::infinity(); });
  double* values = distance.voxels.data();
  detail::ParabolaEnvelope envelope;
  for (index_t row = 0; row < e.d * e.h; ++row) {
    envelope.transform(values + row * e.w, e.w, 1, spacing.w);
  }
  for (index_t d = 0; d < e.d; ++d) {
    for (index_t w = 0; w < e.w; ++w) {
      envelope.transform(values + d * e.h * e.w + w, e.h, e.w, spacing.h);
    }
  }
  for (index_t voxel = 0; voxel < e.h * e.w; ++voxel) {
    envelope.transform(values + voxel, e.d, e.h * e.w, spacing.d);
  }
  return distance;
}

}  // namespace glia
