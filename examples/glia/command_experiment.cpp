// glia experiment: the paper's table. Three networks alone, their ensemble, a student trained on
// what the ensemble annotates; every phase is one command of this program in a process of its own.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "experiment_cases.hpp"
#include "experiment_phases.hpp"
#include "experiment_results.hpp"
#include "experiment_round.hpp"
#include "glia/core/error.hpp"
#include "glia/io/folder_lock.hpp"
#include "program.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

/// All rounds, each with its cases. Throws DataError if a part is empty or two share a case or a
/// patient.
std::vector<RoundPlan> plan_rounds(const ExperimentOptions& o, const ExperimentCases& cases,
                                   std::uint64_t seed) {
  std::vector<Split> splits;
  for (index_t fold = 0; fold < std::max<index_t>(1, o.shares.folds); ++fold) {
    splits.push_back(cut_cases(cases.pool(), o.shares, seed, fold));
    require_disjoint_parts(cases, splits.back(), shared_patients(o.folders.allow_shared_patients));
  }
  std::vector<RoundPlan> plans;
  for (index_t s = 0; s < o.seeds; ++s) {
    for (std::size_t f = 0; f < splits.size(); ++f) {
      plans.push_back({s, static_cast<index_t>(f), splits[f]});
    }
  }
  return plans;
}

/// Adds the scores of one round to those of its seed.
void append_scores(SystemScores& system, const RoundPlan& plan, const detail::Json& cases) {
  const auto s = static_cast<std::size_t>(plan.seed);
  if (system.dice.size() <= s) system.dice.resize(s + 1);
  if (cases.size() != plan.split.test.size()) {
    throw DataError("experiment: " + system.name + " has scores of " +
                    std::to_string(cases.size()) + " cases, expected those of the " +
                    std::to_string(plan.split.test.size()) + " that are tested on");
  }
  for (const detail::Json& one : cases) {
    auto& dice = system.dice[s].emplace_back();
    for (std::size_t r = 0; r < region::count; ++r) {
      dice[r] = one.at("Dice_" + std::string(region::names[r]));
    }
  }
  if (s > 0) return;  // the cases are the same for every seed
  system.cases.insert(system.cases.end(), plan.split.test.begin(), plan.split.test.end());
}

/// Gathers the scores of rounds.
class Gathering {
 public:
  explicit Gathering(const ExperimentOptions& o) {
    for (const std::string& name : Round::systems(o)) {
      results_.systems.push_back({name, {}, {}, published_dice(name)});
    }
  }

  void add(const Round& round, const RoundPlan& plan) {
    for (SystemScores& system : results_.systems) {
      append_scores(system, plan, round.scores(system.name));
    }
    append_scores(alone_, plan, round.scores(round.student().system));
    results_.rounds.push_back(round.record());
  }

  /// With the comparisons: the student with the same network alone first.
  ExperimentResults finish() {
    const SystemScores &ensemble = results_.systems[roles.size()],
                       &distilled = results_.systems[roles.size() + 1];
    results_.comparisons = {compare(distilled, alone_), compare(distilled, ensemble)};
    for (std::size_t i = 0; i < roles.size(); ++i) {
      results_.comparisons.push_back(compare(ensemble, results_.systems[i]));
    }
    return std::move(results_);
  }

 private:
  ExperimentResults results_;
  SystemScores alone_{"the same network alone", {}, {}, {}};
};

/// Makes the folder, without what an earlier experiment that is not resumed left there.
void prepare_folder(const ExperimentOptions& o, const std::vector<RoundPlan>& plans,
                    const std::string& config) {
  if (!o.resume) {
    for (const RoundPlan& plan : plans) std::filesystem::remove_all(home_of(o, plan));
  }
  write_text(o.out / "config.toml", config);
}

void write_results(const ExperimentOptions& o, const ExperimentResults& results) {
  const std::string text = table_text(results.systems) + "\n" +
                           comparisons_text(results.comparisons) + "\n" +
                           hypothesis_text(results.comparisons.front());
  write_text(o.out / "experiment.json", results_json(results));
  write_text(o.out / "table.txt", text);
  std::printf("%s", text.c_str());
}

int run_experiment(const ExperimentOptions& o, const CommonOptions& common,
                   const std::string& config) {
  if (!o.resume) require_new(o.out, common, " or --resume");
  check_recipes(o, common);
  const ExperimentCases cases = read_experiment_cases(o.folders, common.quiet);
  const std::vector<RoundPlan> plans = plan_rounds(o, cases, common.seed);
  const auto take = [&](PhaseMode mode) {
    for (const RoundPlan& plan : plans) Round(o, common, plan, mode).perform();
  };
  if (o.resume) take(PhaseMode::verify);
  const int end = cases.refused > 0 ? 7 : 0;
  if (common.dry_run) {
    take(PhaseMode::print);
    return end;
  }
  const FolderLock lock(o.out);
  prepare_folder(o, plans, config);
  catch_signals();
  Gathering gathering(o);
  try {
    for (const RoundPlan& plan : plans) {
      Round round(o, common, plan, PhaseMode::run);
      round.perform();
      gathering.add(round, plan);
    }
  } catch (const Stopped& stopped) {
    complain("stopped; go on with --resume");
    return stopped.code;
  }
  write_results(o, gathering.finish());
  return end;
}

}  // namespace

void add_experiment(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<ExperimentOptions>();
  CLI::App* c = app.add_subcommand(
      "experiment", "three networks, their ensemble, a distilled student: the paper's table");
  c->add_option("data", o->folders.labelled, "folders with labelled cases")->required();
  c->add_option("--train-data", o->folders.train_only,
                "folders with labelled cases that are only trained on, never tested on");
  c->add_option("--unlabelled", o->folders.unlabelled,
                "folders with cases that are annotated beside those whose labels are hidden");
  c->add_option("--out", o->out, "folder of the experiment")->required();
  add_data_options(*c, o->folders.reading);
  add_shared_patients_option(*c, o->folders.allow_shared_patients);
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
  c->add_option("--folds", o->shares.folds,
                "cross-validation over this many test parts; 0: one split")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--test-fraction", o->shares.test,
                "share of the cases that is tested on, in whole patients")
      ->check(between(0.0, 0.9))
      ->capture_default_str();
  c->add_option("--unlabelled-fraction", o->shares.unlabelled,
                "share of the cases whose labels are hidden, in whole patients")
      ->check(between(0.0, 0.9))
      ->capture_default_str();
  c->add_option("--validation-fraction", o->shares.validation,
                "share of the labelled cases, in whole patients, that chooses the best weights")
      ->check(between(0.0, 0.9))
      ->capture_default_str();
  c->add_flag("--all-students", o->all_students, "also distil the other networks: one more row");
  c->add_flag("--resume", o->resume, "go on where an earlier call ended");
  c->callback([o, c, &common, &action] {
    action = [o, &common, config = config_text(*c)] { return run_experiment(*o, common, config); };
  });
}

}  // namespace glia::program
