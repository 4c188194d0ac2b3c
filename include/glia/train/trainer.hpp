#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "glia/data/loader.hpp"
#include "glia/data/resample.hpp"
#include "glia/infer/sliding_window.hpp"
#include "glia/infer/whole_volume.hpp"
#include "glia/io/atomic_file.hpp"
#include "glia/io/folder_lock.hpp"
#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/optim/gradient_clipping.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/optim/schedules.hpp"
#include "glia/train/checkpoint.hpp"
#include "glia/train/events.hpp"
#include "glia/train/median_spacing.hpp"
#include "glia/train/training_step.hpp"
#include "glia/train/validation.hpp"

namespace glia {

struct TrainerOptions {
  index_t epochs = 280;
  index_t steps_per_epoch = 0;     ///< 0: as many batches as hold each training case once
  LoaderOptions loader{};          ///< patch, batch, augmentation; its seed is the context's
  bool whole_volumes = false;      ///< resample cases to the patch's extent, cut no patches
  double clip_norm = 0;            ///< largest L2 norm of a gradient; 0: no limit
  double average_decay = 0;        ///< of the moving average of weights; 0: none
  index_t validate_every = 1;      ///< epochs
  SlidingWindowOptions window{};   ///< of validation; its window is the patch unless it is given
  int max_skipped = 5;             ///< steps in a row, none of them finite, that end the run
  std::filesystem::path folder{};  ///< of the files named below; empty: nothing is written
  index_t save_every = 0;  ///< steps between saves besides the one after each epoch; 0: none
  Metadata description{};  ///< recorded in the checkpoints
};

/// What a trainer leaves in its folder: the best weights, its last state and the state before.
inline constexpr const char* weights_name = "best.safetensors";
inline constexpr const char* checkpoint_name = "last.safetensors";
inline constexpr const char* previous_name = "previous.safetensors";

enum class TrainingEnd { finished, stopped };

/// Trains a model on patches of labelled cases, or on whole ones. The model ends with the last
/// weights, and knows what it was trained on; a folder keeps the best ones by mean validation Dice.
///
/// Every number that a step uses is a function of (seed, step) and of the state that a checkpoint
/// holds, so a run that was killed at any moment and resumed ends in the same bytes as one that was
/// not.
template <Network Net, Loss L = DiceAndCrossEntropy, class O = AnyOptimizer,
          Schedule S = AnySchedule>
requires OptimizerFor<O, typename Net::Engine>
class Trainer {
 public:
  using B = typename Net::Engine;
  static_assert(Net::in == modality::count && Net::out == region::count,
                "Trainer: cases have four modalities and three regions: use Channels<4, 3>");

  /// Takes the folder for itself. Throws UsageError if a count that must be positive is not, and
  /// for a window of validation that the network cannot take, IoError if another trainer has the
  /// folder.
  Trainer(Model<Net>& model, TrainerOptions options, L loss = {}, O optimizer = {}, S schedule = {},
          TrainingEvents events = {})
      : model_(model),
        options_(std::move(options)),
        loss_(std::move(loss)),
        optimizer_(std::move(optimizer)),
        schedule_(std::move(schedule)),
        events_(std::move(events)),
        state_(optimizer_.moments(), options_.average_decay > 0) {
    if (optimizer_.moments() < 0 || optimizer_.moments() > max_moments) {
      throw UsageError("trainer: moments of the optimiser: got " +
                       std::to_string(optimizer_.moments()) + ", expected at most " +
                       std::to_string(max_moments));
    }
    require_positive("batch", options_.loader.batch);
    require_positive("validate_every", options_.validate_every);
    require_positive("max_skipped", options_.max_skipped);
    options_.loader.seed = model_.context().seed();
    require_validation_window();
    if (!options_.folder.empty()) lock_.emplace(options_.folder);
    if (state_.average)
      std::ranges::copy(model_.parameters().flat(), state_.average->flat().begin());
  }

  /// Goes on from the folder's last checkpoint, or from the one before it where the last is
  /// damaged, which the context's log is told; false if there is none. Throws IoError if all of
  /// them are damaged, UsageError if one is of another run.
  bool resume() {
    if (options_.folder.empty()) return false;
    const std::filesystem::path last = options_.folder / checkpoint_name;
    std::string damage;
    for (const auto& path : {last, options_.folder / previous_name}) {
      if (!std::filesystem::exists(path)) continue;
      try {
        load_checkpoint(path, model_, state_, schedule_.state(), options_.description);
      } catch (const DataError& error) {
        damage += (damage.empty() ? "" : "; ") + std::string(error.what());
        continue;
      }
      if (!damage.empty()) {
        log(model_.context().log_sink(), Severity::warning,
            damage + "; going on from " + path.string());
      }
      if (path != last) std::filesystem::rename(path, last);  // the next save keeps what this names
      last_is_of_this_run_ = true;
      return true;
    }
    if (damage.empty()) return false;
    throw IoError("no checkpoint to go on from: " + damage);
  }

