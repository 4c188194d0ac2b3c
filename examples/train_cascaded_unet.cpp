// Trains the cascaded UNet of Lachinov et al. 2018 as Nalwade & Kisa do: SGD at 0.1 with momentum,
// times 0.85 every 10 epochs, batches of four whole brains resampled to one grid.
//   train_cascaded_unet CASES OUTPUT [EPOCHS [GRID]]
// CASES is a folder of labelled cases in any layout that glia reads. A fifth of them chooses the
// best weights, OUTPUT/best.safetensors, by labels on each case's own voxels.
// Stopped and started again with the same arguments, it goes on after the last finished epoch; a
// finished run goes on if EPOCHS is larger.
#include <cstdio>
#include <cstdlib>
#include <glia/glia.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace glia;

using Net = CascadedUNet<Cpu<Float32>, Channels<4, 3>, BaseWidth<8>>;

int main(int argc, char** argv) try {
  const index_t epochs = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 280;
  const index_t length = argc > 4 ? std::strtol(argv[4], nullptr, 10) : 128;
  if (argc < 3 || argc > 5 || epochs < 1 || length < 1) {
    std::fprintf(stderr, "usage: train_cascaded_unet CASES OUTPUT [EPOCHS [GRID]]\n");
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
  options.loader.patch = {length, length, length};  // the grid
  options.loader.batch = 4;
  options.whole_volumes = true;
  options.clip_norm = 1;  // the rate of 0.1 is that of a Dice loss alone, this one may diverge
  options.folder = argv[2];
  // What `glia segment` asks of weights, and what a run must have in common with one that it goes
  // on from. The network's name is that of the program's menu; for a network that is not on it,
  // leave it out: then only programs that know the type can read the weights.
  options.description = {{"glia.network", "cascaded"},
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

  const Sgd sgd{.rate = 0.1, .momentum = 0.9};
  const StepDecay decay{.decay = 0.85, .every = 10};
  Trainer trainer{model, options, DiceAndCrossEntropy{}, sgd, decay, events};
  if (trainer.resume())
    std::printf("going on after step %lld\n", static_cast<long long>(trainer.step()));
  trainer.fit(training, validation);

  if (validation.empty()) {
    std::printf("no case to validate on: best.safetensors holds the weights of the last epoch\n");
    return 0;
  }
  const auto dice = validate(WholeVolume(model), validation);
  std::printf("best weights: Dice WT %.3f TC %.3f ET %.3f\n", dice[region::WT], dice[region::TC],
              dice[region::ET]);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
