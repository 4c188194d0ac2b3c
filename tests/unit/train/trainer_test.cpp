#include "glia/train/trainer.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <functional>
#include <limits>
#include <optional>

#include "glia/losses/distillation.hpp"
#include "small_training.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/write_bytes.hpp"

using namespace glia;
using namespace glia::test;

namespace {

using SmallTrainer = Trainer<SmallNet, DiceAndCrossEntropy, AnyOptimizer, AnySchedule>;

const AnyOptimizer quick{Adam{.rate = 1e-2}};

/// While it lives, no file of this program grows beyond so many bytes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  rlimit before_{};
  void (*signal_)(int);
};

/// Multiplies the rate after some epochs, and counts what it observes.
struct Jump {
  index_t after = std::numeric_limits<index_t>::max();
  double by = 1;
  int* observed = nullptr;
  [[nodiscard]] double factor(const TrainingClock& clock) const {
    return clock.epoch < after ? 1 : by;
  }
  void observe(double loss) {
    CHECK(std::isfinite(loss));
    if (observed != nullptr) ++*observed;
  }
  [[nodiscard]] std::span<double> state() { return {}; }
};

struct ThreeMoments : Sgd {
  [[nodiscard]] int moments() const { return 3; }
};

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

}  // namespace

TEST_CASE("a small UNet learns one phantom patch by heart") {
  Context context{{.threads = 1, .seed = 1}};
  Model<SmallNet> model{context};
  const std::vector<PreparedCase> cases{phantom_patch()};
  std::vector<StepEvent> steps;
  TrainingEvents events;
  events.step = [&](const StepEvent& e) { steps.push_back(e); };
  SmallTrainer trainer(model, small_options(3, 40), {}, quick, {}, events);
  CHECK(trainer.fit(cases, renamed(cases)) == TrainingEnd::finished);

  REQUIRE(steps.size() == 120);
  CHECK(steps.front().step == 1);
  CHECK(steps[39].epoch == 1);
  CHECK(steps[40].epoch == 2);
  CHECK(steps.back().step == 120);
  CHECK(steps.back().steps == 120);
  CHECK(steps.back().loss < 0.3 * steps.front().loss);
  const auto& history = trainer.history();
  REQUIRE(history.size() == 3);
  double loss = 0;
  for (std::size_t i = 80; i < 120; ++i) loss += steps[i].loss / 40;
  CHECK(history[2].loss == doctest::Approx(loss).epsilon(1e-12));
  for (const double dice : history[2].dice) CHECK(dice > 0.9);
  CHECK(trainer.best_dice() >= history[2].mean_dice());
}

TEST_CASE("whole volumes are resampled to the patch, and validated where their labels were drawn") {
  Context context{{.threads = 1, .seed = 1}};
  Model<SmallNet> model{context};
  const std::vector<PreparedCase> cases{
      prepared(make_phantom({.extent = {20, 18, 16}, .without_enhancement = 0}, 3, 0))};
  TrainerOptions options = small_options(1, 2);
  options.whole_volumes = true;
  const PreparedCase on_grid = resample(cases[0], options.loader.patch);
  TrainingEvents events;
  events.batch = [&](const Batch& batch) {
    CHECK(batch.image.values() == on_grid.image.values());
    const auto tumour = std::ranges::count_if(on_grid.labels->voxels,
                                              [](auto value) { return in_region(value, 0); });
    double marked = 0;
    for (std::size_t i = 0; i < batch.target.values().size(); i += region::count)
      marked += batch.target.values()[i];
    CHECK(marked == static_cast<double>(tumour));
  };
  SmallTrainer trainer(model, options, {}, quick, {}, events);
  trainer.fit(cases, renamed(cases));

  const auto dice = [&](const PreparedCase& source, auto&& predictor) {
    return validate(predictor, {source});
  };
  CHECK(trainer.history()[0].dice == dice(cases[0], WholeVolume(model)));
  CHECK(trainer.history()[0].dice != dice(on_grid, WholeVolume(model)));
  CHECK(holds(message_of<UsageError>([&] { dice(cases[0], model); }), "wrap it in WholeVolume"));
}

TEST_CASE("a model knows what it was trained on and is validated and used so by default") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 1}};
  Model<SmallNet> model{context}, loaded{context};
  CHECK(model.trained_on() == TrainedOn{});
  std::vector<PreparedCase> cases{
      prepared(make_phantom({.extent = {20, 18, 16}, .without_enhancement = 0}, 3, 0))};
  cases.resize(3, cases.front());
  cases[0].spacing = {5, 1, 0.5};
  cases[1].spacing = {1, 0.25, 0.75};
  cases[2].spacing = {1, 2, 3};
  TrainerOptions options = small_options(1, 2);
  options.loader.patch = {8, 4, 6};
  options.folder = folder.path();
  SmallTrainer trainer(model, options, {}, quick);
  trainer.fit(cases, renamed(cases));
  CHECK(model.trained_on().patch == options.loader.patch);
  CHECK(model.trained_on().whole_volumes == false);
  CHECK(model.trained_on().spacing == Spacing{1, 1, 0.75});
  const auto expected = validate(
      model, cases, {.window = options.loader.patch, .overlap = options.validation_overlap});
  CHECK(trainer.history()[0].dice == expected);
  CHECK(validate(model, cases, {.overlap = options.validation_overlap}) == expected);

  load_weights(options.folder / weights_name, loaded);
  CHECK(loaded.trained_on() == model.trained_on());
  CHECK(validate(loaded, cases, {.overlap = options.validation_overlap}) == expected);
}

