// What decides a training run: options, and what they are made into.
#include <algorithm>
#include <string>

#include "networks.hpp"
#include "training.hpp"

namespace glia::program {

namespace {

/// The numbers of the augmentation that a run may choose.
struct AugmentSetting {
  const char* name;
  double AugmentOptions::*value;
  const char* help;
};
constexpr AugmentSetting augment_settings[] = {
    {"rotation", &AugmentOptions::rotation_degrees, "largest angle about each axis, degrees"},
    {"rotation-probability", &AugmentOptions::rotation_probability, "of a sample"},
    {"scale-low", &AugmentOptions::scale_low, "smallest magnification"},
    {"scale-high", &AugmentOptions::scale_high, "largest magnification"},
    {"scale-probability", &AugmentOptions::scale_probability, "of a sample"},
    {"contrast-low", &AugmentOptions::contrast_low, "smallest factor about a modality's mean"},
    {"contrast-high", &AugmentOptions::contrast_high, "largest factor"},
    {"contrast-probability", &AugmentOptions::contrast_probability, "of a modality of a sample"},
    {"shift", &AugmentOptions::shift, "largest addend to a modality, in deviations of its scan"}};

}  // namespace

AnyOptimizer make_optimizer(const TrainOptions& o) {
  if (o.optimizer == "sgd")
    return {Sgd{o.rate.value_or(0.1), o.momentum, o.nesterov, o.weight_decay}};
  Adam adam{.rate = o.rate.value_or(2e-4),
            .weight_decay = o.weight_decay,
            .decoupled = o.optimizer == "adamw"};
  return {adam};
}

AnySchedule make_schedule(const TrainOptions& o) {
  const auto unit = o.decay_unit == "epochs" ? StepDecay::Unit::epochs : StepDecay::Unit::updates;
  if (o.schedule == "constant") return {ConstantRate{}};
  if (o.schedule == "polynomial") return {PolynomialDecay{o.power, unit}};
  if (o.schedule == "plateau") {
    Plateau plateau;
    plateau.decay = o.decay.value_or(0.2);
    plateau.patience = o.every;
    return {plateau};
  }
  return {StepDecay{o.decay.value_or(0.60), o.every, unit}};
}

DiceAndCrossEntropy make_loss(const TrainOptions& o) {
  SoftDice dice;
  dice.pooling = o.dice_pooling == "batch" ? SoftDice::Pooling::batch : SoftDice::Pooling::sample;
  dice.smooth_numerator = o.smooth;
  dice.smooth_denominator = (std::max)(o.smooth, dice.smooth_denominator);
  BinaryCrossEntropy cross_entropy;
  cross_entropy.normaliser = o.cross_entropy_mean == "voxels"
                                 ? BinaryCrossEntropy::Normaliser::voxels
                                 : BinaryCrossEntropy::Normaliser::voxels_and_regions;
  return {{dice, cross_entropy}};
}

void check_training_options(const TrainOptions& o, const CommonOptions& common) {
  static_cast<void>(context_options(common));
  require_valid("augmentation", o.augment);
  with_network(o.network, [&]<class Net>() { require_patch(o.patch, Net::divisor); });
}

void add_training_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--network", o.network, std::string(network_help))->capture_default_str();
  command.add_option("--validation-data", o.validation_data,
                     "folders with cases that are only validated on");
  command.add_option("--validation", o.validation_cases, "ids of the cases to validate on");
  add_shared_patients_option(command, o.allow_shared_patients);
  command
      .add_option("--validation-fraction", o.validation_fraction,
                  "share of the cases, in whole patients, if none are named")
      ->check(between(0.0, 0.9))
      ->capture_default_str();
  command.add_option("--validate-every", o.validate_every, "epochs; the last one always is")
      ->check(positive())
      ->capture_default_str();
  command.add_option("--validation-overlap", o.validation_overlap, "of sliding windows")
      ->check(between(0.0, 0.9))
      ->capture_default_str();
  command
      .add_option("--patch", o.patch,
                  "extent of the cubic patch, or of the grid that whole brains are resampled to")
      ->check(positive())
      ->capture_default_str();
  command.add_option("--batch", o.batch, "patches in a step")
      ->check(positive())
      ->capture_default_str();
  command.add_option("--epochs", o.epochs, "passes")->check(positive())->capture_default_str();
  command.add_option("--steps-per-epoch", o.steps_per_epoch, "0: each training case once")
      ->check(non_negative())
      ->capture_default_str();
  command.add_option("--optimizer", o.optimizer)
      ->check(CLI::IsMember({"adam", "adamw", "sgd"}))
      ->capture_default_str();
  command.add_option("--rate", o.rate, "initial learning rate [adam 2e-4, sgd 0.1]")
      ->check(positive());
  command.add_option("--momentum", o.momentum, "of sgd")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command.add_flag("--nesterov", o.nesterov, "for sgd");
  command.add_option("--weight-decay", o.weight_decay)
      ->check(non_negative())
      ->capture_default_str();
  command.add_option("--schedule", o.schedule)
      ->check(CLI::IsMember({"step", "polynomial", "plateau", "constant"}))
      ->capture_default_str();
  command.add_option("--decay", o.decay, "factor of step and plateau [step 0.6, plateau 0.2]")
      ->check(between(0.0, 1.0));
  command.add_option("--every", o.every, "period of step, patience of plateau")
      ->check(positive())
      ->capture_default_str();
  command.add_option("--decay-unit", o.decay_unit)
      ->check(CLI::IsMember({"epochs", "updates"}))
      ->capture_default_str();
  command.add_option("--power", o.power, "of the polynomial")
      ->check(non_negative())
      ->capture_default_str();
  command.add_option("--clip", o.clip, "largest norm of the gradient, 0: none")
      ->check(non_negative())
      ->capture_default_str();
  command
      .add_option("--average-decay", o.average_decay, "of a moving average of the weights, 0: none")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--foreground", o.foreground, "share of tumour-centred patches")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--dice-pooling", o.dice_pooling)
      ->check(CLI::IsMember({"batch", "sample"}))
      ->capture_default_str();
  command
      .add_option("--cross-entropy-mean", o.cross_entropy_mean,
                  "over voxels (summed over regions) or all")
      ->check(CLI::IsMember({"voxels", "all"}))
      ->capture_default_str();
  command.add_option("--smooth", o.smooth, "of the soft Dice, numerator and denominator")
      ->check(non_negative())
      ->capture_default_str();
  for (const AugmentSetting& setting : augment_settings) {
    command
        .add_option("--" + std::string(setting.name), o.augment.*setting.value,
                    std::string(setting.help))
        ->check(non_negative())
        ->capture_default_str();
  }
  command.add_flag("--no-augmentation", o.no_augmentation);
  command.add_flag("--no-mirroring", o.no_mirroring);
  command.add_option("--loader-threads", o.loader_threads, "that prepare patches")
      ->check(thread_count())
      ->capture_default_str();
  command.add_option("--max-skipped", o.max_skipped, "steps in a row that may fail to be finite")
      ->check(positive())
      ->capture_default_str();
  command
      .add_option("--save-every", o.save_every, "steps between saves besides each epoch's, 0: none")
      ->check(non_negative())
      ->capture_default_str();
  command.add_flag("--resume", o.resume, "go on from last.safetensors in --out if it is there");
}

}  // namespace glia::program
