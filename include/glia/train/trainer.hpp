#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "glia/data/content_id.hpp"
#include "glia/data/loader.hpp"
#include "glia/data/resample.hpp"
#include "glia/infer/sliding_window.hpp"
#include "glia/infer/whole_volume.hpp"
#include "glia/io/crc32.hpp"
#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/optim/gradient_clipping.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/optim/schedules.hpp"
#include "glia/train/checkpoint.hpp"
#include "glia/train/events.hpp"
#include "glia/train/median_spacing.hpp"
#include "glia/train/run_folder.hpp"
#include "glia/train/trainer_options.hpp"
#include "glia/train/training_step.hpp"
#include "glia/train/validation.hpp"

namespace glia {

enum class TrainingEnd { finished, stopped };

/// Trains a model on patches of labelled cases, or on whole ones, and leaves the best weights in
/// it: those of the best mean validation Dice. Without validation these are the average, without an
/// average the last ones. The model knows what it was trained on.
///
/// Every number that a step uses is a function of (seed, step) and of the state that a checkpoint
/// holds, so a run that was killed at any moment and resumed ends in the same bytes as one that was
/// not. A checkpoint records all that decides these numbers, options of loss, optimiser and
/// schedule (as far as these name them, see `HasOptions`) and the content of the cases included: no
/// other run goes on from it. Only a run whose schedule does not depend on its length may become
/// longer.
template <Network Net, Loss L = DiceAndCrossEntropy, class O = AnyOptimizer,
          Schedule S = AnySchedule>
requires OptimizerFor<O, typename Net::Engine>
class Trainer {
 public:
  using B = typename Net::Engine;
  static_assert(Net::in == modality::count && Net::out == region::count,
                "Trainer: cases have four modalities and three regions: use Channels<4, 3>");

  using Parameters = typename Model<Net>::Parameters;

  /// Takes the folder for itself. Throws UsageError if an option is not what it may be, IoError if
  /// another trainer has the folder.
  Trainer(Model<Net>& model, TrainerOptions options, L loss = {}, O optimizer = {}, S schedule = {},
          TrainingEvents events = {})
      : model_(model),
        options_(valid("trainer", std::move(options))),
        loss_(valid("loss", std::move(loss))),
        optimizer_(valid("optimizer", std::move(optimizer))),
        schedule_(valid("schedule", std::move(schedule))),
        events_(std::move(events)),
        state_(optimizer_.moments(), options_.average_decay > 0),
        folder_(options_.folder) {
    if (optimizer_.moments() < 0 || optimizer_.moments() > max_moments) {
      throw UsageError("trainer: moments of the optimiser: got " +
                       std::to_string(optimizer_.moments()) + ", expected at most " +
                       std::to_string(max_moments));
    }
    if (!options_.loader.seed) options_.loader.seed = model_.context().seed();
    if (state_.average) copy(model_.parameters(), *state_.average);
  }

  /// Goes on from the folder's last checkpoint, or from the one before it where the last is
  /// damaged, which the context's log is told; false if there is none. Throws IoError if all of
  /// them are damaged, UsageError that names the first difference if one is of another run.
  bool resume() {
    if (!folder_.exists()) return false;
    may_replace_ = true;
    std::string damage;
    for (const auto& path : {folder_.last(), folder_.previous()}) {
      if (!std::filesystem::exists(path)) continue;
      Metadata found;
      try {
        found = load_checkpoint(path, model_, state_, schedule_.state(), record());
      } catch (const DataError& error) {
        damage += (damage.empty() ? "" : "; ") + std::string(error.what());
        continue;
      }
      if (!damage.empty()) warn(damage + "; going on from " + path.string());
      // The next save keeps what this names.
      if (path != folder_.last()) std::filesystem::rename(path, folder_.last());
      folder_.saved_last(state_.step, state_.updates);
      for (const char* key : {training_data, validation_data}) data_[key] = found[key];
      last_.reset();
      if (state_.best_dice >= 0) read_best();
      return true;
    }
    if (damage.empty()) {
      clear_ = !folder_.first_file().empty();  // weights without a checkpoint
      return false;
    }
    throw IoError("no checkpoint to go on from: " + damage);
  }