TEST_CASE(
    "stop is asked after each step: the run is saved, goes on and ends as one that was not "
    "stopped") {
  const std::vector<PreparedCase> cases{phantom_patch(), phantom_patch(4)};
  const auto run = [&](const std::filesystem::path& folder, index_t stop_after, bool resume,
                       TrainingEnd expected) {
    Context context{{.threads = 1, .seed = 2}};
    Model<SmallNet> model{context};
    TrainerOptions options = small_options(3, 4);
    options.folder = folder;
    options.average_decay = 0.5;
    options.loader.augment = {};
    SmallTrainer* running = nullptr;
    TrainingEvents events;
    events.stop = [&] { return running->step() == stop_after; };
    SmallTrainer trainer(model, options, {}, quick, {Plateau{}}, events);
    running = &trainer;
    if (resume) trainer.resume();
    CHECK(trainer.fit(cases, renamed(cases)) == expected);
    CHECK(trainer.step() == (expected == TrainingEnd::stopped ? stop_after : 12));
  };
  const TemporaryDirectory straight, broken;
  run(straight.path(), 0, false, TrainingEnd::finished);
  run(broken.path(), 6, false, TrainingEnd::stopped);
  run(broken.path(), 9, true, TrainingEnd::stopped);
  run(broken.path(), 12, true, TrainingEnd::finished);  // too late to stop
  for (const char* name : {"last.safetensors", "best.safetensors"})
    CHECK(read_file(straight / name) == read_file(broken / name));
}

TEST_CASE("steps that are not finite change nothing and end the run after so many in a row") {
  Context context{{.threads = 1, .seed = 3}};
  Model<SmallNet> model{context};
  const auto before = bits(model);
  TrainerOptions options = small_options(1, 10);
  options.max_skipped = 3;
  std::vector<StepEvent> steps;
  TrainingEvents events;
  events.step = [&](const StepEvent& e) { steps.push_back(e); };
  SmallTrainer trainer(model, options, {}, quick, {}, events);
  const std::string message = message_of<NumericalError>([&] { trainer.fit({broken_patch()}); });
  CHECK(holds(message, "step 3", "3 times in a row"));
  CHECK(steps.size() == 3);
  for (const StepEvent& e : steps) CHECK(e.skipped);
  CHECK(bits(model) == before);
}

