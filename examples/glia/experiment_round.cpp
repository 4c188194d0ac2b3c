#include "experiment_round.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include "command_line.hpp"
#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "training.hpp"

namespace glia::program {

namespace {

using Path = std::filesystem::path;

Words split_words(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
}

Words words_of(const std::vector<Path>& paths) {
  Words words;
  for (const Path& path : paths) words.push_back(path.string());
  return words;
}

Words words_of(const DataOptions& o) {
  Words words{"--layout", o.layout, "--affine-tolerance", number_text(o.affine_tolerance)};
  if (!o.scheme.empty()) words = joined({words, {"--label-scheme", o.scheme}});
  for (const std::string& one : o.scheme_of) words = joined({words, {"--scheme-of", one}});
  for (const std::string& one : o.file_name) words = joined({words, {"--file-name", one}});
  if (o.zero_nonfinite) words.emplace_back("--zero-nonfinite");
  if (o.keep_going) words.emplace_back("--keep-going");
  return words;
}

/// The options that train the network of a role anywhere.
Words recipe(const ExperimentOptions& o, const Role& role) {
  const double periods = static_cast<double>(role.every * o.epochs) / published_epochs;
  return joined({{"--network", o.networks.at(role.name)},
                 {"--optimizer", role.optimizer},
                 {"--decay", number_text(role.decay)},
                 {"--every", std::to_string(std::max(1L, std::lround(periods)))},
                 {"--batch", std::to_string(role.batch)},
                 {"--clip", number_text(role.clip)},
                 {"--patch", std::to_string(o.patch)},
                 {"--epochs", std::to_string(o.epochs)},
                 {"--steps-per-epoch", std::to_string(o.steps_per_epoch)},
                 split_words(o.train_args.at("")),
                 split_words(o.train_args.at(role.name))});
}

std::string file_of(std::string system) {
  std::ranges::replace(system, ' ', '_');
  return system;
}

}  // namespace

std::filesystem::path home_of(const ExperimentOptions& o, const RoundPlan& plan) {
  const Path home = o.out / ("seed-" + std::to_string(plan.seed));
  return o.shares.folds > 0 ? home / ("fold-" + std::to_string(plan.fold)) : home;
}

void check_recipes(const ExperimentOptions& options, const CommonOptions& common) {
  for (const Role& role : roles) {
    CLI::App parser;
    parser.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    TrainOptions training;
    add_training_options(parser, training);
    try {
      parse_literally(parser, recipe(options, role));
    } catch (const CLI::ParseError& error) {
      throw UsageError("training of " + std::string(role.system) + ": " + error.what());
    }
    check_training_options(training, common);
  }
}

Round::Round(const ExperimentOptions& options, const CommonOptions& common, const RoundPlan& plan,
             PhaseMode mode)
    : o_(options),
      plan_(plan),
      mode_(mode),
      seed_(common.seed + static_cast<std::uint64_t>(plan.seed)),
      home_(home_of(options, plan)),
      phases_(home_, common, mode),
      reading_(words_of(options.folders.reading)),
      labelled_(joined({words_of(options.folders.labelled),
                        words_of(options.folders.train_only),
                        reading_,
                        {"--only", in_home("labelled.txt")}})) {
  if (o_.folders.allow_shared_patients) labelled_.emplace_back("--allow-shared-patients");
}

void Round::perform() {
  note_parts();
  Words members, teachers;
  for (const Role& role : roles) {
    train(role);
    const std::string weights = weights_of(role.name);
    members = joined({members, {"--model", weights}});
    teachers = joined({teachers, {"--teacher", weights}});
    test(role.system, {"--model", weights});
  }
  test("Ensemble", members);

  distil("distilled", student(), teachers);
  Words students{"--model", weights_of("distilled")};
  test("Distilled", students);
  if (!o_.all_students) return;
  for (const Role& role : roles) {
    if (&role == &student()) continue;
    const std::string name = std::string("distilled-") + role.name;
    distil(name, role, teachers);
    students = joined({students, {"--model", weights_of(name)}});
  }
  test("Ensemble of students", students);
}

Words Round::systems(const ExperimentOptions& options) {
  Words names;
  for (const Role& role : roles) names.emplace_back(role.system);
  names = joined({names, {"Ensemble", "Distilled"}});
  if (options.all_students) names.emplace_back("Ensemble of students");
  return names;
}

detail::Json Round::scores(const std::string& system) const {
  return detail::parse_json(scores_of(system)).at("cases");
}

const Role& Round::student() const {
  const Role* best = &roles[1];  // the paper's choice
  double most = -1;
  for (const Role& role : roles) {
    if (o_.student == role.name) return role;
    const std::string training = std::string("train-") + role.name;
    if (o_.student != "best" || !phases_.ended(training)) continue;
    const detail::Json dice =
        detail::parse_json(phases_.output(training)).at("best_validation_dice");
    if (dice.is_number() && dice.get<double>() > most) {
      most = dice.get<double>();
      best = &role;
    }
  }
  return *best;
}

RoundRecord Round::record() const {
  return {seed_, plan_.fold, student().name, plan_.split, phases_.records()};
}

/// The files that tell the phases their cases.
void Round::note_parts() const {
  const Split& split = plan_.split;
  for (const auto& [name, ids] : {std::pair{"labelled.txt", &split.labelled},
                                  {"unlabelled.txt", &split.unlabelled},
                                  {"test.txt", &split.test}}) {
    const Path path = home_ / name;
    std::string text;
    for (const std::string& id : *ids) text += id + "\n";
    if (mode_ == PhaseMode::verify && std::filesystem::exists(path) && read_text(path) != text) {
      throw UsageError(path.string() +
                       ": lists other cases than are found or cut off now; give another --out");
    }
    if (mode_ != PhaseMode::run) continue;
    std::filesystem::create_directories(home_ / "scores");
    write_text(path, text);
  }
}

std::string Round::in_home(const Path& name) const { return (home_ / name).string(); }
std::string Round::weights_of(const std::string& network) const {
  return in_home(Path(network) / "best.safetensors");
}
Path Round::scores_of(const std::string& system) const {
  return home_ / "scores" / (file_of(system) + ".json");
}

/// The options that train the network of a role here, from the weights that the seed draws.
Words Round::training(const Role& role, std::uint64_t seed) const {
  const Words& cases = plan_.split.validation;
  const Words validation =
      cases.empty() ? Words{"--validation-fraction", "0"} : joined({{"--validation"}, cases});
  return joined({validation, {"--seed", std::to_string(seed), "--resume"}, recipe(o_, role)});
}

void Round::train(const Role& role) {
  phases_.perform(
      std::string("train-") + role.name,
      joined({{"train"}, labelled_, {"--out", in_home(role.name)}, training(role, seed_)}));
}

/// The student starts from weights of its own, not from those that its teacher started from.
void Round::distil(const std::string& name, const Role& role, const Words& teachers) {
  constexpr std::uint64_t apart = 1'000'000;  // from the seeds of all repetitions
  phases_.perform("train-" + name, joined({{"distill"},
                                           labelled_,
                                           {"--unlabelled"},
                                           words_of(o_.folders.labelled),
                                           words_of(o_.folders.unlabelled),
                                           {"--unlabelled-only", in_home("unlabelled.txt")},
                                           teachers,
                                           {"--out", in_home(name)},
                                           training(role, seed_ + apart)}));
}

/// Segments and scores the test cases.
void Round::test(const std::string& system, const Words& models) {
  const std::string file = file_of(system), out = in_home(Path("predictions") / file);
  const Words cases = joined(
      {words_of(o_.folders.labelled), reading_, {"--only", in_home("test.txt"), "--overwrite"}});
  phases_.perform("segment-" + file, joined({{"segment"}, cases, models, {"--out", out}}));
  phases_.perform("evaluate-" + file,
                  joined({{"evaluate", out}, cases, {"--json", scores_of(system).string()}}));
}

}  // namespace glia::program
