#pragma once

#include <array>
#include <concepts>
#include <string>

#include "glia/core/number_text.hpp"
#include "glia/data/soft_target.hpp"
#include "glia/infer/regions.hpp"
#include "glia/losses/distillation.hpp"

namespace glia {

/// Probabilities of a voxel's regions, or its targets: from 0 to 1, below 0 where not counted.
using RegionValues = std::array<float, region::count>;

/// How a teacher's probabilities become what a student is trained on.
///
/// Requirements: 1. `targets(probabilities)` of one voxel; 2. `hard`: labels can hold all its
/// targets; 3. `loss(task)`: the student's loss, from that of its task; 4. `describe()`: the choice
/// with its options, as provenance records it.
template <class L>
concept Labelling = requires(const L& labelling, const RegionValues& probabilities) {
  { labelling.targets(probabilities) } -> std::same_as<RegionValues>;
  { L::hard } -> std::convertible_to<bool>;
  { labelling.loss(DiceAndCrossEntropy{}) } -> Loss;
  { labelling.describe() } -> std::same_as<std::string>;
};

/// What a label rule makes of the probabilities (Radosavovic et al. 2018; Lachinov et al. 2020):
/// the student cannot tell a teacher's labels from a person's.
struct HardLabels {
  static constexpr bool hard = true;
  Overwrite rule{};

  [[nodiscard]] RegionValues targets(const RegionValues& p) const {
    RegionFlags claimed{};
    for (std::size_t r = 0; r < claimed.size(); ++r) claimed[r] = p[r] > rule.thresholds[r];
    RegionValues result{};
    for (std::size_t r = 0; r < result.size(); ++r)
      result[r] = in_region(Overwrite::label(claimed), static_cast<int>(r)) ? 1.0F : 0.0F;
    return result;
  }
  template <Loss Task>
  [[nodiscard]] Task loss(Task task) const {
    return task;
  }
  [[nodiscard]] std::string describe() const {
    std::string text = "hard";
    for (const float threshold : rule.thresholds) text += " " + number_text(threshold);
    return text;
  }
};

/// The probabilities themselves.
struct SoftLabels {
  static constexpr bool hard = false;
  [[nodiscard]] RegionValues targets(const RegionValues& p) const { return p; }
  template <Loss Task>
  [[nodiscard]] Task loss(Task task) const {
    return task;
  }
  [[nodiscard]] std::string describe() const { return "soft"; }
};

/// The probabilities, compared at a temperature (Hinton et al. 2015); see Distillation.
struct Softened {
  static constexpr bool hard = false;
  double temperature = 3, alpha = 0.5;
  [[nodiscard]] RegionValues targets(const RegionValues& p) const { return p; }
  template <Loss Task>
  [[nodiscard]] Distillation<Task> loss(Task task) const {
    return {task, temperature, alpha};
  }
  [[nodiscard]] std::string describe() const {
    return "softened " + number_text(temperature) + " " + number_text(alpha);
  }
};

/// Another labelling without the regions of voxels about which the teacher is unsure, low <
/// probability < high: they are not counted.
template <Labelling Inner = HardLabels>
struct Confident {
  static constexpr bool hard = false;
  Inner inner{};
  float low = 0.1F, high = 0.9F;

  [[nodiscard]] RegionValues targets(const RegionValues& p) const {
    RegionValues result = inner.targets(p);
    for (std::size_t r = 0; r < result.size(); ++r) {
      if (p[r] > low && p[r] < high) result[r] = SoftTarget::not_counted;
    }
    return result;
  }
  template <Loss Task>
  [[nodiscard]] auto loss(Task task) const {
    return inner.loss(task);
  }
  [[nodiscard]] std::string describe() const {
    return "confident " + number_text(low) + " " + number_text(high) + " " + inner.describe();
  }
};
template <Labelling Inner>
Confident(Inner, float, float) -> Confident<Inner>;

/// The rule that makes label maps: the labelling's own, that of the labelling within it, or the
/// usual one.
template <Labelling L>
[[nodiscard]] Overwrite label_rule(const L& labelling) {
  if constexpr (requires {
                  { labelling.rule } -> std::convertible_to<Overwrite>;
                }) {
    return labelling.rule;
  } else if constexpr (requires { labelling.inner; }) {
    return label_rule(labelling.inner);
  } else {
    return {};
  }
}

}  // namespace glia