TEST_CASE("skipped steps between good ones are counted and left out of the epoch's loss") {
  Context context{{.threads = 1, .seed = 3}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(2, 4);
  options.max_skipped = 3;  // two cases in shuffled epochs: at most two broken ones in a row
  double finite = 0;
  TrainingEvents events;
  events.step = [&](const StepEvent& e) { finite += e.skipped ? 0 : e.loss; };
  SmallTrainer trainer(model, options, {}, quick, {}, events);
  CHECK(trainer.fit({phantom_patch(), broken_patch()}) == TrainingEnd::finished);
  REQUIRE(trainer.history().size() == 2);
  for (const EpochRecord& record : trainer.history()) CHECK(record.skipped == 2);
  CHECK(2 * (trainer.history()[0].loss + trainer.history()[1].loss) ==
        doctest::Approx(finite).epsilon(1e-12));
  for (const float weight : model.parameters().flat()) CHECK(std::isfinite(weight));
}

TEST_CASE("a resumed schedule goes on where it was") {
  const TemporaryDirectory folder;
  const std::vector<PreparedCase> cases{phantom_patch()};
  Plateau plateau;
  plateau.decay = 0.5;
  plateau.patience = 0;
  plateau.threshold =
      1e9;  // no loss falls by that much: the rate halves after every epoch but the first
  const auto rates = [&](index_t stop_after, bool resume) {
    Context context{{.threads = 1, .seed = 4}};
    Model<SmallNet> model{context};
    TrainerOptions options = small_options(5, 1);
    options.folder = folder.path();
    index_t steps = 0;
    TrainingEvents events;
    events.stop = [&] { return ++steps == stop_after; };
    SmallTrainer trainer(model, options, {}, {Adam{.rate = 0.25}}, {plateau}, events);
    if (resume) trainer.resume();
    trainer.fit(cases);
    std::vector<double> seen;
    for (const EpochRecord& record : trainer.history()) seen.push_back(record.rate);
    return seen;
  };
  CHECK(rates(3, false) == std::vector<double>{0.25, 0.25, 0.125});
  CHECK(rates(0, true) == std::vector<double>{0.25, 0.25, 0.125, 0.0625, 0.03125});
}

TEST_CASE("options that make no sense are refused with their name, before anything is written") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  const auto refusal = [&](auto change) {
    TrainerOptions options;
    options.folder = folder / "run";
    change(options);
    return message_of<UsageError>([&] { SmallTrainer{model, options}; });
  };
  using T = TrainerOptions;
  CHECK(refusal([](T& o) { o.epochs = 0; }) == "trainer: epochs: got 0, expected at least 1");
  CHECK(refusal([](T& o) { o.epochs = -3; }) == "trainer: epochs: got -3, expected at least 1");
  CHECK(holds(refusal([](T& o) { o.steps_per_epoch = -5; }), "steps_per_epoch: got -5"));
  CHECK(holds(refusal([](T& o) { o.clip_norm = std::nan(""); }), "clip_norm: got nan"));
  CHECK(holds(refusal([](T& o) { o.average_decay = -1; }), "average_decay: got -1"));
  CHECK(holds(refusal([](T& o) { o.save_every = -2; }), "save_every: got -2"));
  CHECK(holds(refusal([](T& o) { o.validate_every = 0; }), "validate_every: got 0"));
  CHECK(holds(refusal([](T& o) { o.validation_overlap = 1; }),
              "validation_overlap: got 1, expected at least 0 and below 1"));
  CHECK(holds(refusal([](T& o) { o.max_skipped = 0; }), "max_skipped: got 0"));
  CHECK(holds(refusal([](T& o) { o.loader.batch = 0; }), "loader.batch: got 0"));
  CHECK(holds(refusal([](T& o) { o.loader.patch.h = 0; }), "loader.patch.h: got 0"));
  CHECK(holds(refusal([](T& o) { o.loader.threads = 0; }), "loader.threads: got 0"));
  CHECK(holds(refusal([](T& o) { o.loader.augment.scale_low = 2; }),
              "loader.augment.scale_high: got 1.4, expected at least 2"));
  const auto made_of = [&]<class L, class O, class S>(L loss, O optimizer, S schedule) {
    return message_of<UsageError>([&] {
      Trainer<SmallNet, L, O, S>{model, {.folder = folder / "run"}, loss, optimizer, schedule};
    });
  };
  const DiceAndCrossEntropy loss{};
  CHECK(made_of(loss, Adam{.rate = -1e-3}, ConstantRate{}) ==
        "optimizer: rate: got -0.001, expected above 0");
  CHECK(holds(made_of(loss, AnyOptimizer{Sgd{.momentum = 2}}, ConstantRate{}),
              "optimizer: momentum: got 2, expected at least 0 and at most 1"));
  CHECK(holds(made_of(Distillation<>{.temperature = -3}, Adam{}, ConstantRate{}),
              "loss: temperature: got -3, expected above 0"));
  CHECK(holds(made_of(Distillation<>{.alpha = 7}, Adam{}, ConstantRate{}), "loss: alpha: got 7"));
  CHECK(holds(
      made_of(DiceAndCrossEntropy{{SoftDice{.smooth_numerator = -1}, {}}}, Adam{}, ConstantRate{}),
      "loss: 1.smooth_numerator: got -1"));
  CHECK(holds(made_of(loss, Adam{}, StepDecay{.every = 0}), "schedule: every: got 0"));
  CHECK(holds(made_of(loss, Adam{}, AnySchedule{PolynomialDecay{.power = HUGE_VAL}}),
              "schedule: power: got inf"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("more steps than can be counted are refused, not a run that ends at once") {
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  SmallTrainer trainer(model, small_options(index_t{1} << 61, 8));
  CHECK(holds(message_of<UsageError>([&] { trainer.fit({phantom_patch()}); }),
              "epochs: got 2305843009213693952 of 8 steps"));
  CHECK(trainer.step() == 0);
}

TEST_CASE("an optimiser with more moments than an update holds is refused") {
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  using Wrong = Trainer<SmallNet, DiceAndCrossEntropy, ThreeMoments>;
  CHECK(holds(message_of<UsageError>([&] {
                Wrong{model, small_options(1, 1)};
              }),
              "moments of the optimiser: got 3, expected at most 2"));
}

TEST_CASE("a loss that makes nothing of the empty sums of a plan can be planned and trained") {
  Context context{{.threads = 1, .seed = 1}};
  Model<SmallNet> model{context};
  const SoftDice bare{.smooth_denominator = 0};  // 0 / 0 where nothing is summed
  const Shape image{1, small_patch, small_patch, small_patch, 4};
  const RunPlan plan = plan_training<SmallNet>(context, image, bare);
  CHECK(plan.memory.bytes == plan_training<SmallNet>(context, image, SoftDice{}).memory.bytes);
  CHECK(plan.memory.bytes > plan_inference<SmallNet>(context, image).memory.bytes);

  Trainer<SmallNet, SoftDice> trainer(model, small_options(2, 20), bare, quick);
  trainer.fit({phantom_patch()});
  REQUIRE(trainer.history().size() == 2);
  for (const EpochRecord& record : trainer.history()) CHECK(record.skipped == 0);
  CHECK(trainer.history()[1].loss < trainer.history()[0].loss);
}

TEST_CASE("an epoch all of whose steps were skipped has no loss, and no schedule hears of it") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 3}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(3, 2);
  options.folder = folder.path();
  options.max_skipped = 3;
  int batches = 0, observed = 0;
  TrainingEvents events;
  events.batch = [&](Batch& batch) {
    const int epoch = ++batches > 4 ? 3 : batches > 2 ? 2 : 1;
    if (epoch == 2)
      std::ranges::fill(batch.image.values(), std::numeric_limits<float>::quiet_NaN());
  };
  const auto check_history = [](const std::vector<EpochRecord>& history) {
    REQUIRE(history.size() == 3);
    CHECK(std::isnan(history[1].loss));
    CHECK(history[1].skipped == 2);
    for (const std::size_t good : {0U, 2U}) {
      CHECK(std::isfinite(history[good].loss));
      CHECK(history[good].skipped == 0);
    }
  };
  using Counted = Trainer<SmallNet, DiceAndCrossEntropy, AnyOptimizer, Jump>;
  {
    Counted trainer(model, options, {}, quick, {.observed = &observed}, events);
    CHECK(trainer.fit({phantom_patch()}) == TrainingEnd::finished);
    CHECK(observed == 2);
    check_history(trainer.history());
  }
  Counted resumed(model, options, {}, quick);
  CHECK(resumed.resume());
  check_history(resumed.history());
}

TEST_CASE("an update that makes weights infinite ends the run, and what was saved before is good") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context}, saved{context};
  TrainerOptions options = small_options(3, 2);
  options.folder = folder.path();
  options.save_every = 1;
  using Jumping = Trainer<SmallNet, DiceAndCrossEntropy, Sgd, Jump>;
  {
    Jumping trainer(model, options, {}, {.rate = 1e-2}, {.after = 1, .by = 1e41});
    CHECK(holds(message_of<NumericalError>([&] { trainer.fit({phantom_patch()}); }), "step 3",
                "weights that are not finite", "lower learning rate"));
  }
  CHECK_FALSE(all_finite(model.parameters().flat()));
  Jumping resumed(model, options, {}, {.rate = 1e-2});
  CHECK(resumed.resume());
  CHECK(resumed.step() == 2);
  CHECK(all_finite(model.parameters().flat()));
  load_weights(folder / weights_name, saved);
  CHECK(bits(saved) == bits(model));  // without validation the best are those of the last epoch
}

