#pragma once

#include <array>
#include <functional>

#include "glia/core/types.hpp"
#include "glia/data/batch.hpp"

namespace glia {

/// One update, or one attempt at it.
struct StepEvent {
  index_t step;  ///< number of the step, from 1
  index_t steps, epoch, epochs;
  double loss, rate, gradient_norm;
  bool skipped;  ///< the loss or the gradient was not finite and nothing was changed
};

/// One finished epoch. Dice is per region WT, TC, ET; -1 where there was no validation.
struct EpochRecord {
  index_t epoch = 0;  ///< number of the epoch, from 1
  double loss = 0;    ///< mean over the steps that were not skipped; NaN if all were
  double rate = 0;
  index_t skipped = 0;
  std::array<double, 3> dice{-1, -1, -1};
  [[nodiscard]] bool validated() const { return dice[0] >= 0; }
  [[nodiscard]] double mean_dice() const { return (dice[0] + dice[1] + dice[2]) / 3; }
};

/// What a trainer tells and asks while it runs; any may be empty.
struct TrainingEvents {
  std::function<void(Batch&)> batch;  ///< before each step: may change what is trained on
  std::function<void(const StepEvent&)> step;
  std::function<void(const EpochRecord&, bool best)> epoch;
  std::function<bool()> stop;  ///< asked after each step: true saves and ends the run
};

}  // namespace glia