  /// Trains until the last epoch or until `stop` says so. Throws UsageError if the folder holds a
  /// run that is neither resumed nor to be overwritten or if a resumed run had other cases,
  /// DataError for a case or a patient in both sets, NumericalError when too many steps in a row
  /// were not finite; the model then has the weights that failed.
  TrainingEnd fit(const std::vector<PreparedCase>& training,
                  const std::vector<PreparedCase>& validation = {}) {
    const index_t per_epoch = steps_per_epoch(training);
    index_t steps = 0;
    if (__builtin_mul_overflow(per_epoch, options_.epochs, &steps)) {
      throw UsageError("trainer: epochs: got " + std::to_string(options_.epochs) + " of " +
                       std::to_string(per_epoch) + " steps, more than can be counted");
    }
    require_disjoint({{"training", training}, {"validation", validation}},
                     options_.shared_patients);
    require_free_folder();
    require_same_cases(training, validation);
    folder_.remove_unfinished();
    take_back_last();
    const std::vector<PreparedCase> resampled = resampled_to_patch(training);
    PatchLoader loader(options_.whole_volumes ? resampled : training, options_.loader, state_.step);
    model_.trained_on() = {options_.loader.patch, options_.whole_volumes, median_spacing(training)};
    GradientComputer<Net, L> gradient(
        model_.context(), make_shape(options_.loader.batch, options_.loader.patch, Net::in), loss_);
    Parameters grads;
    TrainingEnd end = TrainingEnd::finished;
    while (state_.step < steps && end == TrainingEnd::finished) {
      Batch batch = loader.next();
      if (events_.batch) events_.batch(batch);
      update(batch, gradient, grads, per_epoch, steps);
      const bool epoch_ends = state_.step % per_epoch == 0;
      if (epoch_ends) finish_epoch(state_.step / per_epoch, validation);
      const bool stop = events_.stop && events_.stop();
      if (epoch_ends || stop || (options_.save_every > 0 && state_.step % options_.save_every == 0))
        save();
      if (stop && state_.step < steps) end = TrainingEnd::stopped;
    }
    leave_best();
    return end;
  }

  [[nodiscard]] const std::vector<EpochRecord>& history() const { return state_.history; }
  /// The weights after the last step, which the model gave way to the best after `fit`.
  [[nodiscard]] const Parameters& last() const { return last_ ? *last_ : model_.parameters(); }
  /// The moving average of the weights; null without `average_decay`.
  [[nodiscard]] const Parameters* average() const { return state_.average.get(); }
  [[nodiscard]] index_t step() const { return state_.step; }
  [[nodiscard]] double best_dice() const { return state_.best_dice; }

 private:
  static constexpr const char* training_data = "glia.training_data";
  static constexpr const char* validation_data = "glia.validation_data";

  static void copy(const Parameters& from, Parameters& to) {
    std::ranges::copy(from.flat(), to.flat().begin());
  }
  [[nodiscard]] static std::unique_ptr<Parameters> copy_of(const Parameters& from) {
    auto made = std::make_unique<Parameters>();
    copy(from, *made);
    return made;
  }
  void warn(const std::string& text) const {
    log(model_.context().log_sink(), Severity::warning, text);
  }

  /// What a run says about itself: what its user says, and all that decides its numbers.
  [[nodiscard]] Metadata record() const {
    Metadata record = options_.description;
    record_options(record, "glia.settings", options_);
    record_options(record, "glia.settings.loss", loss_);
    record_options(record, "glia.settings.optimizer", optimizer_);
    record_options(record, "glia.settings.schedule", schedule_);
    if (depends_on_length(schedule_))
      record["glia.settings.epochs"] = std::to_string(options_.epochs);
    for (const auto& [key, value] : data_) record[key] = value;
    return record;
  }

  void require_free_folder() {
    if (const auto file = folder_.first_file(); !may_replace_ && !file.empty()) {
      if (!options_.overwrite) {
        throw UsageError(
            "trainer: folder: got " + folder_.path().string() + ", which holds a run (" +
            file.filename().string() +
            "), expected one without: resume() goes on from it, overwrite replaces it");
      }
      clear_ = true;
    }
    may_replace_ = true;
  }

  void require_same_cases(const std::vector<PreparedCase>& training,
                          const std::vector<PreparedCase>& validation) {
    if (!folder_.exists()) return;
    for (const auto& [key, cases] :
         {std::pair{training_data, &training}, std::pair{validation_data, &validation}}) {
      const std::string got = hexadecimal(content_crc(*cases));
      const auto [known, first] = data_.try_emplace(key, got);
      if (first || known->second == got) continue;
      throw UsageError(std::string("trainer: ") + key + ": got cases of content " + got +
                       ", expected " + known->second + " of the run that goes on");
    }
  }

  /// A run that goes on keeps the best of its epochs so far.
  void read_best() {
    const auto own = copy_of(model_.parameters());
    try {
      load_weights(folder_.best(), model_);
      best_ = copy_of(model_.parameters());
      const auto epoch =
          std::ranges::find(state_.history, state_.best_dice, &EpochRecord::mean_dice);
      folder_.saved_best(epoch == state_.history.end() ? 0 : epoch->epoch, -1);
    } catch (const Error& error) {
      state_.best_dice = -1;
      warn(std::string(error.what()) + "; the best of the epochs to come takes its place");
    }
    copy(*own, model_.parameters());
  }