TEST_CASE("the folder is made before the first step, or the run refused") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(1, 1);
  TrainingEvents events;
  index_t steps = 0;
  events.step = [&](const StepEvent&) { ++steps; };
  const auto train = [&](const std::filesystem::path& run) {
    options.folder = run;
    SmallTrainer(model, options, {}, quick, {}, events).fit({phantom_patch()});
  };
  train(folder / "runs" / "first");
  CHECK(std::filesystem::exists(folder / "runs" / "first" / "best.safetensors"));
  steps = 0;
  const auto file = folder / "runs" / "first" / "best.safetensors";
  const std::string message = message_of<IoError>([&] { train(file / "second"); });
  CHECK(holds(message, "second", "cannot make the folder"));
  CHECK(steps == 0);
}

TEST_CASE(
    "the averaged weights are what is validated, kept as best and left in the model; the last are "
    "the trainer's") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 5}};
  Model<SmallNet> model{context}, best{context};
  const std::vector<float> initial(model.parameters().flat().begin(),
                                   model.parameters().flat().end());
  TrainerOptions options = small_options(1, 1);
  options.folder = folder.path();
  options.average_decay = 0.9;
  SmallTrainer trainer(model, options, {}, {Sgd{.rate = 0.5}});
  trainer.fit({phantom_patch()});
  load_weights(folder / "best.safetensors", best);
  const double decay = 2.0 / 11;  // of the first update: min(0.9, (1 + t) / (10 + t)), t = 1
  const auto updated = trainer.last().flat();
  const auto averaged = best.parameters().flat();
  double moved = 0;
  for (std::size_t i = 0; i < initial.size(); ++i) {
    const double expected =
        decay * static_cast<double>(initial[i]) + (1 - decay) * static_cast<double>(updated[i]);
    CHECK(std::abs(static_cast<double>(averaged[i]) - expected) <= 1e-6 * (1 + std::abs(expected)));
    moved = std::max(moved, std::abs(static_cast<double>(updated[i] - initial[i])));
  }
  CHECK(moved > 1e-3);
  REQUIRE(trainer.average() != nullptr);
  CHECK(bits(trainer.average()->flat()) == bits(best));
  CHECK(bits(model) == bits(best));
  CHECK(SmallTrainer(model, small_options(1, 1)).average() == nullptr);
}

