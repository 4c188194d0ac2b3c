#pragma once

#include <cmath>
#include <numbers>
#include <string>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"

namespace glia {

namespace detail {

/// P(|T| < t) of Student's t with `degrees` degrees of freedom, for t = sqrt(degrees) tan(angle):
/// the finite sums of Abramowitz & Stegun 26.7.3 and 26.7.4.
[[nodiscard]] inline double student_within(double angle, index_t degrees) {
  const double cosine = std::cos(angle);
  const bool odd = degrees % 2 != 0;
  double term = odd ? cosine : 1, sum = degrees == 1 ? 0 : term;
  for (index_t k = odd ? 3 : 2; k < degrees; k += 2) {
    term *= cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  sum *= std::sin(angle);
  return odd ? (angle + sum) * 2 / std::numbers::pi : sum;
}

/// The angle in [0, pi / 2] where `within`, which grows, reaches the confidence. Throws UsageError
/// for a confidence outside of (0, 1).
template <class Within>
[[nodiscard]] double quantile_angle(double confidence, const Within& within) {
  if (!(confidence > 0 && confidence < 1)) {
    throw UsageError("confidence: got " + std::to_string(confidence) +
                     ", expected a number in (0, 1)");
  }
  double low = 0, high = std::numbers::pi / 2;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (low + high) / 2;
    (within(middle) < confidence ? low : high) = middle;
  }
  return low;
}

}  // namespace detail

/// The t with P(|T| < t) = confidence for Student's t with so many degrees of freedom: 12.706 for
/// 0.95 and one degree. Throws UsageError for a confidence outside of (0, 1) or less than one
/// degree.
[[nodiscard]] inline double student_quantile(double confidence, index_t degrees) {
  if (degrees < 1) {
    throw UsageError("Student's t: degrees of freedom: got " + std::to_string(degrees) +
                     ", expected at least 1");
  }
  const double angle = detail::quantile_angle(
      confidence, [&](double at) { return detail::student_within(at, degrees); });
  return std::sqrt(static_cast<double>(degrees)) * std::tan(angle);
}

/// The z with P(|Z| < z) = confidence for a standard normal Z, the limit of many degrees of
/// freedom: 1.960 for 0.95. Throws UsageError for a confidence outside of (0, 1).
[[nodiscard]] inline double normal_quantile(double confidence) {
  return std::tan(detail::quantile_angle(
      confidence, [](double at) { return std::erf(std::tan(at) / std::numbers::sqrt2); }));
}

}  // namespace glia
