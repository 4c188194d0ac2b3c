// Distils an ensemble into one network, as Nalwade & Kisa do: a UNet and a residual UNet, trained
// by train_unet and train_resunet, label cases that nobody has labelled; a new residual UNet learns
// from these and from the labelled ones.
//   distill LABELLED UNLABELLED OUTPUT UNET.safetensors RESUNET.safetensors [EPOCHS [PATCH]]
// LABELLED and UNLABELLED are folders of cases in any layout that glia reads. A fifth of the
// labelled cases chooses the best weights, OUTPUT/best.safetensors.
// Stopped and started again with the same arguments, it goes on after the last finished epoch; a
// finished run goes on if EPOCHS is larger.
#include <cstdio>
#include <cstdlib>
#include <glia/data/provenance.hpp>
#include <glia/glia.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace glia;

using Isensee = UNet<Cpu<Float32>, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;
using Myronenko = ResUNet<Cpu<Float32>, Channels<4, 3>, Widths<32, 64, 128, 256>>;

/// Names and contents of the teachers' weights.
std::string teachers(const char* unet, const char* resunet) {
  const FileStamp one = stamp_of(unet), two = stamp_of(resunet);
  return one.name + ":" + hexadecimal(one.crc) + "," + two.name + ":" + hexadecimal(two.crc);
}

int main(int argc, char** argv) try {
  const index_t epochs = argc > 6 ? std::strtol(argv[6], nullptr, 10) : 280;
  const index_t patch = argc > 7 ? std::strtol(argv[7], nullptr, 10) : 128;
  if (argc < 6 || argc > 8 || epochs < 1 || patch < 1) {
    std::fprintf(stderr,
                 "usage: distill LABELLED UNLABELLED OUTPUT UNET RESUNET [EPOCHS [PATCH]]\n");
    return 2;
  }
  const LogSink warn = [](Severity, std::string_view text) {
    std::fprintf(stderr, "warning: %s\n", std::string(text).c_str());
  };
  // Another seed than the teachers': the student sees other patches, in another order.
  Context context{{.seed = 43, .log = warn}};
  Model<Isensee> isensee{context};
  Model<Myronenko> myronenko{context}, student{context};
  load_weights(argv[4], isensee);
  load_weights(argv[5], myronenko);
  // The teachers' own split: what they have learnt from, the student is not validated on.
  auto [labelled, validation] = split_cases(read_labelled_cases(argv[1], {}, warn), 0.2, 42);
  auto unlabelled = read_unlabelled_cases(argv[2], {}, warn);

  TrainerOptions options;
  options.epochs = epochs;
  options.loader.patch = {patch, patch, patch};
  options.loader.batch = 2;
  options.folder = argv[3];
  // What `glia segment` asks of weights, and what a run must have in common with one that it goes
  // on from. The network's name is that of the program's menu; for a network that is not on it,
  // leave it out: then only programs that know the type can read the weights.
  options.description = {{"glia.network", "resunet"},
                         {"glia.modalities", "T1,T1ce,T2,FLAIR"},
                         {"glia.regions", "WT,TC,ET"},
                         {"glia.mirroring", "yes"},
                         {"glia.teachers", teachers(argv[4], argv[5])},
                         {"glia.training_cases", ids_text(labelled)},
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
  Distiller distiller{Ensemble{isensee, myronenko}, student, HardLabels{}, {.resume = true}};
  // Moved: a copy would hold every case in memory twice.
  distiller.fit(std::move(labelled), std::move(unlabelled), options, validation,
                DiceAndCrossEntropy{}, adam, decay, events);

  if (validation.empty()) {
    std::printf("no case to validate on: best.safetensors holds the weights of the last epoch\n");
    return 0;
  }
  const auto dice = validate(student, validation);
  std::printf("best weights: Dice WT %.3f TC %.3f ET %.3f\n", dice[region::WT], dice[region::TC],
              dice[region::ET]);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
