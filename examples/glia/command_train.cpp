// glia train: patches of labelled cases in, best.safetensors and last.safetensors out.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/data/prepare.hpp"
#include "glia/train/trainer.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Json = nlohmann::ordered_json;

struct TrainOptions {
  std::vector<std::filesystem::path> data, validation_data;
  std::filesystem::path out;
  DataOptions reading;
  std::string network = "unet", optimizer = "adam", schedule = "step", decay_unit = "epochs";
  std::string dice_pooling = "batch", cross_entropy_mean = "voxels";
  double validation_fraction = 0.2;
  std::vector<std::string> validation_cases;
  index_t patch = 128, batch = 2, epochs = 280, steps_per_epoch = 0, validate_every = 1,
          save_every = 0;
  std::optional<double> rate, decay;
  index_t every = 30;
  double momentum = 0.9, weight_decay = 0, power = 0.9, clip = 0, average_decay = 0,
         foreground = 0.34, smooth = 0;
  double validation_overlap = 0.5;
  AugmentOptions augment;
  bool nesterov = false, no_augmentation = false, no_mirroring = false, resume = false;
  int loader_threads = 1, max_skipped = 5;
};

/// The numbers of the augmentation that a run may choose, once for options and for the record.
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

/// Moves the validation cases out of `cases`: by id, or the given fraction in an order that the
/// seed decides.
std::vector<CaseFiles> take_validation(std::vector<CaseFiles>& cases, const TrainOptions& o,
                                       std::uint64_t seed) {
  std::vector<std::string> ids = o.validation_cases;
  if (ids.empty() && o.validation_data.empty()) {
    std::vector<std::size_t> order(cases.size());
    std::iota(order.begin(), order.end(), 0U);
    constexpr std::uint32_t purpose = 0x73706c69;  // a stream of its own for the split
    Random random(seed, purpose);
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1],
                order[static_cast<std::size_t>(random.below(static_cast<index_t>(i)))]);
    }
    const auto count = static_cast<std::size_t>(
        std::floor(o.validation_fraction * static_cast<double>(cases.size())));
    for (std::size_t i = 0; i < count; ++i) ids.push_back(cases[order[i]].id);
  }
  std::vector<CaseFiles> validation;
  for (const std::string& id : ids) {
    const auto found = std::ranges::find(cases, id, &CaseFiles::id);
    if (found == cases.end())
      throw UsageError("--validation: case " + id + " is not among the training folders' cases");
    validation.push_back(std::move(*found));
    cases.erase(found);
  }
  if (cases.empty()) throw UsageError("--validation: no case is left to train on");
  return validation;
}

std::vector<PreparedCase> read_all(const std::vector<CaseFiles>& files, const TrainOptions& o,
                                   const char* stage, bool quiet, std::size_t& refused) {
  ReadCaseOptions options = read_options(o.reading);
  options.require_label = options.refuse_constant = true;
  ProgressBar bar(stage, "cases", quiet);
  std::vector<PreparedCase> cases;
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      const Case whole = read_case(files[i], options);
      for (const std::string& warning : whole.warnings) bar.line("warning: " + warning);
      cases.push_back(prepare(whole));
    } catch (const DataError& error) {
      if (!o.reading.keep_going) throw;
      complain(error.what());
      ++refused;
    }
    bar.update(static_cast<double>(i + 1), static_cast<double>(files.size()));
  }
  if (cases.empty()) throw DataError("no usable case");
  return cases;
}

std::string ids_text(std::span<const PreparedCase> cases) {
  std::string text;
  for (const auto& one : cases) text += (text.empty() ? "" : ",") + one.id;
  return text;
}

