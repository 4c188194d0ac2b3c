// glia experiment: the paper's table. Three networks alone, their ensemble, a student trained on
// what the ensemble annotates; every phase is one command of this program in a process of its own.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "child.hpp"
#include "experiment_results.hpp"
#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/io/json.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;
using Path = std::filesystem::path;

/// One of the paper's three networks, with its recipe.
struct Role {
  const char* name;    ///< of folders and options
  const char* system;  ///< of the table
  const char* network;
  const char* optimizer;
  double decay;
  index_t every;  ///< epochs of the paper's 280 between decays
  index_t batch;
};
constexpr std::array<Role, 3> roles{
    {{"unet", "UNet", "unet", "adam", 0.60, 30, 2},
     {"residual", "Residual UNet", "resunet", "adam", 0.60, 30, 2},
     {"cascaded", "Cascaded UNet", "cascaded", "sgd", 0.85, 10, 4}}};
constexpr index_t published_epochs = 280;

struct ExperimentOptions {
  std::vector<Path> data;
  Path out;
  DataOptions reading;
  std::map<std::string, std::string> networks, train_args;  ///< by role; "" of train_args: all
  std::string student = "best";
  index_t epochs = published_epochs, steps_per_epoch = 0, patch = 128, seeds = 1, folds = 0;
  double test_fraction = 0.25, unlabelled_fraction = 0.25, validation_fraction = 0.2;
  bool resume = false, all_students = false;
};

Words split_words(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
}

std::string text_of(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The cases of one fold.
struct Split {
  Words labelled, unlabelled, test;
};

/// Cuts the cases, in an order that the seed decides: fold f's share, or the test fraction, is
/// tested on, the unlabelled fraction of the rest hides its labels.
Split split_cases(Words ids, const ExperimentOptions& o, std::uint64_t seed, index_t fold) {
  std::ranges::sort(ids);
  constexpr std::uint32_t purpose = 0x65787065;  // a stream of its own
  Random random(seed, purpose);
  shuffle(ids, random);
  const auto count = static_cast<double>(ids.size());
  const auto at = [&](double share) {
    return static_cast<std::size_t>(std::lround(share * count));
  };
  const double folds = static_cast<double>(o.folds), f = static_cast<double>(fold);
  const std::size_t first = o.folds > 0 ? at(f / folds) : 0,
                    last = o.folds > 0 ? at((f + 1) / folds) : at(o.test_fraction);
  Split split;
  Words rest;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    (i >= first && i < last ? split.test : rest).push_back(ids[i]);
  }
  const std::size_t hidden = std::min(rest.size(), at(o.unlabelled_fraction));
  split.unlabelled.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(hidden));
  split.labelled.assign(rest.begin() + static_cast<std::ptrdiff_t>(hidden), rest.end());
  for (Words* part : {&split.labelled, &split.unlabelled, &split.test}) {
    if (part->size() < 2) {
      throw DataError("experiment: " + std::to_string(ids.size()) +
                      " labelled cases are too few: labelled, unlabelled and test cases would be " +
                      std::to_string(split.labelled.size()) + ", " +
                      std::to_string(split.unlabelled.size()) + " and " +
                      std::to_string(split.test.size()) + ", expected at least 2 of each");
    }
    std::ranges::sort(*part);
  }
  return split;
}

/// Ends the experiment because a signal asked for it.
struct Stopped {
  int code;
};

/// Runs commands once: a phase that ended well leaves a record and is skipped from then on.
class Phases {
 public:
  Phases(Path folder, const CommonOptions& common) : folder_(std::move(folder)), common_(common) {}