TEST_CASE("clipping limits the norm of the gradient that is used and reports the one before") {
  const std::vector<PreparedCase> cases{phantom_patch()};
  const auto moved = [&](double clip, double& norm) {
    Context context{{.threads = 1, .seed = 6}};
    Model<SmallNet> model{context};
    const std::vector<float> initial(model.parameters().flat().begin(),
                                     model.parameters().flat().end());
    TrainerOptions options = small_options(1, 1);
    options.clip_norm = clip;
    TrainingEvents events;
    events.step = [&](const StepEvent& e) { norm = e.gradient_norm; };
    SmallTrainer trainer(model, options, {}, {Sgd{.rate = 1, .momentum = 0}}, {}, events);
    trainer.fit(cases);
    double sum = 0;
    for (std::size_t i = 0; i < initial.size(); ++i)
      sum += std::pow(model.parameters().flat()[i] - initial[i], 2);
    return std::sqrt(sum);
  };
  double free_norm = 0, clipped_norm = 0;
  const double free_step = moved(0, free_norm), clipped_step = moved(0.01, clipped_norm);
  CHECK(free_step == doctest::Approx(free_norm).epsilon(1e-4));
  CHECK(clipped_step == doctest::Approx(0.01).epsilon(1e-3));
  CHECK(clipped_norm == free_norm);
  CHECK(free_norm > 0.01);
}

TEST_CASE("there is nothing to resume in a folder without checkpoints") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context};
  const auto before = bits(model);
  TrainerOptions options = small_options(1, 1);
  options.folder = folder / "run";
  SmallTrainer trainer(model, options, {}, quick);
  CHECK_FALSE(trainer.resume());
  CHECK(trainer.step() == 0);
  CHECK(bits(model) == before);
  trainer.fit({phantom_patch()});
  CHECK(trainer.resume());
  CHECK(trainer.step() == 1);
}

TEST_CASE(
    "a damaged checkpoint gives way to the one before: the log is told, and the run ends as one "
    "that nothing happened to") {
  const std::vector<PreparedCase> cases{phantom_patch(), phantom_patch(4)};
  std::string heard;
  const auto run = [&](const std::filesystem::path& folder, index_t from, index_t stop_after) {
    heard.clear();
    Context context{{.threads = 1, .seed = 2, .log = [&](Severity severity, std::string_view text) {
                       CHECK(severity == Severity::warning);
                       heard += text;
                     }}};
    Model<SmallNet> model{context};
    TrainerOptions options = small_options(3, 4);
    options.folder = folder;
    options.average_decay = 0.5;
    SmallTrainer* running = nullptr;
    TrainingEvents events;
    events.stop = [&] { return running->step() == stop_after; };
    SmallTrainer trainer(model, options, {}, quick, {Plateau{}}, events);
    running = &trainer;
    CHECK(trainer.resume() == (from > 0));
    CHECK(trainer.step() == from);
    trainer.fit(cases, renamed(cases));
    return bits(model);
  };
  const TemporaryDirectory straight;
  const auto undisturbed = run(straight.path(), 0, 0);
  CHECK(heard.empty());

  using Bytes = std::vector<std::byte>;
  const std::vector<std::function<void(Bytes&)>> damages{
      [](Bytes& file) { file.clear(); }, [](Bytes& file) { file.resize(file.size() / 2); },
      [](Bytes& file) { file.back() ^= std::byte{1}; }};
  for (const auto& damage : damages) {
    const TemporaryDirectory folder;
    run(folder.path(), 0, 6);  // saved after the epoch's four steps and after two more
    Bytes last = read_file(folder / checkpoint_name);
    damage(last);
    write_bytes(folder / checkpoint_name, last);
    CHECK(run(folder.path(), 4, 0) == undisturbed);
    CHECK(holds(heard, (folder / checkpoint_name).string(),
                "going on from " + (folder / previous_name).string()));
    for (const char* name : {checkpoint_name, weights_name})
      CHECK(read_file(folder / name) == read_file(straight / name));
  }
}

TEST_CASE("a save that fails after the run went on from the checkpoint before leaves one to use") {
  const TemporaryDirectory folder;
  const std::vector<PreparedCase> cases{phantom_patch()};
  TrainerOptions options = small_options(2, 4);
  options.folder = folder.path();
  options.save_every = 1;
  Context context{{.threads = 1, .seed = 2, .log = [](Severity, std::string_view) {}}};
  Model<SmallNet> model{context};
  const auto run = [&](index_t from, std::optional<FileSizeLimit>* limit) {
    SmallTrainer* running = nullptr;
    TrainingEvents events;
    events.step = [&](const StepEvent&) {
      if (limit != nullptr) limit->emplace(rlim_t{4096});
    };
    events.stop = [&] { return running->step() == 6; };
    SmallTrainer trainer(model, options, {}, quick, {}, events);
    running = &trainer;
    CHECK(trainer.resume() == (from > 0));
    CHECK(trainer.step() == from);
    trainer.fit(cases);
  };
  run(0, nullptr);  // saved after steps 5 and 6
  auto last = read_file(folder / checkpoint_name);
  REQUIRE(last.size() > 4096);
  last.back() ^= std::byte{1};
  write_bytes(folder / checkpoint_name, last);
  {
    std::optional<FileSizeLimit> limit;
    CHECK(holds(message_of<IoError>([&] { run(5, &limit); }), (folder / checkpoint_name).string()));
  }
  SmallTrainer trainer(model, options, {}, quick);
  CHECK(trainer.resume());
  CHECK(trainer.step() == 5);
}

