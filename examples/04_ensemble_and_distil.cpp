// Lesson 4: several networks are one predictor, and a predictor can teach.
// Trains two small UNets on few labelled phantoms, lets their ensemble label others that nobody has
// labelled, trains a student on both, and prints the Dice scores of all on cases that none has
// seen.
//   04_ensemble_and_distil [STEPS]     of a teacher's training; the student's has twice as many
#include <cstdio>
#include <cstdlib>
#include <glia/glia.hpp>

using namespace glia;

using Net = UNet<Cpu<Float32>, Channels<4, 3>, Widths<8, 16, 32>>;

std::vector<PreparedCase> make_cases(std::uint64_t seed, index_t count, bool labelled = true) {
  PhantomOptions options;
  options.extent = {40, 48, 48};
  std::vector<PreparedCase> cases;
  for (index_t i = 0; i < count; ++i) {
    const PhantomCase phantom = make_phantom(options, seed, i);
    cases.push_back(
        prepare({.id = std::to_string(seed) + "-" + phantom.id, .images = phantom.images}));
    if (labelled) cases.back().labels = crop(phantom.labels, cases.back().crop);
  }
  return cases;
}

int main(int argc, char** argv) try {
  const index_t steps = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 200;
  if (argc > 2 || steps < 1) {
    std::fprintf(stderr, "usage: 04_ensemble_and_distil [STEPS]\n");
    return 2;
  }
  const auto labelled = make_cases(1, 4), test = make_cases(3, 4);
  const auto unlabelled = make_cases(2, 8, false);
  const AnyOptimizer adam{Adam{.rate = 2e-3}};
  const auto print = [&](const char* name, auto& predictor) {
    const auto dice = validate(predictor, test);
    std::printf("%-10s Dice WT %.3f TC %.3f ET %.3f\n", name, dice[region::WT], dice[region::TC],
                dice[region::ET]);
  };

  TrainerOptions options;
  options.epochs = 1;
  options.steps_per_epoch = steps;
  options.loader.patch = {32, 32, 32};

  // Networks of one context run in the same memory, each with initial weights of its own.
  Context context{{.seed = 5}};
  Model<Net> one{context}, two{context}, student{context};
  for (Model<Net>* model : {&one, &two}) Trainer<Net>{*model, options, {}, adam}.fit(labelled);

  // Any mix of predictors: models, mirrored models, lambdas, other ensembles. Lvalues are referred
  // to. Ensemble{MeanOfLogits{}, one, two} would combine them otherwise.
  Ensemble teachers{one, Mirrored(two)};

  // Labels are made once, before training. HardLabels{} may be SoftLabels{}, Confident<>{} or
  // Softened{.temperature = 3}. Each step takes a share of labelled cases.
  Distiller distiller{teachers, student, HardLabels{}};
  options.steps_per_epoch = 2 * steps;
  options.loader.labelled_share = 0.5;
  distiller.fit(labelled, unlabelled, options, {}, DiceAndCrossEntropy{}, adam);

  print("one", one);
  print("two", two);
  print("teachers", teachers);
  print("student", student);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
