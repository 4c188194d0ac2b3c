#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"

namespace glia {

/// How an ensemble makes one probability of its members': back(weighted mean over members of
/// to(probability)).
///
/// Requirements: 1. `to(float)` and `back(float)`, voxel by voxel; 2. `weight(member, members)`,
/// the weight of one of so many members; weights need not sum to 1.
template <class C>
concept Combination = requires(const C& c, float value, std::size_t member, std::size_t members) {
  { c.to(value) } -> std::same_as<float>;
  { c.back(value) } -> std::same_as<float>;
  { c.weight(member, members) } -> std::convertible_to<float>;
};

/// The mean of probabilities: what the paper, Isensee et al. 2018 and Lachinov et al. 2018 do.
struct MeanOfProbabilities {
  static float to(float probability) { return probability; }
  static float back(float mean) { return mean; }
  static float weight(std::size_t, std::size_t) { return 1; }
};

/// The logistic function of the mean of logits, the geometric mean of odds: one member that is sure
/// weighs more against the others than in a mean of probabilities.
struct MeanOfLogits {
  float epsilon = 0x1p-20F;  ///< probabilities are kept in [epsilon, 1 - epsilon], exact in float
  [[nodiscard]] float to(float probability) const {
    const float p = std::clamp(probability, epsilon, 1 - epsilon);
    return std::log(p / (1 - p));
  }
  static float back(float mean) { return 1 / (1 + std::exp(-mean)); }
  static float weight(std::size_t, std::size_t) { return 1; }
};

/// The share of members whose probability is above the threshold; a label rule with threshold 0.5
/// then takes a strict majority.
struct MajorityVote {
  float threshold = 0.5F;
  [[nodiscard]] float to(float probability) const { return probability > threshold ? 1.0F : 0.0F; }
  static float back(float share) { return share; }
  static float weight(std::size_t, std::size_t) { return 1; }
};

/// Another combination with a weight for each member, in the order of the members.
template <Combination C = MeanOfProbabilities>
class Weighted {
 public:
  /// Throws UsageError unless the weights are at least 0 and one is positive.
  explicit Weighted(std::vector<float> weights, C combination = {})
      : weights_(std::move(weights)), combination_(combination) {
    const bool positive = std::ranges::any_of(weights_, [](float w) { return w > 0; });
    const bool sound =
        std::ranges::all_of(weights_, [](float w) { return w >= 0 && std::isfinite(w); });
    if (!positive || !sound) {
      throw UsageError("ensemble: weights: expected numbers from 0 on, one of them positive");
    }
  }

  [[nodiscard]] float to(float probability) const { return combination_.to(probability); }
  [[nodiscard]] float back(float mean) const { return combination_.back(mean); }
  /// Throws UsageError if there are more or fewer members than weights.
  [[nodiscard]] float weight(std::size_t member, std::size_t members) const {
    if (members != weights_.size()) {
      throw UsageError("ensemble: got " + std::to_string(weights_.size()) + " weights for " +
                       std::to_string(members) + " members");
    }
    return weights_[member];
  }

 private:
  std::vector<float> weights_;
  C combination_;
};

}  // namespace glia
