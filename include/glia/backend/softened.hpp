#pragma once

#include <algorithm>
#include <cmath>

namespace glia::detail {

/// The logistic function of logit(p) / temperature; 0 and 1 stay what they are.
[[nodiscard]] inline double soften(double probability, double temperature) {
  if (probability <= 0 || probability >= 1) return probability;
  return 1 / (1 + std::pow((1 - probability) / probability, 1 / temperature));
}

/// KL(teacher || student) of two Bernoulli distributions, the student's probability given by its
/// logit: q log q + (1 - q) log(1 - q) + max(x, 0) - q x + log(1 + exp(-|x|)).
[[nodiscard]] inline double bernoulli_divergence(double teacher, double student_logit) {
  const auto x_log_x = [](double x) { return x > 0 ? x * std::log(x) : 0.0; };
  return x_log_x(teacher) + x_log_x(1 - teacher) + (std::max)(student_logit, 0.0) -
         teacher * student_logit + std::log1p(std::exp(-std::abs(student_logit)));
}

/// sigmoid(logit / temperature) - soften(target, temperature): what the divergence's derivative is
/// a multiple of.
[[nodiscard]] inline double softened_difference(double logit, double target, double temperature) {
  return 1 / (1 + std::exp(-logit / temperature)) - soften(target, temperature);
}

}  // namespace glia::detail