  /// Trains until the last epoch or until `stop` says so. Throws NumericalError when too many steps
  /// in a row were not finite.
  TrainingEnd fit(const std::vector<PreparedCase>& training,
                  const std::vector<PreparedCase>& validation = {}) {
    const index_t per_epoch = steps_per_epoch(training);
    index_t steps = 0;
    if (__builtin_mul_overflow(per_epoch, options_.epochs, &steps)) {
      throw UsageError("trainer: epochs: got " + std::to_string(options_.epochs) + " of " +
                       std::to_string(per_epoch) + " steps, more than can be counted");
    }
    if (!options_.folder.empty()) {
      for (const char* name : {checkpoint_name, weights_name})
        remove_leftovers(options_.folder / name);  // of a run that was killed
    }
    const std::vector<PreparedCase> resampled = resampled_to_patch(training);
    PatchLoader loader(options_.whole_volumes ? resampled : training, options_.loader, state_.step);
    model_.trained_on() = {options_.loader.patch, options_.whole_volumes, median_spacing(training)};
    GradientComputer<Net, L> gradient(
        model_.context(), make_shape(options_.loader.batch, options_.loader.patch, Net::in), loss_);
    typename Model<Net>::Parameters grads;
    while (state_.step < steps) {
      Batch batch = loader.next();
      if (events_.batch) events_.batch(batch);
      update(batch, gradient, grads, per_epoch, steps);
      const bool epoch_ends = state_.step % per_epoch == 0;
      if (epoch_ends) finish_epoch(state_.step / per_epoch, validation);
      const bool stop = events_.stop && events_.stop();
      if (epoch_ends || stop || (options_.save_every > 0 && state_.step % options_.save_every == 0))
        save();
      if (stop && state_.step < steps) return TrainingEnd::stopped;
    }
    return TrainingEnd::finished;
  }

  [[nodiscard]] const std::vector<EpochRecord>& history() const { return state_.history; }
  /// The moving average of the weights; null without `average_decay`.
  [[nodiscard]] const typename Model<Net>::Parameters* average() const {
    return state_.average.get();
  }
  [[nodiscard]] index_t step() const { return state_.step; }
  [[nodiscard]] double best_dice() const { return state_.best_dice; }

 private:
  static void require_positive(const char* option, index_t got) {
    if (got < 1) {
      throw UsageError(std::string("trainer: ") + option + ": got " + std::to_string(got) +
                       ", expected at least 1");
    }
  }

  /// At once, not after the first epoch.
  void require_validation_window() const {
    const Extent window = options_.window.window;
    if (window == as_trained) return;
    if (options_.whole_volumes) {
      throw UsageError("trainer: window: got " + to_string(window) +
                       ", expected none: whole volumes are validated on their grid");
    }
    for (const index_t length : {window.d, window.h, window.w}) {
      if (length > 0 && length % Net::divisor == 0) continue;
      throw UsageError("trainer: window: got " + to_string(window) +
                       ", expected positive multiples of " + std::to_string(Net::divisor));
    }
  }

  [[nodiscard]] index_t steps_per_epoch(const std::vector<PreparedCase>& training) const {
    if (options_.steps_per_epoch > 0) return options_.steps_per_epoch;
    const index_t batch = options_.loader.batch;
    return (std::max)(index_t{1}, (static_cast<index_t>(training.size()) + batch - 1) / batch);
  }

  [[nodiscard]] std::vector<PreparedCase> resampled_to_patch(
      const std::vector<PreparedCase>& cases) const {
    std::vector<PreparedCase> result;
    if (!options_.whole_volumes) return result;
    for (const PreparedCase& source : cases)
      result.push_back(resample(source, options_.loader.patch));
    return result;
  }

  /// On the cases as they are: labels are compared where they were drawn, not on a grid.
  [[nodiscard]] std::array<double, 3> validation_dice(const std::vector<PreparedCase>& cases) {
    if (!options_.whole_volumes) return validate(model_, cases, options_.window);
    return validate(WholeVolume(model_), cases, options_.window);
  }

