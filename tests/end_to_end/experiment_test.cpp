// The paper's experiment with tiny networks: every phase once, the same table when it is resumed.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

TEST_CASE("an experiment trains, ensembles, distils and compares; resumed, it repeats nothing") {
  const TemporaryDirectory folder;
  const auto& p = folder.path();
  const std::string data = (p / "data").string(), out = (p / "out").string();
  REQUIRE(run_glia(p, {"phantom", data, "--count", "6", "--extent", "24x22x20"}).code == 0);
  const std::vector<std::string> command{"experiment",
                                         data,
                                         "--out",
                                         out,
                                         "--unet",
                                         "unet-tiny",
                                         "--residual",
                                         "unet-tiny",
                                         "--cascaded",
                                         "unet-tiny",
                                         "--patch",
                                         "16",
                                         "--epochs",
                                         "1",
                                         "--steps-per-epoch",
                                         "1",
                                         "--test-fraction",
                                         "0.33",
                                         "--unlabelled-fraction",
                                         "0.33",
                                         "--validation-fraction",
                                         "0",
                                         "--student",
                                         "residual",
                                         "--quiet"};
  const Outcome first = run_glia(p, command);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(holds(first.out, "UNet", "Ensemble", "Distilled", "0.7187", "Differences",
              "Distilled > the same network alone:"));
  const auto results = nlohmann::json::parse(read_text(p / "out" / "experiment.json"));
  REQUIRE(results["systems"].size() == 5);
  CHECK(results["systems"][4]["dice"]["TC"]["paper"] == 0.82661);
  CHECK(names_in(p / "out" / "seed-0" / "predictions" / "Ensemble").size() == 2);

  CHECK(run_glia(p, command).code == 2);  // exists already
  const auto weights = p / "out" / "seed-0" / "distilled" / "best.safetensors";
  const auto written = std::filesystem::last_write_time(weights);
  std::filesystem::remove(p / "out" / "seed-0" / "phases" / "evaluate-Distilled.json");
  auto again = command;
  again.emplace_back("--resume");
  const Outcome resumed = run_glia(p, again);
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.out == first.out);
  CHECK(std::filesystem::last_write_time(weights) == written);

  again.back() = "--resume";
  again.insert(again.end(), {"--rate-typo", "1"});
  CHECK(run_glia(p, again).code == 2);
  auto other = command;
  other.insert(other.end(), {"--resume", "--train-args", "--rate 1e-3"});
  const Outcome changed = run_glia(p, other);
  CHECK(changed.code == 2);
  CHECK(holds(changed.err, "the phase was run as", "give another --out"));
}

TEST_CASE("an experiment needs a case for every part, before any phase") {
  const Phantoms p;
  const auto refused = [&](std::vector<std::string> more, int code, const std::string& message) {
    std::vector<std::string> words{"experiment", p.data(), "--out", p / "out"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = p.run(std::move(words));
    CAPTURE(outcome.err);
    CHECK(outcome.code == code);
    CHECK(holds(outcome.err, message));
    CHECK_FALSE(std::filesystem::exists(p / "out"));
  };
  refused({"--unlabelled-fraction", "0"}, 3, "no case is left to annotate");
  refused({"--test-fraction", "0"}, 3, "no case is left to test on");
  refused({"--test-fraction", "0.7"}, 3, "no case is left to train on");
  refused({"--folds", "4"}, 3, "fewer --folds");
  refused({"--train-data", p.data()}, 3,
          "and case BraTS-GLI-00000-000 of the --train-data set have the same");
  refused({"--unlabelled", p / "none"}, 4, "none");
  refused({"--seeds", "0"}, 2, "expected a positive number");
  refused({"--test-fraction", "-0.1"}, 2, "--test-fraction");
}
