#include "training.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "glia/train/trainer.hpp"
#include "networks.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Json = nlohmann::ordered_json;

void write_history(const std::filesystem::path& path, const std::vector<EpochRecord>& history) {
  std::string text = "epoch,loss,rate,skipped,dice_WT,dice_TC,dice_ET\n";
  for (const EpochRecord& r : history) {
    char line[160];
    std::snprintf(line, sizeof line, "%lld,", static_cast<long long>(r.epoch));
    text += line;
    std::snprintf(line, sizeof line, "%.6f", r.loss);
    text += std::isnan(r.loss) ? "" : line;
    std::snprintf(line, sizeof line, ",%.6g,%lld", r.rate, static_cast<long long>(r.skipped));
    text += line;
    for (const double dice : r.dice) {
      std::snprintf(line, sizeof line, ",%.5f", dice);
      text += r.validated() ? line : ",";
    }
    text += "\n";
  }
  write_text(path, text);
}

/// times.csv of a run: how long its epochs took, in a file of its own because everything else that
/// a run leaves is the same on every machine.
class EpochTimes {
 public:
  /// Keeps what is recorded of the first `finished` epochs.
  EpochTimes(std::filesystem::path path, std::size_t finished) : path_(std::move(path)) {
    if (finished == 0 || !std::filesystem::exists(path_)) return;
    std::istringstream lines(read_text(path_));
    std::string line;
    std::getline(lines, line);
    while (rows_++ < finished && std::getline(lines, line)) text_ += line + "\n";
  }

  void finish(index_t epoch) {
    const auto now = std::chrono::steady_clock::now();
    char line[64];
    std::snprintf(line, sizeof line, "%lld,%.3f\n", static_cast<long long>(epoch),
                  std::chrono::duration<double>(now - start_).count());
    start_ = now;
    text_ += line;
    write_text(path_, text_);
  }

 private:
  std::filesystem::path path_;
  std::string text_ = "epoch,seconds\n";
  std::size_t rows_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Clears the folder of what an earlier run that is not resumed left beside its weights.
void prepare_folder(const TrainOptions& o, const std::string& config) {
  if (!o.resume) {
    for (const char* name : {"history.csv", "times.csv"}) std::filesystem::remove(o.out / name);
  }
  write_text(o.out / "config.toml", config);
}

template <Network Net>
int train_network(const TrainOptions& o, const CommonOptions& common, const std::string& config,
                  const TrainingData& data, const Metadata& more) {
  Context context{context_options(common)};
  const auto& [training, validation, refused] = data;
  Model<Net> model{context};

  TrainerOptions t;
  t.epochs = o.epochs;
  t.steps_per_epoch = o.steps_per_epoch;
  t.loader.patch = {o.patch, o.patch, o.patch};
  t.shared_patients = shared_patients(o.allow_shared_patients);
  t.whole_volumes = reads_whole_brains(o.network);
  t.loader.batch = o.batch;
  t.loader.threads = o.loader_threads;
  t.loader.foreground = o.foreground;
  t.loader.labelled_share = o.labelled_share;
  t.loader.augment = o.no_augmentation ? AugmentOptions::none() : o.augment;
  if (o.no_mirroring) t.loader.augment.mirror_probability = 0;
  t.clip_norm = o.clip;
  t.average_decay = o.average_decay;
  t.validate_every = o.validate_every;
  t.validation_overlap = o.validation_overlap;
  t.max_skipped = o.max_skipped;
  t.folder = o.out;
  t.overwrite = !o.resume;  // which the command has asked about
  t.save_every = o.save_every;
  t.description = {{"glia.network", o.network},
                   {"glia.modalities", "T1,T1ce,T2,FLAIR"},
                   {"glia.regions", "WT,TC,ET"},
                   {"glia.mirroring", o.no_augmentation || o.no_mirroring ? "no" : "yes"},
                   {"glia.training_cases", ids_text(training)},
                   {"glia.validation_cases", ids_text(validation)}};
  t.description.insert(more.begin(), more.end());

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
  std::optional<EpochTimes> times;
  TrainingEvents events;
  std::vector<std::string> ids;
  events.batch = [&](const Batch& batch) { ids = batch.ids; };
  // A run that cannot make its first step leaves an earlier one as it was.
  bool prepared = false;
  events.step = [&](const StepEvent& e) {
    if (!std::exchange(prepared, true)) prepare_folder(o, config);
    char note[96];
    std::snprintf(note, sizeof note, "epoch %lld/%lld, loss %.4f", static_cast<long long>(e.epoch),
                  static_cast<long long>(e.epochs), e.loss);
    bar.update(static_cast<double>(e.step), static_cast<double>(e.steps), note);
    if (e.skipped)
      bar.warn("step " + std::to_string(e.step) + ": loss or gradient not finite, step skipped; " +
               "patches of " + ids_text(ids));
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
    times->finish(r.epoch);
  };
  events.stop = [] { return caught_signal() != 0; };

  Trainer<Net, DiceAndCrossEntropy, AnyOptimizer, AnySchedule> trainer(
      model, t, make_loss(o), make_optimizer(o), make_schedule(o), events);
  if (o.resume && trainer.resume()) {
    history = trainer.history();
    complain("resuming after step " + std::to_string(trainer.step()));
    log.line(Json{{"event", "resume"}, {"step", trainer.step()}}.dump());
  } else if (o.resume && std::filesystem::exists(o.out / weights_name)) {
    complain("warning: " + o.out.string() + ": no checkpoint to go on from, training begins anew");
  }
  for (const char* name : {"config.toml", "history.csv", "times.csv"})
    remove_leftovers(o.out / name);
  times.emplace(o.out / "times.csv", history.size());
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

}  // namespace

int train(const TrainOptions& o, const CommonOptions& common, const std::string& config,
          const TrainingData& data, const Metadata& more) {
  return with_network(
      o.network, [&]<class Net>() { return train_network<Net>(o, common, config, data, more); });
}

}  // namespace glia::program
