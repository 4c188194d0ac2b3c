// An experiment that is killed or stopped in any phase goes on and ends as if nothing had been.
#include <doctest/doctest.h>

#include <thread>
#include <utility>

#include "experiment.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// An experiment whose trainings save in between, and what it comes to.
class Straight : public Experiment {
 public:
  Straight() {
    recipe(
        "epochs = 2\nsteps-per-epoch = 3\nvalidation-fraction = 0.5\ntrain-args = \"--save-every "
        "1\"\n");
    const Outcome outcome = run("straight");
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  }
  void require_same(const std::string& out) const {
    const auto seed = [&](const std::string& name) { return *this / name / "seed-0"; };
    for (const char* network : {"unet", "residual", "cascaded", "distilled"}) {
      CAPTURE(network);
      const std::string weights = read_text(seed(out) / network / "best.safetensors");
      REQUIRE(!weights.empty());
      REQUIRE(weights == read_text(seed("straight") / network / "best.safetensors"));
    }
    REQUIRE(scores_of(results(out)) == scores_of(results("straight")));
    REQUIRE(read_text(*this / out / "table.txt") == read_text(*this / "straight" / "table.txt"));
  }
};

/// A phase, a file that it writes before it ends, and all that it makes.
struct Moment {
  std::string phase, file, made;
};

/// Resumes the experiment, sends a signal as soon as the phase runs and its file is there, and
/// returns how the experiment ended. A phase that was over too early is taken back and repeated.
int interrupt(const Experiment& e, const std::string& out, const Moment& moment, int signal) {
  const auto round = e / out / "seed-0";
  const auto record = round / "phases" / (moment.phase + ".json"),
             output = round / "phases" / (moment.phase + ".out");
  while (true) {
    Process process = e.start(out, {"--resume"});
    while (process.running() &&
           !(std::filesystem::exists(output) && std::filesystem::exists(round / moment.file))) {
      std::this_thread::yield();
    }
    if (process.running()) process.send(signal);
    const int code = process.wait();
    if (!std::filesystem::exists(record)) return code;
    for (const auto& path : {record, output, round / moment.made})
      std::filesystem::remove_all(path);
  }
}

}  // namespace

TEST_CASE("killed in a phase of each kind and resumed, an experiment ends in the same bytes") {
  const Straight straight;
  const std::string test = straight.listed("straight", "test").front() + ".nii.gz",
                    annotated = straight.listed("straight", "unlabelled").front() + ".json";
  for (const Moment& moment :
       {Moment{"train-unet", "unet/last.safetensors", "unet"},
        {"segment-UNet", "predictions/UNet/" + test, "predictions/UNet"},
        {"evaluate-UNet", "phases/evaluate-UNet.out", "scores/UNet.json"},
        {"segment-Ensemble", "predictions/Ensemble/" + test, "predictions/Ensemble"},
        {"train-distilled", "distilled/pseudo_labels/" + annotated, "distilled"},
        {"train-distilled", "distilled/last.safetensors", "distilled"},
        {"evaluate-Distilled", "phases/evaluate-Distilled.out", "scores/Distilled.json"}}) {
    CAPTURE(moment.phase);
    REQUIRE(interrupt(straight, "killed", moment, SIGKILL) == 128 + SIGKILL);
    REQUIRE_FALSE(std::filesystem::exists(straight / "killed" / "experiment.json"));
  }
  const Outcome resumed = straight.run("killed", {"--resume"});
  REQUIRE_MESSAGE(resumed.code == 0, resumed.err);
  straight.require_same("killed");
}

TEST_CASE("SIGTERM and SIGINT end an experiment with 143 and 130 after its phase has saved") {
  const Straight straight;
  const Moment training{"train-residual", "residual/last.safetensors", "residual"};
  REQUIRE(interrupt(straight, "stopped", training, SIGTERM) == 128 + SIGTERM);
  CHECK(holds(read_text(straight / "stderr.txt"), "saved, go on with --resume",
              "stopped; go on with --resume"));
  const Moment annotation{"train-distilled", "distilled/pseudo_labels", "distilled"};
  REQUIRE(interrupt(straight, "stopped", annotation, SIGINT) == 128 + SIGINT);
  const Outcome resumed = straight.run("stopped", {"--resume"});
  REQUIRE_MESSAGE(resumed.code == 0, resumed.err);
  straight.require_same("stopped");
}