TEST_CASE("a new run in the folder of another keeps no checkpoint of the other as its previous") {
  const TemporaryDirectory folder;
  const auto run = [&](std::uint64_t seed, index_t epochs) {
    Context context{{.threads = 1, .seed = seed}};
    Model<SmallNet> model{context};
    TrainerOptions options = small_options(epochs, 1);
    options.folder = folder.path();
    options.overwrite = true;
    SmallTrainer(model, options, {}, quick).fit({phantom_patch()});
  };
  const auto seed_of_previous = [&] {
    return SafetensorsFile::open(folder / previous_name).metadata().at("glia.seed");
  };
  run(4, 2);
  CHECK(seed_of_previous() == "4");
  run(5, 1);
  CHECK_FALSE(std::filesystem::exists(folder / previous_name));
  run(6, 2);
  CHECK(seed_of_previous() == "6");
}

TEST_CASE("without a folder there is nothing to resume, whatever the working directory holds") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(1, 1);
  options.folder = folder.path();
  SmallTrainer(model, options, {}, quick).fit({phantom_patch()});
  options.folder.clear();
  SmallTrainer trainer(model, options, {}, quick);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const bool resumed = std::filesystem::exists(checkpoint_name) && trainer.resume();
  std::filesystem::current_path(before);
  REQUIRE(std::filesystem::exists(folder / checkpoint_name));
  CHECK_FALSE(resumed);
  CHECK(trainer.step() == 0);
}

TEST_CASE("where both checkpoints are damaged the run is refused with both reasons") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(2, 1);
  options.folder = folder.path();
  SmallTrainer(model, options, {}, quick).fit({phantom_patch()});
  SmallTrainer trainer(model, options, {}, quick);
  const std::array<std::byte, 3> nonsense{};
  for (const char* name : {checkpoint_name, previous_name}) {
    REQUIRE(std::filesystem::exists(folder / name));
    write_bytes(folder / name, nonsense);
  }
  CHECK(holds(message_of<IoError>([&] { trainer.resume(); }), (folder / checkpoint_name).string(),
              (folder / previous_name).string(), "got 3 bytes"));
}

TEST_CASE("a folder belongs to one trainer at a time") {
  const TemporaryDirectory folder;
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(1, 1);
  options.folder = folder.path();
  std::optional<SmallTrainer> first(std::in_place, model, options);
  CHECK(holds(message_of<IoError>([&] { SmallTrainer second(model, options); }),
              folder.path().string(), "is writing in this folder"));
  options.folder.clear();
  CHECK_NOTHROW(SmallTrainer(model, options));
  options.folder = folder.path();
  first.reset();
  CHECK_NOTHROW(SmallTrainer(model, options));
}