  void run(const std::string& name, const Words& command) {
    if (common_.dry_run) {
      std::printf("glia %s\n", text_of(command).c_str());
      return;
    }
    const Path record = folder_ / "phases" / (name + ".json");
    if (std::filesystem::exists(record)) {
      const std::string before = detail::parse_json(record).at("command");
      if (before == text_of(command)) return;
      throw UsageError(record.string() + ": the phase was run as \"" + before + "\", now it is \"" +
                       text_of(command) + "\"; give another --out");
    }
    complain("phase " + name);
    const auto start = std::chrono::steady_clock::now();
    std::filesystem::create_directories(record.parent_path());
    const int code = run_child(command + common_words(), log_of(name));
    if (caught_signal() != 0) throw Stopped{128 + caught_signal()};
    if (code != 0) {
      throw Error(code < 128 ? code : 1, "phase " + name + " ended with code " +
                                             std::to_string(code) + ": glia " + text_of(command));
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    write_text(record,
               Json{{"command", text_of(command)}, {"seconds", seconds.count()}}.dump(2) + "\n");
  }
  /// What the phase printed.
  [[nodiscard]] Path log_of(const std::string& name) const {
    return folder_ / "phases" / (name + ".out");
  }

 private:
  [[nodiscard]] Words common_words() const {
    Words words;
    if (common_.threads > 0) words = {"--threads", std::to_string(common_.threads)};
    if (common_.quiet) words.emplace_back("--quiet");
    return words;
  }

  Path folder_;
  const CommonOptions& common_;
};

/// The systems of one seed and one fold.
class Round {
 public:
  Round(const ExperimentOptions& options, const CommonOptions& common, index_t seed, index_t fold,
        const Split& split)
      : o_(options),
        home_(options.out / round_name(options, seed, fold)),
        seed_(std::to_string(common.seed + static_cast<std::uint64_t>(seed))),
        phases_(home_, common),
        dry_run_(common.dry_run) {
    for (const Path& folder : o_.data) data_.push_back(folder.string());
    if (!o_.reading.layout.empty()) reading_ = {"--layout", o_.reading.layout};
    if (!o_.reading.scheme.empty())
      reading_ = reading_ + Words{"--label-scheme", o_.reading.scheme};
    for (const std::string& one : o_.reading.scheme_of) {
      reading_ = reading_ + Words{"--scheme-of", one};
    }
    char tolerance[32];
    std::snprintf(tolerance, sizeof tolerance, "%.17g", o_.reading.affine_tolerance);
    reading_ = reading_ + Words{"--affine-tolerance", tolerance};
    if (o_.reading.zero_nonfinite) reading_.emplace_back("--zero-nonfinite");
    if (dry_run_) return;
    std::filesystem::create_directories(home_);
    write_ids("labelled.txt", split.labelled);
    write_ids("unlabelled.txt", split.unlabelled);
    write_ids("test.txt", split.test);
  }

  /// Runs what has not been run and returns the systems' names.
  Words run() {
    Words systems, members, teachers;
    for (const Role& role : roles) {
      phases_.run(std::string("train-") + role.name, training(role));
      const std::string weights = weights_of(role.name);
      members = members + Words{"--model", weights};
      teachers = teachers + Words{"--teacher", weights};
      test(role.system, {"--model", weights});
      systems.emplace_back(role.system);
    }
    test("Ensemble", members);
    systems.emplace_back("Ensemble");

    const Role& student = student_role();
    distil("distilled", student, teachers);
    test("Distilled", {"--model", weights_of("distilled")});
    systems.emplace_back("Distilled");
    if (o_.all_students) {
      Words students{"--model", weights_of("distilled")};
      for (const Role& role : roles) {
        if (&role == &student) continue;
        const std::string name = std::string("distilled-") + role.name;
        distil(name, role, teachers);
        students = students + Words{"--model", weights_of(name)};
      }
      test("Ensemble of students", students);
      systems.emplace_back("Ensemble of students");
    }
    return systems;
  }

