#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"

namespace glia {

/// Cases to learn from and cases to choose the best weights by.
template <class C>
struct CaseSplit {
  std::vector<C> training, validation;
};

/// Draws a share of the cases for validation, rounded down but at least one of several; which ones
/// is a function of their number and the seed. The others keep their order. Throws UsageError for a
/// share outside of [0, 1).
template <class C>
[[nodiscard]] CaseSplit<C> split_cases(std::vector<C> cases, double share, std::uint64_t seed) {
  if (!(share >= 0 && share < 1)) {
    throw UsageError("split: share of validation: got " + std::to_string(share) +
                     ", expected at least 0 and below 1");
  }
  auto count = static_cast<std::size_t>(share * static_cast<double>(cases.size()));
  if (share > 0 && cases.size() > 1) count = (std::max)(count, std::size_t{1});

  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  constexpr std::uint32_t purpose = 0x73706c69;  // a stream of its own
  Random random(seed, purpose);
  shuffle(order, random);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(middle, order.end());
  CaseSplit<C> result;
  for (auto i = order.begin(); i != order.end(); ++i)
    (i < middle ? result.validation : result.training).push_back(std::move(cases[*i]));
  return result;
}

}  // namespace glia