/// Everything that decides the numbers of a run, as text: a resumed run must have the same.
std::string settings_text(const TrainOptions& o) {
  Json j;
  j["optimizer"] = o.optimizer;
  j["rate"] = make_optimizer(o).initial_rate();
  j["momentum"] = o.momentum;
  j["nesterov"] = o.nesterov;
  j["weight_decay"] = o.weight_decay;
  j["schedule"] = o.schedule;
  j["decay"] = o.decay.value_or(0);
  j["every"] = o.every;
  j["decay_unit"] = o.decay_unit;
  j["power"] = o.power;
  j["epochs"] = o.epochs;
  j["steps_per_epoch"] = o.steps_per_epoch;
  j["patch"] = o.patch;
  j["batch"] = o.batch;
  j["foreground"] = o.foreground;
  j["augmentation"] = !o.no_augmentation;
  j["mirroring"] = !o.no_mirroring;
  for (const AugmentSetting& setting : augment_settings) j[setting.name] = o.augment.*setting.value;
  j["clip"] = o.clip;
  j["average_decay"] = o.average_decay;
  j["dice_pooling"] = o.dice_pooling;
  j["cross_entropy_mean"] = o.cross_entropy_mean;
  j["smooth"] = o.smooth;
  j["validate_every"] = o.validate_every;
  j["validation_overlap"] = o.validation_overlap;
  return j.dump();
}

void write_history(const std::filesystem::path& path, const std::vector<EpochRecord>& history) {
  std::string text = "epoch,loss,rate,skipped,dice_WT,dice_TC,dice_ET\n";
  for (const EpochRecord& r : history) {
    char line[160];
    std::snprintf(line, sizeof line, "%lld,%.6f,%.6g,%lld", static_cast<long long>(r.epoch), r.loss,
                  r.rate, static_cast<long long>(r.skipped));
    text += line;
    for (const double dice : r.dice) {
      std::snprintf(line, sizeof line, ",%.5f", dice);
      text += r.validated() ? line : ",";
    }
    text += "\n";
  }
  write_text(path, text);
}

/// The cases of a run, in memory.
struct TrainingData {
  std::vector<PreparedCase> training, validation;
  std::size_t refused = 0;
};

TrainingData read_data(const TrainOptions& o, const CommonOptions& common) {
  TrainingData data;
  std::vector<CaseFiles> files = collect_cases(o.data, o.reading, true, data.refused);
  std::vector<CaseFiles> validation_files = take_validation(files, o, common.seed);
  if (!o.validation_data.empty()) {
    for (CaseFiles& one : collect_cases(o.validation_data, o.reading, true, data.refused)) {
      if (std::ranges::find(files, one.id, &CaseFiles::id) != files.end()) {
        throw DataError("case " + one.id + " is in the training and in the validation set");
      }
      validation_files.push_back(std::move(one));
    }
  }
  data.training = read_all(files, o, "read training cases", common.quiet, data.refused);
  if (!validation_files.empty()) {
    data.validation =
        read_all(validation_files, o, "read validation cases", common.quiet, data.refused);
  }
  return data;
}

/// Makes the folder of a run, without what an earlier run that is not resumed left there.
void prepare_folder(const TrainOptions& o, const std::string& config) {
  std::filesystem::create_directories(o.out);
  if (!o.resume) {
    for (const char* name : {"last.safetensors", "best.safetensors", "history.csv"})
      std::filesystem::remove(o.out / name);
  }
  for (const char* name : {"config.toml", "history.csv"}) remove_leftovers(o.out / name);
  write_text(o.out / "config.toml", config);
}