  [[nodiscard]] detail::Json scores(const std::string& system) const {
    return detail::parse_json(scores_of(system)).at("cases");
  }
  /// The network that is distilled: the named one, or the best by validation.
  [[nodiscard]] const Role& student_role() const {
    const Role* best = &roles[1];  // the paper's choice
    double most = -1;
    for (const Role& role : roles) {
      if (o_.student == role.name) return role;
      if (o_.student != "best" || dry_run_) continue;
      const detail::Json end =
          detail::parse_json(phases_.log_of(std::string("train-") + role.name));
      const detail::Json& dice = end.at("best_validation_dice");
      if (dice.is_number() && dice.get<double>() > most) {
        most = dice.get<double>();
        best = &role;
      }
    }
    return *best;
  }

 private:
  static Path round_name(const ExperimentOptions& o, index_t seed, index_t fold) {
    Path name = "seed-" + std::to_string(seed);
    return o.folds > 0 ? name / ("fold-" + std::to_string(fold)) : name;
  }
  void write_ids(const std::string& name, const Words& ids) const {
    std::string text;
    for (const std::string& id : ids) text += id + "\n";
    write_text(home_ / name, text);
  }
  [[nodiscard]] std::string in_home(const Path& name) const { return (home_ / name).string(); }
  [[nodiscard]] std::string weights_of(const std::string& run) const {
    return in_home(Path(run) / "best.safetensors");
  }
  [[nodiscard]] static std::string file_of(std::string system) {
    std::ranges::replace(system, ' ', '_');
    return system;
  }
  [[nodiscard]] Path scores_of(const std::string& system) const {
    return home_ / "scores" / (file_of(system) + ".json");
  }

  /// The options that train the network of a role.
  [[nodiscard]] Words recipe(const Role& role) const {
    const auto every = std::max<index_t>(
        1, std::lround(static_cast<double>(role.every * o_.epochs) / published_epochs));
    char decay[16];
    std::snprintf(decay, sizeof decay, "%g", role.decay);
    Words words{"--network",
                o_.networks.at(role.name),
                "--optimizer",
                role.optimizer,
                "--decay",
                decay,
                "--every",
                std::to_string(every),
                "--batch",
                std::to_string(role.batch),
                "--patch",
                std::to_string(o_.patch),
                "--epochs",
                std::to_string(o_.epochs),
                "--steps-per-epoch",
                std::to_string(o_.steps_per_epoch),
                "--validation-fraction",
                std::to_string(o_.validation_fraction),
                "--seed",
                seed_,
                "--resume"};
    return words + split_words(o_.train_args.at("")) + split_words(o_.train_args.at(role.name));
  }
  [[nodiscard]] Words training(const Role& role) const {
    return Words{"train"} + data_ + reading_ +
           Words{"--only", in_home("labelled.txt"), "--out", in_home(role.name)} + recipe(role);
  }
  void distil(const std::string& name, const Role& role, const Words& teachers) {
    phases_.run("train-" + name, Words{"distill"} + data_ + reading_ +
                                     Words{"--only", in_home("labelled.txt")} +
                                     Words{"--unlabelled"} + data_ +
                                     Words{"--unlabelled-only", in_home("unlabelled.txt")} +
                                     teachers + Words{"--out", in_home(name)} + recipe(role));
  }
  /// Segments and scores the test cases.
  void test(const std::string& system, const Words& models) {
    const std::string file = file_of(system), out = in_home(Path("predictions") / file);
    const Words chosen = reading_ + Words{"--only", in_home("test.txt"), "--overwrite"};
    phases_.run("segment-" + file,
                Words{"segment"} + data_ + chosen + models + Words{"--out", out});
    if (!dry_run_) std::filesystem::create_directories(home_ / "scores");
    phases_.run("evaluate-" + file, Words{"evaluate", out} + data_ + chosen +
                                        Words{"--json", scores_of(system).string()});
  }

