#pragma once

#include <array>
#include <concepts>
#include <string>

#include "glia/core/options.hpp"
#include "glia/data/region.hpp"
#include "glia/data/soft_target.hpp"
#include "glia/infer/regions.hpp"
#include "glia/losses/distillation.hpp"

namespace glia {

/// Probabilities of a voxel's regions, or its targets: from 0 to 1, below 0 where not counted.
using RegionValues = std::array<float, region::count>;

/// How a teacher's probabilities become what a student is trained on.
///
/// Requirements: 1. `targets(probabilities)` of one voxel; 2. `hard`: labels can hold all its
/// targets; 3. `loss(task)`: the student's loss, from that of its task; 4. `HasOptions`: provenance
/// records the choice.
template <class L>
concept Labelling = HasOptions<L> &&
    requires(const L& labelling, const RegionValues& probabilities) {
  { labelling.targets(probabilities) } -> std::same_as<RegionValues>;
  { L::hard } -> std::convertible_to<bool>;
  { labelling.loss(DiceAndCrossEntropy{}) } -> Loss;
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
  template <class F>
  void options(F&& f) const {
    f("", "hard");
    for (std::size_t r = 0; r < rule.thresholds.size(); ++r)
      f(std::string(region::names[r]), rule.thresholds[r], any_number());
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
  template <class F>
  void options(F&& f) const {
    f("", "soft");
  }
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
  template <class F>
  void options(F&& f) const {
    f("", "softened");
    f("temperature", temperature, above(0));
    f("alpha", alpha, between(0, 1));
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
  template <class F>
  void options(F&& f) const {
    f("", "confident");
    f("low", low, between(0, 1));
    f("high", high, between(static_cast<double>(low), 1));
    f("inner", inner);
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
