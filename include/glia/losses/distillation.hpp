#pragma once

#include <vector>

#include "glia/losses/compound.hpp"

namespace glia {

/// Hinton et al. 2015 for sigmoid regions: alpha T^2 KL(target_T || student_T) + (1 - alpha) task,
/// where a subscript T divides logits by the temperature T.
///
/// The target is the teacher's probability, or the truth, a teacher without doubt, where there is
/// one. The divergence is summed over regions and averaged over voxels, as BinaryCrossEntropy's
/// default is. Must be the outermost loss: `temperature` is what the training step asks a loss for
/// before it has the backend sum divergences.
template <Loss Task = DiceAndCrossEntropy>
struct Distillation {
  Task task{};
  double temperature = 3;
  double alpha = 0.5;  ///< share of the divergence, in [0, 1]

  template <class F>
  void options(F&& f) const {
    f("", "distillation");
    f("task", task);
    f("temperature", temperature, above(0));
    f("alpha", alpha, between(0, 1));
  }
  double evaluate(std::span<const RegionSums> sums, Shape logits,
                  std::span<RegionCoefficients> coefficients) const {
    std::vector<RegionCoefficients> of_task(coefficients.size());
    double value = (1 - alpha) * task.evaluate(sums, logits, of_task);
    const double weight = alpha / static_cast<double>(logits.n * logits.voxels());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      value += weight * temperature * temperature * sums[i].divergence;
      RegionCoefficients& k = coefficients[i];
      k.on_target += (1 - alpha) * of_task[i].on_target;
      k.on_probability += (1 - alpha) * of_task[i].on_probability;
      k.constant += (1 - alpha) * of_task[i].constant;
      k.on_difference += (1 - alpha) * of_task[i].on_difference;
      k.on_softened += weight * temperature;  // T^2 times the 1 / T of the student's logit
      k.temperature = temperature;
    }
    return value;
  }
};

}  // namespace glia