TEST_CASE("a checkpoint is gone on from by its own run only: the first difference is named") {
  const TemporaryDirectory folder;
  const std::vector<PreparedCase> cases{phantom_patch()};
  const auto options = [&] {
    TrainerOptions made = small_options(2, 2);
    made.folder = folder.path();
    return made;
  };
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context};
  SmallTrainer(model, options(), {}, quick).fit(cases);
  const auto refusal = [&](auto change, DiceAndCrossEntropy loss = {},
                           AnyOptimizer optimizer = quick, AnySchedule schedule = {}) {
    TrainerOptions changed = options();
    change(changed);
    SmallTrainer trainer(model, changed, loss, optimizer, schedule);
    const std::string text = message_of<UsageError>([&] { trainer.resume(); });
    CHECK(holds(text, (folder / checkpoint_name).string()));
    return text;
  };
  using T = TrainerOptions;
  const auto same = [](T&) {};
  CHECK(holds(refusal([](T& o) { o.steps_per_epoch = 7; }),
              "glia.settings.steps_per_epoch: got 2, expected 7"));
  CHECK(holds(refusal([](T& o) { o.loader.patch.d = 16; }),
              "glia.settings.loader.patch.d: got 8, expected 16"));
  CHECK(holds(refusal([](T& o) { o.loader.batch = 5; }), "loader.batch: got 1, expected 5"));
  CHECK(holds(refusal([](T& o) { o.loader.foreground = 1; }), "foreground: got 0.34, expected 1"));
  CHECK(holds(refusal([](T& o) { o.loader.seed = 5; }), "loader.seed: got 4, expected 5"));
  CHECK(holds(refusal([](T& o) { o.loader.labelled_share = 1; }),
              "labelled_share: got none, expected 1"));
  CHECK(holds(refusal([](T& o) { o.loader.augment.shift = 0.2; }), "augment.shift: got 0.1"));
  CHECK(
      holds(refusal([](T& o) { o.whole_volumes = true; }), "whole_volumes: got no, expected yes"));
  CHECK(holds(refusal([](T& o) { o.clip_norm = 0.1; }), "clip_norm: got 0, expected 0.1"));
  CHECK(holds(refusal([](T& o) { o.average_decay = 0.5; }), "average_decay: got 0"));
  CHECK(holds(refusal([](T& o) { o.validate_every = 1; }), "validate_every: got 5, expected 1"));
  CHECK(holds(refusal([](T& o) { o.validation_overlap = 0.5; }), "validation_overlap: got 0.25"));
  CHECK(holds(refusal([](T& o) { o.description["glia.patch"] = "8"; }),
              "glia.patch: got none, expected 8"));
  CHECK(holds(refusal(same, {{SoftDice{.form = SoftDice::Form::negative}, {}}}),
              "glia.settings.loss.1.form: got one_minus, expected negative"));
  CHECK(holds(refusal(same, {}, {Adam{.rate = 0.3}}),
              "glia.settings.optimizer.rate: got 0.01, expected 0.3"));
  CHECK(holds(refusal(same, {}, {Adam{.rate = 1e-2, .beta1 = 0.1}}), "beta1: got 0.9"));
  CHECK(holds(refusal(same, {}, {Sgd{}}), "glia.settings.optimizer: got adam, expected sgd"));
  CHECK(holds(refusal(same, {}, quick, {StepDecay{.every = 9}}),
              "glia.settings.schedule.every: got 30, expected 9"));
  CHECK(holds(refusal(same, {}, quick, {ConstantRate{}}), "schedule: got step, expected constant"));
  {
    using Own = Trainer<SmallNet, DiceAndCrossEntropy, AnyOptimizer, Jump>;
    Own trainer(model, options(), {}, quick);
    CHECK(holds(message_of<UsageError>([&] { trainer.resume(); }),
                "glia.settings.epochs: got none, expected 2"));
  }

  // What decides no number may differ.
  TrainerOptions other = options();
  other.loader.threads = 2;
  other.loader.ahead = 1;
  other.max_skipped = 9;
  other.save_every = 1;
  SmallTrainer trainer(model, other, {}, quick);
  CHECK(trainer.resume());
  CHECK(holds(message_of<UsageError>([&] { trainer.fit({phantom_patch(4)}); }),
              "glia.training_data: got cases of content", "of the run that goes on"));
  CHECK(holds(message_of<UsageError>([&] { trainer.fit(cases, renamed(cases)); }),
              "glia.validation_data: got"));
  CHECK(trainer.fit(cases) == TrainingEnd::finished);
  CHECK(trainer.step() == 4);
}

TEST_CASE("a finished run becomes longer unless its schedule depends on its length") {
  const std::vector<PreparedCase> cases{phantom_patch()};
  const auto run = [&](const std::filesystem::path& folder, index_t epochs, AnySchedule schedule) {
    Context context{{.threads = 1, .seed = 4}};
    Model<SmallNet> model{context};
    TrainerOptions options = small_options(epochs, 2);
    options.folder = folder;
    SmallTrainer trainer(model, options, {}, quick, schedule);
    trainer.resume();
    trainer.fit(cases);
  };
  for (const AnySchedule& schedule : {AnySchedule{}, {Plateau{}}, {ConstantRate{}}}) {
    const TemporaryDirectory straight, longer;
    run(straight.path(), 3, schedule);
    run(longer.path(), 1, schedule);
    run(longer.path(), 3, schedule);
    for (const char* name : {checkpoint_name, weights_name})
      CHECK(read_file(straight / name) == read_file(longer / name));
  }
  const TemporaryDirectory folder;
  run(folder.path(), 1, {PolynomialDecay{}});
  CHECK(holds(message_of<UsageError>([&] { run(folder.path(), 3, {PolynomialDecay{}}); }),
              "glia.settings.epochs: got 1, expected 3"));
}

TEST_CASE("a run is not replaced without being asked to") {
  const TemporaryDirectory folder;
  const std::vector<PreparedCase> cases{phantom_patch()};
  Context context{{.threads = 1, .seed = 4}};
  Model<SmallNet> model{context};
  TrainerOptions options = small_options(2, 1);
  options.folder = folder.path();
  SmallTrainer(model, options, {}, quick).fit(cases);
  const auto last = read_file(folder / checkpoint_name), best = read_file(folder / weights_name);
  CHECK(holds(message_of<UsageError>([&] { SmallTrainer(model, options, {}, quick).fit(cases); }),
              "folder: got " + folder.path().string(), "last.safetensors", "resume()",
              "overwrite"));
  std::filesystem::remove(folder / checkpoint_name);
  CHECK(holds(message_of<UsageError>([&] { SmallTrainer(model, options, {}, quick).fit(cases); }),
              "best.safetensors"));
  CHECK(read_file(folder / weights_name) == best);

  options.overwrite = true;
  Model<SmallNet> again{context, 4};
  TrainingEvents events;
  events.step = [&](const StepEvent& e) {
    if (e.step == 1) CHECK_FALSE(std::filesystem::exists(folder / weights_name));
  };
  SmallTrainer(again, options, {}, quick, {}, events).fit(cases);
  CHECK(read_file(folder / checkpoint_name) == last);
  CHECK(read_file(folder / weights_name) == best);
}