  const ExperimentOptions& o_;
  Path home_;
  std::string seed_;
  Phases phases_;
  bool dry_run_;
  Words data_, reading_;
};

/// Adds one round's scores to those of the seed.
void append_scores(SystemScores& system, index_t seed, const detail::Json& cases) {
  const auto s = static_cast<std::size_t>(seed);
  if (system.dice.size() <= s) system.dice.resize(s + 1);
  for (const detail::Json& one : cases) {
    auto& values = system.dice[s].emplace_back();
    for (std::size_t r = 0; r < region::count; ++r) {
      values[r] = one.at("Dice_" + std::string(region::names[r]));
    }
  }
}

int run_experiment(const ExperimentOptions& o, const CommonOptions& common) {
  if (!o.resume) require_new(o.out, common, " or --resume");
  std::size_t refused = 0;
  Words ids;
  for (const CaseFiles& files : collect_cases(o.data, o.reading, true, refused)) {
    ids.push_back(files.id);
  }
  catch_signals();
  std::vector<SystemScores> systems;
  SystemScores alone{"the same network alone", {}, {}};
  for (index_t seed = 0; seed < o.seeds; ++seed) {
    for (index_t fold = 0; fold < std::max<index_t>(1, o.folds); ++fold) {
      Round round(o, common, seed, fold, split_cases(ids, o, common.seed, fold));
      try {
        const Words names = round.run();
        if (common.dry_run) continue;
        for (std::size_t i = 0; i < names.size(); ++i) {
          if (systems.size() <= i) systems.push_back({names[i], {}, published_dice(names[i])});
          append_scores(systems[i], seed, round.scores(names[i]));
        }
        append_scores(alone, seed, round.scores(round.student_role().system));
      } catch (const Stopped& stopped) {
        complain("stopped; go on with --resume");
        return stopped.code;
      }
    }
  }
  if (common.dry_run) return 0;

  const SystemScores &ensemble = systems[roles.size()], &distilled = systems[roles.size() + 1];
  std::vector<Comparison> comparisons{compare(distilled, alone), compare(distilled, ensemble)};
  for (std::size_t i = 0; i < roles.size(); ++i) {
    comparisons.push_back(compare(ensemble, systems[i]));
  }
  const std::string text = table_text(systems) + "\n" + comparisons_text(comparisons) + "\n" +
                           hypothesis_text(comparisons.front());
  write_text(o.out / "experiment.json", results_json(systems, comparisons));
  write_text(o.out / "table.txt", text);
  std::printf("%s", text.c_str());
  return 0;
}

}  // namespace

void add_experiment(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<ExperimentOptions>();
  CLI::App* c = app.add_subcommand(
      "experiment", "three networks, their ensemble, a distilled student: the paper's table");
  c->add_option("data", o->data, "folders with labelled cases")->required();
  c->add_option("--out", o->out, "folder of the experiment")->required();
  add_data_options(*c, o->reading);
  for (const Role& role : roles) {
    const std::string name = role.name;
    o->networks[name] = role.network;
    c->add_option("--" + name, o->networks[name], "network for the " + std::string(role.system))
        ->capture_default_str();
    c->add_option("--" + name + "-args", o->train_args[name],
                  "more options of train for the " + std::string(role.system));
  }
  c->add_option("--train-args", o->train_args[""], "more options of train for every network");
  c->add_option("--student", o->student, "network that is distilled: best, by validation, or one")
      ->check(CLI::IsMember({"best", "unet", "residual", "cascaded"}))
      ->capture_default_str();
  c->add_option("--epochs", o->epochs, "of every training")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--steps-per-epoch", o->steps_per_epoch, "0: each training case once")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--patch", o->patch, "extent of the cubic patch")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--seeds", o->seeds, "repetitions with other seeds, the same cases")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--folds", o->folds, "cross-validation over this many test parts; 0: one split")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--test-fraction", o->test_fraction, "share of the cases that is tested on")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_option("--unlabelled-fraction", o->unlabelled_fraction,
                "share of the cases whose labels are hidden")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_option("--validation-fraction", o->validation_fraction,
                "share of the labelled cases that chooses the best weights")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_flag("--all-students", o->all_students, "also distil the other networks: one more row");
  c->add_flag("--resume", o->resume, "go on where an earlier call ended");
  c->callback(
      [o, &common, &action] { action = [o, &common] { return run_experiment(*o, common); }; });
}

}  // namespace glia::program
