#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glia/data/augment.hpp"
#include "glia/data/patch_sampler.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/losses/compound.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/optim/schedules.hpp"
#include "glia/train/trainer_options.hpp"
#include "program.hpp"

namespace glia::program {

/// What decides a training run; `glia train` and `glia distill` have it in common.
struct TrainOptions {
  std::vector<std::filesystem::path> data, validation_data;
  std::filesystem::path out;
  DataOptions reading;
  std::string network = "unet", optimizer = "adam", schedule = "step", decay_unit = "epochs";
  std::string dice_pooling = "batch", cross_entropy_mean = "voxels";
  double validation_fraction = 0.2;
  std::vector<std::string> validation_cases;
  index_t patch = published_patch.d, batch = 2, epochs = 280, steps_per_epoch = 0,
          validate_every = TrainerOptions{}.validate_every, save_every = 0;
  std::optional<double> rate, decay;
  index_t every = 30;
  double momentum = 0.9, weight_decay = 0, power = 0.9, clip = 0, average_decay = 0,
         foreground = 0.34, smooth = 0;
  double validation_overlap = TrainerOptions{}.validation_overlap;
  AugmentOptions augment;
  std::optional<double> labelled_share;  ///< see LoaderOptions
  bool allow_shared_patients = false;    ///< by sets that are given, not drawn
  bool nesterov = false, no_augmentation = false, no_mirroring = false, resume = false;
  int loader_threads = 1, max_skipped = 5;
};

/// Everything but the folders of cases, --out and how to read data.
void add_training_options(CLI::App& command, TrainOptions& options);

AnyOptimizer make_optimizer(const TrainOptions& options);
AnySchedule make_schedule(const TrainOptions& options);
DiceAndCrossEntropy make_loss(const TrainOptions& options);

/// Throws UsageError for a network that is not on the menu and for a patch that it cannot take,
/// IoError for a device that is not there: before any work.
void check_training_options(const TrainOptions& options, const CommonOptions& common);

/// The cases of a run, in memory.
struct TrainingData {
  std::vector<PreparedCase> training, validation;
  std::size_t refused = 0;  ///< cases left out
};

/// The cases of options.data and options.validation_data, split as the options and the seed say.
/// Throws DataError if training and validation share a case or, unless allowed, a patient.
TrainingData read_training_data(const TrainOptions& options, const CommonOptions& common);

/// Reads and prepares cases that have labels.
std::vector<PreparedCase> read_labelled_cases(const std::vector<CaseFiles>& files,
                                              const DataOptions& reading, const char* stage,
                                              bool quiet, std::size_t& refused);

/// Trains, prints the result on stdout and returns the exit code. `config` is kept in the run's
/// folder, `more` in its weights.
int train(const TrainOptions& options, const CommonOptions& common, const std::string& config,
          const TrainingData& data, const Metadata& more = {});

}  // namespace glia::program