  void take_back_last() {
    if (!last_) return;
    copy(*last_, model_.parameters());
    last_.reset();
  }
  void leave_best() {
    const Parameters* best = best_ ? best_.get() : state_.average.get();
    if (best == nullptr) return;
    last_ = copy_of(model_.parameters());
    copy(*best, model_.parameters());
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
    if (!options_.whole_volumes)
      return validate(model_, cases, {.overlap = options_.validation_overlap});
    return validate(WholeVolume(model_), cases);
  }

  void update(const Batch& batch, GradientComputer<Net, L>& gradient, Parameters& grads,
              index_t per_epoch, index_t steps) {
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
      Update<typename B::Real> update{parameters.flat(), grads.flat(), {}, rate,
                                      ++state_.updates,  blocks_};
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
    // A run that cannot make its first step leaves an earlier one as it was.
    if (std::exchange(clear_, false)) folder_.clear();
    ++state_.step;
    state_.rate = rate;
    if (events_.step) {
      events_.step(
          {state_.step, steps, clock.epoch + 1, options_.epochs, loss, rate, norm, skipped});
    }
    if (state_.skipped_in_a_row >= options_.max_skipped) {
      throw failure("step " + std::to_string(state_.step) +
                    ": the loss or its gradient was not finite " +
                    std::to_string(state_.skipped_in_a_row) + " times in a row");
    }
  }

  void require_finite(double squared_norm_of_weights) const {
    if (std::isfinite(squared_norm_of_weights)) return;
    throw failure("step " + std::to_string(state_.step + 1) +
                  ": the update made weights that are not finite");
  }

  [[nodiscard]] NumericalError failure(const std::string& what) const {
    return NumericalError(
        "train: " + what + "; " + folder_.kept(state_.updates) + ". " +
        (state_.updates == 0
             ? "No step has succeeded: look at the images and at the loss"
             : "Resumed, the run fails again: begin another one with a lower learning rate or with "
               "clipped gradients"));
  }

  void finish_epoch(index_t epoch, const std::vector<PreparedCase>& validation) {
    const double loss = state_.epoch_loss / static_cast<double>(state_.epoch_steps);
    EpochRecord record{epoch, loss, state_.rate, state_.epoch_skipped};
    if (state_.epoch_steps > 0) schedule_.observe(loss);
    const AveragedWeights averaged(model_, state_.average.get());
    if (!validation.empty() && (epoch % options_.validate_every == 0 || epoch == options_.epochs)) {
      try {
        record.dice = validation_dice(validation);
      } catch (const NumericalError& error) {
        throw failure("validation after epoch " + std::to_string(epoch) + ": " + error.what());
      }
    }
    const bool best = validation.empty()
                          ? state_.epoch_steps > 0
                          : record.validated() && record.mean_dice() > state_.best_dice;
    if (best && record.validated()) {
      state_.best_dice = record.mean_dice();
      if (!best_) best_ = std::make_unique<Parameters>();
      copy(model_.parameters(), *best_);
    }
    state_.history.push_back(record);
    state_.epoch_loss = 0;
    state_.epoch_steps = state_.epoch_skipped = 0;
    if (best && folder_.exists()) {
      save_weights(folder_.best(), model_, this->record());
      folder_.saved_best(epoch, state_.updates);
    }
    if (events_.epoch) events_.epoch(record, best);
  }

  void save() {
    if (!folder_.exists()) return;
    folder_.keep_previous();
    save_checkpoint(folder_.last(), model_, state_, schedule_.state(), record());
    folder_.saved_last(state_.step, state_.updates);
  }

  /// Puts the averaged weights into the model while it lives.
  class AveragedWeights {
   public:
    AveragedWeights(Model<Net>& model, Parameters* average) : model_(model), average_(average) {
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
    Parameters* average_;
  };

  Model<Net>& model_;
  TrainerOptions options_;
  L loss_;
  O optimizer_;
  S schedule_;
  TrainingEvents events_;
  TrainingState<Net> state_;
  RunFolder folder_;
  std::vector<ParameterBlock> blocks_ = model_.parameters().blocks();
  Metadata data_;                     // contents of the cases
  std::unique_ptr<Parameters> best_;  // by validation; null before the first
  std::unique_ptr<Parameters> last_;  // while the model holds the best
  bool may_replace_ = false;          // the run in the folder is ours to go on with or replace
  bool clear_ = false;                // it is to be replaced at the first step
};

}  // namespace glia
