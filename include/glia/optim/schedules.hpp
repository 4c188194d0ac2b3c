#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <string>
#include <variant>

#include "glia/core/error.hpp"
#include "glia/core/options.hpp"
#include "glia/core/types.hpp"

namespace glia {

/// Where training stands: finished epochs and steps (an update each, but for those skipped), and
/// how many there will be.
struct TrainingClock {
  index_t epoch = 0, epochs = 0, update = 0, updates = 0;
};

/// Scales the initial learning rate over time. Requirements: 1. `factor(clock)`; 2.
/// `observe(loss)`, called once after each epoch with its mean training loss; 3. `state()`, the
/// numbers that a checkpoint must keep (may be empty). A run records its options if it names them
/// (`HasOptions`).
template <class S>
concept Schedule = requires(S& s, const TrainingClock& clock, double loss) {
  { s.factor(clock) } -> std::same_as<double>;
  s.observe(loss);
  { s.state() } -> std::same_as<std::span<double>>;
};

/// False if the factor of a moment is the same whatever the run's length, so that a run can go on
/// beyond its end: a schedule says so by `static constexpr bool depends_on_length = false`.
template <Schedule S>
[[nodiscard]] bool depends_on_length(const S& schedule) {
  if constexpr (requires { schedule.choice; }) {
    return std::visit([](const auto& chosen) { return depends_on_length(chosen); },
                      schedule.choice);
  } else if constexpr (requires { S::depends_on_length; }) {
    return S::depends_on_length;
  } else {
    return true;
  }
}

struct ConstantRate {
  static constexpr bool depends_on_length = false;
  template <class F>
  void options(F&& f) const {
    f("", "constant");
  }
  [[nodiscard]] double factor(const TrainingClock&) const { return 1; }
  void observe(double) {}
  [[nodiscard]] std::span<double> state() { return {}; }
};

/// decay^floor(t / every), t in epochs or updates. The paper's 0.60 read as "every 30 epochs".
/// `factor` throws UsageError for a period below 1.
struct StepDecay {
  enum class Unit { epochs, updates };
  static constexpr bool depends_on_length = false;
  double decay = 0.60;
  index_t every = 30;
  Unit unit = Unit::epochs;

  template <class F>
  void options(F&& f) const {
    f("", "step");
    f("decay", decay, between(0, 1));
    f("every", every, at_least(1));
    f("unit", unit == Unit::epochs ? "epochs" : "updates");
  }
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

  template <class F>
  void options(F&& f) const {
    f("", "polynomial");
    f("power", power, at_least(0));
    f("unit", unit == StepDecay::Unit::epochs ? "epochs" : "updates");
  }
  [[nodiscard]] double factor(const TrainingClock& clock) const {
    const bool epochs = unit == StepDecay::Unit::epochs;
    const auto t = static_cast<double>(epochs ? clock.epoch : clock.update);
    const auto total = static_cast<double>(epochs ? clock.epochs : clock.updates);
    return t < total ? std::pow(1 - t / total, power) : 0;
  }
  void observe(double) {}
  [[nodiscard]] std::span<double> state() { return {}; }
};

/// Multiplies by `decay` when the exponential average of the losses, a <- s a + (1 - s) loss, has
/// not fallen by more than `threshold` for more than `patience` epochs (Isensee et al. 2018, with
/// nnU-Net's s; the count is that of PyTorch's ReduceLROnPlateau).
class Plateau {
 public:
  static constexpr bool depends_on_length = false;
  double decay = 0.2;
  index_t patience = 30;
  double threshold = 1e-3;
  double smoothing = 0.93;  ///< s; 0: the losses themselves

  template <class F>
  void options(F&& f) const {
    f("", "plateau");
    f("decay", decay, between(0, 1));
    f("patience", patience, at_least(0));
    f("threshold", threshold, at_least(0));
    f("smoothing", smoothing, from_to_below(0, 1));
  }
  [[nodiscard]] double factor(const TrainingClock&) const { return state_[0]; }
  void observe(double loss) {
    const bool first = state_[1] == (std::numeric_limits<double>::max)();
    state_[3] = first ? loss : smoothing * state_[3] + (1 - smoothing) * loss;
    if (state_[3] < state_[1] - threshold) {
      state_[1] = state_[3];
      state_[2] = 0;
    } else if (++state_[2] > static_cast<double>(patience)) {
      state_[0] *= decay;
      state_[2] = 0;
    }
  }
  [[nodiscard]] std::span<double> state() { return state_; }

 private:
  // Factor, lowest average, epochs since, average.
  double state_[4] = {1, (std::numeric_limits<double>::max)(), 0, 0};
};

/// A schedule chosen at run time.
struct AnySchedule {
  std::variant<StepDecay, PolynomialDecay, Plateau, ConstantRate> choice;

  template <class F>
  void options(F&& f) const {
    std::visit([&](const auto& s) { f("", s); }, choice);
  }
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
