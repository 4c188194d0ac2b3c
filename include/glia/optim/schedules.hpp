#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <string>
#include <variant>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"

namespace glia {

/// Where training stands: finished epochs and steps (an update each, but for those skipped), and
/// how many there will be.
struct TrainingClock {
  index_t epoch = 0, epochs = 0, update = 0, updates = 0;
};

/// Scales the initial learning rate over time. Requirements: 1. `factor(clock)`; 2.
/// `observe(loss)`, called once after each epoch with its mean training loss; 3. `state()`, the
/// numbers that a checkpoint must keep (may be empty).
template <class S>
concept Schedule = requires(S& s, const TrainingClock& clock, double loss) {
  { s.factor(clock) } -> std::same_as<double>;
  s.observe(loss);
  { s.state() } -> std::same_as<std::span<double>>;
};

struct ConstantRate {
  [[nodiscard]] double factor(const TrainingClock&) const { return 1; }
  void observe(double) {}
  [[nodiscard]] std::span<double> state() { return {}; }
};

/// decay^floor(t / every), t in epochs or updates. The paper's 0.60 read as "every 30 epochs".
/// `factor` throws UsageError for a period below 1.
struct StepDecay {
  enum class Unit { epochs, updates };
  double decay = 0.60;
  index_t every = 30;
  Unit unit = Unit::epochs;

  [[nodiscard]] double factor(const TrainingClock& clock) const {
    if (every < 1) {
      throw UsageError("step decay: every: got " + std::to_string(every) + ", expected 1 or more");
    }
    const index_t t = unit == Unit::epochs ? clock.epoch : clock.update;
    return std::pow(decay, static_cast<double>(t / every));
  }
  void observe(double) {}
  [[nodiscard]] std::span<double> state() { return {}; }
};

/// (1 - t / T)^power, t in epochs (nnU-Net) or updates.
struct PolynomialDecay {
  double power = 0.9;
  StepDecay::Unit unit = StepDecay::Unit::epochs;

  [[nodiscard]] double factor(const TrainingClock& clock) const {
    const bool epochs = unit == StepDecay::Unit::epochs;
    const auto t = static_cast<double>(epochs ? clock.epoch : clock.update);
    const auto total = static_cast<double>(epochs ? clock.epochs : clock.updates);
    return t < total ? std::pow(1 - t / total, power) : 0;
  }
  void observe(double) {}
  [[nodiscard]] std::span<double> state() { return {}; }
};

/// Multiplies by `decay` when the loss has not fallen by more than `threshold` for `patience`
/// epochs (Isensee et al. 2018).
class Plateau {
 public:
  double decay = 0.2;
  index_t patience = 30;
  double threshold = 1e-3;

  [[nodiscard]] double factor(const TrainingClock&) const { return state_[0]; }
  void observe(double loss) {
    if (loss < state_[1] - threshold) {
      state_[1] = loss;
      state_[2] = 0;
    } else if (++state_[2] > static_cast<double>(patience)) {
      state_[0] *= decay;
      state_[2] = 0;
    }
  }
  [[nodiscard]] std::span<double> state() { return state_; }

 private:
  double state_[3] = {1, (std::numeric_limits<double>::max)(),
                      0};  // factor, best loss, epochs since
};

/// A schedule chosen at run time.
struct AnySchedule {
  std::variant<StepDecay, PolynomialDecay, Plateau, ConstantRate> choice;

  [[nodiscard]] double factor(const TrainingClock& clock) const {
    return std::visit([&](const auto& s) { return s.factor(clock); }, choice);
  }
  void observe(double loss) {
    std::visit([&](auto& s) { s.observe(loss); }, choice);
  }
  [[nodiscard]] std::span<double> state() {
    return std::visit([](auto& s) { return s.state(); }, choice);
  }
};

}  // namespace glia