  void update(const Batch& batch, GradientComputer<Net, L>& gradient,
              typename Model<Net>::Parameters& grads, index_t per_epoch, index_t steps) {
    Context& k = model_.context();
    auto& parameters = model_.parameters();
    const TrainingClock clock{state_.step / per_epoch, options_.epochs, state_.step, steps};
    const double rate = optimizer_.initial_rate() * schedule_.factor(clock);
    const double loss =
        gradient(parameters, batch.image.view(), batch.target.view(), grads, state_.step);
    const double norm = std::isfinite(loss)
                            ? clip_gradient_norm<B>(k, grads.flat(), options_.clip_norm)
                            : std::abs(loss);
    const bool skipped = !std::isfinite(loss) || !std::isfinite(norm);
    if (skipped) {
      ++state_.epoch_skipped;
      ++state_.skipped_in_a_row;
    } else {
      Update<typename B::Real> update{parameters.flat(), grads.flat(), {}, rate, ++state_.updates};
      for (std::size_t i = 0; i < state_.moments.size(); ++i)
        update.moments[i] = state_.moments[i]->flat();
      optimizer_.template apply<B>(k, update);
      require_finite(B::squared_norm(k, parameters.flat()));
      if (state_.average) {
        const auto t =
            static_cast<double>(state_.updates);  // a young average must forget its start
        const double decay = (std::min)(options_.average_decay, (1 + t) / (10 + t));
        B::blend(k, state_.average->flat(), parameters.flat(), decay);
      }
      state_.epoch_loss += loss;
      ++state_.epoch_steps;
      state_.skipped_in_a_row = 0;
    }
    ++state_.step;
    state_.rate = rate;
    if (events_.step) {
      events_.step(
          {state_.step, steps, clock.epoch + 1, options_.epochs, loss, rate, norm, skipped});
    }
    if (state_.skipped_in_a_row >= options_.max_skipped) {
      throw NumericalError("train: step " + std::to_string(state_.step) +
                           ": the loss or its gradient was not finite " +
                           std::to_string(state_.skipped_in_a_row) +
                           " times in a row; the last good checkpoint was kept. Lower the learning "
                           "rate or clip gradients");
    }
  }

  void require_finite(double squared_norm_of_weights) const {
    if (std::isfinite(squared_norm_of_weights)) return;
    throw NumericalError("train: step " + std::to_string(state_.step + 1) +
                         ": the update made weights that are not finite; the last good checkpoint "
                         "was kept. Lower the learning rate or clip gradients");
  }

  void finish_epoch(index_t epoch, const std::vector<PreparedCase>& validation) {
    const double loss = state_.epoch_loss / static_cast<double>(state_.epoch_steps);
    EpochRecord record{epoch, loss, state_.rate, state_.epoch_skipped};
    if (state_.epoch_steps > 0) schedule_.observe(loss);
    const AveragedWeights averaged(model_, state_.average.get());
    if (!validation.empty() && (epoch % options_.validate_every == 0 || epoch == options_.epochs)) {
      record.dice = validation_dice(validation);
    }
    const bool best =
        validation.empty() || (record.validated() && record.mean_dice() > state_.best_dice);
    if (best && record.validated()) state_.best_dice = record.mean_dice();
    state_.history.push_back(record);
    state_.epoch_loss = 0;
    state_.epoch_steps = state_.epoch_skipped = 0;
    if (best && !options_.folder.empty()) {
      save_weights(options_.folder / weights_name, model_, options_.description);
    }
    if (events_.epoch) events_.epoch(record, best);
  }

  void save() {
    if (options_.folder.empty()) return;
    keep_previous();
    save_checkpoint(options_.folder / checkpoint_name, model_, state_, schedule_.state(),
                    options_.description);
  }

  /// The run's last checkpoint gets a second name, which it keeps when a newer one takes the first.
  /// Where a file system knows no such names, there is no previous checkpoint.
  void keep_previous() {
    const auto last = options_.folder / checkpoint_name, previous = options_.folder / previous_name;
    std::error_code ignored;
    std::filesystem::remove(previous, ignored);
    if (last_is_of_this_run_) std::filesystem::create_hard_link(last, previous, ignored);
    last_is_of_this_run_ = true;
  }

  /// Puts the averaged weights into the model while it lives.
  class AveragedWeights {
   public:
    AveragedWeights(Model<Net>& model, typename Model<Net>::Parameters* average)
        : model_(model), average_(average) {
      swap();
    }
    AveragedWeights(const AveragedWeights&) = delete;
    AveragedWeights& operator=(const AveragedWeights&) = delete;
    ~AveragedWeights() { swap(); }

   private:
    void swap() {
      if (average_) std::ranges::swap_ranges(model_.parameters().flat(), average_->flat());
    }
    Model<Net>& model_;
    typename Model<Net>::Parameters* average_;
  };

  Model<Net>& model_;
  TrainerOptions options_;
  L loss_;
  O optimizer_;
  S schedule_;
  TrainingEvents events_;
  TrainingState<Net> state_;
  std::optional<FolderLock> lock_;
  bool last_is_of_this_run_ = false;
};

}  // namespace glia