template <Network Net>
int train(const TrainOptions& o, const CommonOptions& common, const std::string& config) {
  require_patch<Net>(o.patch);
  Context context{context_options(common)};
  const auto [training, validation, refused] = read_data(o, common);
  Model<Net> model{context};

  TrainerOptions t;
  t.epochs = o.epochs;
  t.steps_per_epoch = o.steps_per_epoch;
  t.loader.patch = {o.patch, o.patch, o.patch};
  t.loader.batch = o.batch;
  t.loader.threads = o.loader_threads;
  t.loader.foreground = o.foreground;
  t.loader.augment = o.no_augmentation ? AugmentOptions::none() : o.augment;
  if (o.no_mirroring) t.loader.augment.mirror_probability = 0;
  t.clip_norm = o.clip;
  t.average_decay = o.average_decay;
  t.validate_every = o.validate_every;
  t.window.overlap = o.validation_overlap;
  t.max_skipped = o.max_skipped;
  t.folder = o.out;
  t.save_every = o.save_every;
  t.description = {{"glia.network", o.network},
                   {"glia.patch", std::to_string(o.patch)},
                   {"glia.modalities", "T1,T1ce,T2,FLAIR"},
                   {"glia.regions", "WT,TC,ET"},
                   {"glia.mirroring", o.no_augmentation || o.no_mirroring ? "no" : "yes"},
                   {"glia.training_cases", ids_text(training)},
                   {"glia.validation_cases", ids_text(validation)},
                   {"glia.settings", settings_text(o)}};

  const RunPlan plan =
      plan_training<Net>(context, make_shape(o.batch, t.loader.patch, Net::in), make_loss(o));
  const double megabyte = 1024.0 * 1024.0;
  complain("network " + o.network + ", " + std::to_string(model.parameters().size()) +
           " parameters; planned memory of a step " +
           std::to_string(static_cast<long>(static_cast<double>(plan.memory.bytes) / megabyte)) +
           " MiB; " + std::to_string(training.size()) + " training and " +
           std::to_string(validation.size()) + " validation cases");
  if (common.dry_run) return 0;

  JsonLog log(common);
  ProgressBar bar("train", "steps", common.quiet);
  std::vector<EpochRecord> history;
  TrainingEvents events;
  events.step = [&](const StepEvent& e) {
    char note[96];
    std::snprintf(note, sizeof note, "epoch %lld/%lld, loss %.4f", static_cast<long long>(e.epoch),
                  static_cast<long long>(e.epochs), e.loss);
    bar.update(static_cast<double>(e.step), static_cast<double>(e.steps), note);
    if (e.skipped)
      bar.line("step " + std::to_string(e.step) + ": loss or gradient not finite, step skipped");
    Json j{{"event", "step"},     {"step", e.step}, {"epoch", e.epoch},
           {"loss", e.loss},      {"rate", e.rate}, {"gradient_norm", e.gradient_norm},
           {"skipped", e.skipped}};
    log.line(j.dump());
  };
  events.epoch = [&](const EpochRecord& r, bool best) {
    char text[160];
    std::snprintf(text, sizeof text, "epoch %lld: loss %.4f", static_cast<long long>(r.epoch),
                  r.loss);
    std::string line = text;
    if (r.validated()) {
      std::snprintf(text, sizeof text, ", validation Dice WT %.4f TC %.4f ET %.4f", r.dice[0],
                    r.dice[1], r.dice[2]);
      line += text;
      if (best) line += ", best";
    }
    if (r.validated() || r.epoch == o.epochs) bar.line(line);
    Json j{{"event", "epoch"},     {"epoch", r.epoch},
           {"loss", r.loss},       {"rate", r.rate},
           {"skipped", r.skipped}, {"dice", r.validated() ? Json(r.dice) : Json()},
           {"best", best}};
    log.line(j.dump());
    history.push_back(r);
    write_history(o.out / "history.csv", history);
  };
  events.stop = [] { return caught_signal() != 0; };

  Trainer<Net, DiceAndCrossEntropy, AnyOptimizer, AnySchedule> trainer(
      model, t, make_loss(o), make_optimizer(o), make_schedule(o), events);
  if (o.resume && std::filesystem::exists(o.out / "last.safetensors")) {
    trainer.resume();
    history = trainer.history();
    complain("resuming after step " + std::to_string(trainer.step()));
  }
  prepare_folder(o, config);
  catch_signals();
  const TrainingEnd end = trainer.fit(training, validation);
  if (end == TrainingEnd::stopped) {
    complain("stopped by signal " + std::to_string(caught_signal()) + " after step " +
             std::to_string(trainer.step()) + "; saved, go on with --resume");
    return 128 + caught_signal();
  }
  write_history(o.out / "history.csv", trainer.history());
  const Json result{
      {"steps", trainer.step()},
      {"best_validation_dice", validation.empty() ? Json() : Json(trainer.best_dice())},
      {"model", (o.out / "best.safetensors").string()}};
  std::printf("%s\n", result.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  return refused > 0 ? 7 : 0;
}

int run_train(const TrainOptions& o, const CommonOptions& common, const std::string& config) {
  if (!o.resume) require_new(o.out, common, " or --resume");
  return with_network(o.network, [&]<class Net>() { return train<Net>(o, common, config); });
}

}  // namespace

