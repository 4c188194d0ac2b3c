// Lesson 1: a network is a type, its weights are a value, training is a loop over patches.
// Trains a small UNet on phantoms made in memory and prints the Dice scores of cases it has not
// seen.
//   01_train_a_unet [EPOCHS]
#include <cstdio>
#include <cstdlib>
#include <glia/glia.hpp>

using namespace glia;

// Four modalities in, three regions out: T1, T1ce, T2, FLAIR -> WT, TC, ET. Widths from full
// resolution down.
using Net = UNet<Cpu<Float32>, Channels<4, 3>, Widths<8, 16, 32>>;

std::vector<PreparedCase> make_cases(index_t first, index_t count) {
  PhantomOptions options;
  options.extent = {48, 64, 64};
  std::vector<PreparedCase> cases;
  for (index_t i = first; i < first + count; ++i) {
    const PhantomCase phantom = make_phantom(options, 1, i);
    cases.push_back(
        prepare({.id = phantom.id, .images = phantom.images, .labels = phantom.labels}));
  }
  return cases;
}

int main(int argc, char** argv) try {
  const index_t epochs = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 6;
  if (argc > 2 || epochs < 1) {
    std::fprintf(stderr, "usage: 01_train_a_unet [EPOCHS]\n");
    return 2;
  }
  Context context{{.seed = 42}};  // threads, random numbers, log: nothing is global
  Model<Net> model{context};

  TrainerOptions options;
  options.epochs = epochs;
  options.steps_per_epoch = 20;
  options.loader.patch = {32, 32, 32};
  options.validate_every = 1;  // this is a short run

  TrainingEvents events;
  events.epoch = [](const EpochRecord& r, bool best) {
    std::printf("epoch %2lld  loss %.3f  Dice WT %.3f TC %.3f ET %.3f%s\n",
                static_cast<long long>(r.epoch), r.loss, r.dice[region::WT], r.dice[region::TC],
                r.dice[region::ET], best ? "  best" : "");
  };

  // Loss, optimiser and schedule are values too.
  const Adam adam{.rate = 2e-3};
  Trainer trainer{model, options, DiceAndCrossEntropy{}, adam, ConstantRate{}, events};
  trainer.fit(make_cases(0, 8), make_cases(8, 3));  // the model ends with the best weights
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