TEST_CASE("after `fit` the model holds the best weights by validation, the trainer the last") {
  const TemporaryDirectory folder;
  const std::vector<PreparedCase> cases{phantom_patch()};
  Context context{{.threads = 1, .seed = 1}};
  TrainerOptions options = small_options(7, 20);
  options.validate_every = 2;
  // After the second epoch the rate ruins what was learnt.
  using Jumping = Trainer<SmallNet, DiceAndCrossEntropy, Adam, Jump>;
  const Jump ruin{.after = 2, .by = 1e3};
  const auto train = [&](Model<SmallNet>& model) {
    auto trainer =
        std::make_unique<Jumping>(model, options, DiceAndCrossEntropy{}, Adam{.rate = 1e-2}, ruin);
    trainer->resume();
    trainer->fit(cases, renamed(cases));
    return trainer;
  };
  Model<SmallNet> memory{context, 1};
  const auto without_folder = train(memory);
  std::vector<index_t> validated;
  for (const EpochRecord& r : without_folder->history())
    if (r.validated()) validated.push_back(r.epoch);
  CHECK(validated == std::vector<index_t>{2, 4, 6, 7});  // the last one always
  CHECK(without_folder->best_dice() == without_folder->history()[1].mean_dice());
  const auto dice = validate(memory, cases, {.window = options.loader.patch});
  CHECK(dice == without_folder->history()[1].dice);
  CHECK(bits(memory) != bits(without_folder->last().flat()));

  options.folder = folder.path();
  for (int attempt = 0; attempt < 2; ++attempt) {  // the second has nothing left to do
    Model<SmallNet> model{context, 1}, best{context};
    const auto trainer = train(model);
    load_weights(folder / weights_name, best);
    CHECK(bits(model) == bits(best));
    CHECK(bits(model) == bits(memory));
    CHECK(bits(trainer->last().flat()) == bits(without_folder->last().flat()));
  }

  std::filesystem::remove(folder / weights_name);
  std::string heard;
  Context listening{
      {.threads = 1, .seed = 1, .log = [&](Severity, std::string_view text) { heard += text; }}};
  Model<SmallNet> model{listening};
  const auto trainer = train(model);
  CHECK(holds(heard, "best.safetensors", "the best of the epochs to come"));
  CHECK(bits(model) == bits(trainer->last().flat()));
}

TEST_CASE("failures say which file of which epoch was kept, and what helps") {
  const TemporaryDirectory folder;
  const std::vector<PreparedCase> cases{phantom_patch()};
  Context context{{.threads = 1, .seed = 4}};
  const auto failure = [&](TrainerOptions options, index_t broken_from,
                           const std::vector<PreparedCase>& validation = {}) {
    Model<SmallNet> model{context, 4};
    options.max_skipped = 3;
    options.overwrite = true;
    index_t step = 0;
    TrainingEvents events;
    events.batch = [&](Batch& batch) {
      if (++step >= broken_from)
        std::ranges::fill(batch.image.values(), std::numeric_limits<float>::quiet_NaN());
    };
    SmallTrainer trainer(model, options, {}, quick, {}, events);
    return message_of<NumericalError>([&] { trainer.fit(cases, validation); });
  };
  TrainerOptions options = small_options(9, 2);
  CHECK(holds(failure(options, 1), "step 3", "nothing was kept, because the run has no folder",
              "No step has succeeded"));
  options.folder = folder.path();
  options.steps_per_epoch = 9;
  CHECK(holds(failure(options, 3), "nothing of this run was saved yet", "lower learning rate"));
  CHECK_FALSE(std::filesystem::exists(folder / checkpoint_name));

  // Saved after steps 2 and 4; steps 4, 5, 6 fail: what step 4 left is what fails.
  options.steps_per_epoch = 2;
  const std::string best = (folder / weights_name).string(),
                    last = (folder / checkpoint_name).string();
  CHECK(holds(failure(options, 4), best + " holds the weights of epoch 2, which already fail",
              last + " holds the weights after step 4, which already fail"));
  options.save_every = 1;
  CHECK(holds(failure(options, 3), best + " holds the weights of epoch 1, which already fail",
              last + " holds the weights after step 4, which already fail"));
  // Weights that one more update ruined are not those that were kept.
  options.save_every = 0;
  options.validate_every = 2;
  CHECK(holds(failure(options, 99, renamed({broken_patch()})), "validation after epoch 2",
              "probability of region", last + " holds the weights after step 2. "));
}

TEST_CASE("a case is not validated on if it is trained on") {
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  SmallTrainer trainer(model, small_options(1, 1));
  const std::vector<PreparedCase> cases{phantom_patch()};
  CHECK(holds(message_of<DataError>([&] { trainer.fit(cases, cases); }), "training", "validation",
              "same id"));
  CHECK(trainer.step() == 0);
}
