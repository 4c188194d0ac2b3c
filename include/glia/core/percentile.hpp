#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <vector>

namespace glia::detail {

/// Percentile by linear interpolation between order statistics, as numpy does. Requires values,
/// which it reorders.
template <std::floating_point T>
double percentile(std::vector<T>& values, double percent) {
  const double rank = percent / 100 * static_cast<double>(values.size() - 1);
  const double below = std::floor(rank);
  const auto lower = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), lower, values.end());
  const double value = static_cast<double>(*lower);
  if (rank == below) return value;
  const double next = static_cast<double>(*std::min_element(lower + 1, values.end()));
  return value + (rank - below) * (next - value);
}

}  // namespace glia::detail
