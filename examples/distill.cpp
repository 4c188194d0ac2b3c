// Distils an ensemble into one network, as Nalwade & Kisa do: a UNet and a residual UNet, trained
// by train_unet and train_resunet, label cases that nobody has labelled; a new residual UNet learns
// from these and from the labelled ones.
//   distill LABELLED UNLABELLED OUTPUT UNET.safetensors RESUNET.safetensors [EPOCHS [PATCH]]
// LABELLED and UNLABELLED are folders of cases in any layout that glia reads. A fifth of the
// labelled cases chooses the best weights, OUTPUT/best.safetensors.
#include <cstdio>
#include <cstdlib>
#include <glia/glia.hpp>

using namespace glia;

using Isensee = UNet<Cpu<Float32>, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;
using Myronenko = ResUNet<Cpu<Float32>, Channels<4, 3>, Widths<32, 64, 128, 256>>;

int main(int argc, char** argv) try {
  const index_t epochs = argc > 6 ? std::strtol(argv[6], nullptr, 10) : 280;
  const index_t patch = argc > 7 ? std::strtol(argv[7], nullptr, 10) : 128;
  if (argc < 6 || argc > 8 || epochs < 1 || patch < 1) {
    std::fprintf(stderr,
                 "usage: distill LABELLED UNLABELLED OUTPUT UNET RESUNET [EPOCHS [PATCH]]\n");
    return 2;
  }
  Context context{{.seed = 42}};
  Model<Isensee> isensee{context};
  Model<Myronenko> myronenko{context}, student{context};
  load_weights(argv[4], isensee);
  load_weights(argv[5], myronenko);
  const auto [labelled, validation] =
      split_cases(read_labelled_cases(argv[1]), 0.2, context.seed());
  const auto unlabelled = read_unlabelled_cases(argv[2]);

  TrainerOptions options;
  options.epochs = epochs;
  options.loader.patch = {patch, patch, patch};
  options.loader.batch = 2;
  options.folder = argv[3];

  TrainingEvents events;
  events.epoch = [](const EpochRecord& r, bool best) {
    std::printf("epoch %lld  loss %.4f  Dice WT %.3f TC %.3f ET %.3f%s\n",
                static_cast<long long>(r.epoch), r.loss, r.dice[region::WT], r.dice[region::TC],
                r.dice[region::ET], best ? "  best" : "");
    std::fflush(stdout);
  };

  const Adam adam{.rate = 2e-4};
  const StepDecay decay{.decay = 0.60, .every = 30};
  const SlidingWindowOptions windows{.window = options.loader.patch};
  Distiller distiller{Ensemble{isensee, myronenko}, student, HardLabels{}, {.window = windows}};
  distiller.fit(labelled, unlabelled, options, validation, DiceAndCrossEntropy{}, adam, decay,
                events);

  load_weights(options.folder / "best.safetensors", student);
  const auto dice = validate(student, validation, windows);
  std::printf("best weights: Dice WT %.3f TC %.3f ET %.3f\n", dice[region::WT], dice[region::TC],
              dice[region::ET]);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
