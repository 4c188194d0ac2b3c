// Trains the UNet of Isensee et al. 2018 as Nalwade & Kisa do: Adam at 2e-4, times 0.60 every 30
// epochs, batches of two patches, soft Dice and cross entropy.
//   train_unet CASES OUTPUT [EPOCHS [PATCH]]
// CASES is a folder of labelled cases in any layout that glia reads. A fifth of them chooses the
// best weights, OUTPUT/best.safetensors.
// Stopped and started again with the same arguments, it goes on after the last finished epoch; a
// finished run goes on if EPOCHS is larger.
#include <cstdio>
#include <cstdlib>
#include <glia/glia.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace glia;

using Net = UNet<Cpu<Float32>, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;

int main(int argc, char** argv) try {
  const index_t epochs = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 280;
  const index_t patch = argc > 4 ? std::strtol(argv[4], nullptr, 10) : 128;
  if (argc < 3 || argc > 5 || epochs < 1 || patch < 1) {
    std::fprintf(stderr, "usage: train_unet CASES OUTPUT [EPOCHS [PATCH]]\n");
    return 2;
  }
  const LogSink warn = [](Severity, std::string_view text) {
    std::fprintf(stderr, "warning: %s\n", std::string(text).c_str());
  };
  Context context{{.seed = 42, .log = warn}};
  Model<Net> model{context};
  const auto [training, validation] =
      split_cases(read_labelled_cases(argv[1], {}, warn), 0.2, context.seed());

  TrainerOptions options;
  options.epochs = epochs;
  options.loader.patch = {patch, patch, patch};
  options.loader.batch = 2;
  options.folder = argv[2];
  // What `glia segment` asks of weights, and what a run must have in common with one that it goes
  // on from. The network's name is that of the program's menu; for a network that is not on it,
  // leave it out: then only programs that know the type can read the weights.
  options.description = {{"glia.network", "unet"},
                         {"glia.modalities", "T1,T1ce,T2,FLAIR"},
                         {"glia.regions", "WT,TC,ET"},
                         {"glia.mirroring", "yes"},
                         {"glia.training_cases", ids_text(training)},
                         {"glia.validation_cases", ids_text(validation)}};

  TrainingEvents events;
  events.epoch = [](const EpochRecord& r, bool best) {
    std::printf("epoch %lld  loss %.4f", static_cast<long long>(r.epoch), r.loss);
    if (r.validated())
      std::printf("  Dice WT %.3f TC %.3f ET %.3f%s", r.dice[region::WT], r.dice[region::TC],
                  r.dice[region::ET], best ? "  best" : "");
    std::printf("\n");
    std::fflush(stdout);
  };

  const Adam adam{.rate = 2e-4};
  const StepDecay decay{.decay = 0.60, .every = 30};
  Trainer trainer{model, options, DiceAndCrossEntropy{}, adam, decay, events};
  if (trainer.resume())
    std::printf("going on after step %lld\n", static_cast<long long>(trainer.step()));
  trainer.fit(training, validation);

  if (validation.empty()) {
    std::printf("no case to validate on: best.safetensors holds the weights of the last epoch\n");
    return 0;
  }
  const auto dice = validate(model, validation);
  std::printf("best weights: Dice WT %.3f TC %.3f ET %.3f\n", dice[region::WT], dice[region::TC],
              dice[region::ET]);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
