#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/core/types.hpp"
#include "glia/metrics/percentile.hpp"

namespace glia {

/// The mean of paired differences and the interval that holds it with the stated confidence.
struct Difference {
  double mean = 0, low = 0, high = 0;
  /// Whether the interval leaves zero out.
  [[nodiscard]] bool significant() const { return low > 0 || high < 0; }
};

struct BootstrapOptions {
  double confidence = 0.95;
  index_t draws = 10000;
  std::uint64_t seed = 0;
};

/// The mean difference of two systems' scores with its percentile interval by bootstrap (Efron
/// 1979): `differences[s][c]` is the difference on case c of the systems trained with seed s, and
/// each draw takes seeds and cases with replacement, independently, because both are samples of
/// what could have been.
///
/// Throws UsageError if there are no differences, if rows differ in length or for options out of
/// range.
[[nodiscard]] inline Difference bootstrap_mean(const std::vector<std::vector<double>>& differences,
                                               const BootstrapOptions& options = {}) {
  const auto seeds = static_cast<index_t>(differences.size());
  const auto cases = seeds > 0 ? static_cast<index_t>(differences.front().size()) : index_t{0};
  if (cases == 0) throw UsageError("bootstrap: expected at least one seed and case, got none");
  for (const auto& row : differences) {
    if (static_cast<index_t>(row.size()) == cases) continue;
    throw UsageError("bootstrap: cases of a seed: got " + std::to_string(row.size()) +
                     ", expected " + std::to_string(cases) + " as of the first");
  }
  if (!(options.confidence > 0 && options.confidence < 1) || options.draws < 1) {
    throw UsageError("bootstrap: expected a confidence in (0, 1) and at least one draw, got " +
                     std::to_string(options.confidence) + " and " + std::to_string(options.draws));
  }
  Difference result;
  for (const auto& row : differences)
    for (const double d : row) result.mean += d / static_cast<double>(seeds * cases);

  std::vector<double> means(static_cast<std::size_t>(options.draws));
  std::vector<double> times(static_cast<std::size_t>(cases));  // each case was drawn
  Random random(options.seed);
  for (double& mean : means) {
    std::fill(times.begin(), times.end(), 0.0);
    for (index_t c = 0; c < cases; ++c) ++times[static_cast<std::size_t>(random.below(cases))];
    for (index_t s = 0; s < seeds; ++s) {
      const auto& row = differences[static_cast<std::size_t>(random.below(seeds))];
      for (std::size_t c = 0; c < row.size(); ++c) mean += times[c] * row[c];
    }
    mean /= static_cast<double>(seeds * cases);
  }
  const double tail = 50 * (1 - options.confidence);
  result.low = detail::percentile(means, tail);
  result.high = detail::percentile(means, 100 - tail);
  return result;
}

}  // namespace glia