void add_train(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* c = app.add_subcommand("train", "train a network on labelled cases");
  c->add_option("data", o->data, "folders with labelled cases")->required();
  c->add_option("--out", o->out, "folder for the weights")->required();
  c->add_option("--network", o->network, std::string(network_help))->capture_default_str();
  add_data_options(*c, o->reading);
  c->add_option("--validation-data", o->validation_data,
                "folders with cases that are only validated on");
  c->add_option("--validation", o->validation_cases, "ids of the cases to validate on");
  c->add_option("--validation-fraction", o->validation_fraction,
                "share of the cases, if none are named")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_option("--validate-every", o->validate_every, "epochs")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--validation-overlap", o->validation_overlap, "of sliding windows")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_option("--patch", o->patch, "extent of the cubic patch")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--batch", o->batch, "patches in a step")->check(positive())->capture_default_str();
  c->add_option("--epochs", o->epochs, "passes")->check(positive())->capture_default_str();
  c->add_option("--steps-per-epoch", o->steps_per_epoch, "0: each training case once")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--optimizer", o->optimizer)
      ->check(CLI::IsMember({"adam", "adamw", "sgd"}))
      ->capture_default_str();
  c->add_option("--rate", o->rate, "initial learning rate [adam 2e-4, sgd 0.1]")->check(positive());
  c->add_option("--momentum", o->momentum, "of sgd")->capture_default_str();
  c->add_flag("--nesterov", o->nesterov, "for sgd");
  c->add_option("--weight-decay", o->weight_decay)->check(non_negative())->capture_default_str();
  c->add_option("--schedule", o->schedule)
      ->check(CLI::IsMember({"step", "polynomial", "plateau", "constant"}))
      ->capture_default_str();
  c->add_option("--decay", o->decay, "factor of step and plateau [step 0.6, plateau 0.2]")
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--every", o->every, "period of step, patience of plateau")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--decay-unit", o->decay_unit)
      ->check(CLI::IsMember({"epochs", "updates"}))
      ->capture_default_str();
  c->add_option("--power", o->power, "of the polynomial")->capture_default_str();
  c->add_option("--clip", o->clip, "largest norm of the gradient, 0: none")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--average-decay", o->average_decay, "of a moving average of the weights, 0: none")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  c->add_option("--foreground", o->foreground, "share of tumour-centred patches")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  c->add_option("--dice-pooling", o->dice_pooling)
      ->check(CLI::IsMember({"batch", "sample"}))
      ->capture_default_str();
  c->add_option("--cross-entropy-mean", o->cross_entropy_mean,
                "over voxels (summed over regions) or all")
      ->check(CLI::IsMember({"voxels", "all"}))
      ->capture_default_str();
  c->add_option("--smooth", o->smooth, "of the soft Dice, numerator and denominator")
      ->check(non_negative())
      ->capture_default_str();
  for (const AugmentSetting& setting : augment_settings) {
    c->add_option("--" + std::string(setting.name), o->augment.*setting.value,
                  std::string(setting.help))
        ->check(non_negative())
        ->capture_default_str();
  }
  c->add_flag("--no-augmentation", o->no_augmentation);
  c->add_flag("--no-mirroring", o->no_mirroring);
  c->add_option("--loader-threads", o->loader_threads, "that prepare patches")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--max-skipped", o->max_skipped, "steps in a row that may fail to be finite")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--save-every", o->save_every, "steps between saves besides each epoch's, 0: none")
      ->check(non_negative())
      ->capture_default_str();
  c->add_flag("--resume", o->resume, "go on from last.safetensors in --out if it is there");
  c->callback([o, c, &common, &action] {
    action = [o, &common, config = config_text(*c)] { return run_train(*o, common, config); };
  });
}

}  // namespace glia::program
