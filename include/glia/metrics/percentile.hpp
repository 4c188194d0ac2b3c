#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace glia::detail {

/// Percentile by linear interpolation between order statistics, as numpy does. Requires values,
/// which it reorders.
inline double percentile(std::vector<double>& values, double percent) {
  const double rank = percent / 100 * static_cast<double>(values.size() - 1);
  const double below = std::floor(rank);
  const auto lower = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), lower, values.end());
  if (rank == below) return *lower;
  const double next = *std::min_element(lower + 1, values.end());
  return *lower + (rank - below) * (next - *lower);
}

}  // namespace glia::detail
