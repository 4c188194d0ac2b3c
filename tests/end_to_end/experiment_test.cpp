// The paper's experiment with tiny networks: every phase, cases of every kind, one table.
#include "experiment.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

TEST_CASE("an experiment trains, ensembles, distils and compares; resumed, it repeats nothing") {
  const Experiment e;
  const Outcome first = e.run("out");
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(holds(first.out, "UNet", "Ensemble", "Distilled", "0.7187", "Differences",
              "Distilled > the same network alone:"));
  const Json results = e.results("out");
  REQUIRE(results["systems"].size() == 5);
  CHECK(results["systems"][4]["dice"]["TC"]["paper"] == 0.82661);
  CHECK(results["seeds"] == Json::array({3}));
  const Json& round = results["rounds"][0];
  CHECK(round["student"] == "residual");
  CHECK(round["test"] == Json(e.listed("out", "test")));
  CHECK(round["labelled"].size() == 2);
  CHECK(round["unlabelled"].size() == 2);
  CHECK(round["phases"].size() == 14);
  CHECK(names_in(e / "out" / "seed-0" / "predictions" / "Ensemble").size() == 2);
  // What the table says is what `evaluate` found.
  const Json scores =
      Json::parse(read_text(e / "out" / "seed-0" / "scores" / "Residual_UNet.json"));
  const Json& residual = results["systems"][1];
  CHECK(residual["dice"]["WT"]["mean"].get<double>() ==
        doctest::Approx(scores["summary"]["mean"]["Dice_WT"].get<double>()));
  CHECK(residual["cases"][1]["case"] == scores["cases"][1]["scan_id"]);
  CHECK(residual["cases"][1]["TC"][0] == scores["cases"][1]["Dice_TC"]);

  CHECK(e.run("out").code == 2);  // exists already
  const auto weights = e / "out" / "seed-0" / "distilled" / "best.safetensors";
  const auto written = std::filesystem::last_write_time(weights);
  std::filesystem::remove(e / "out" / "seed-0" / "phases" / "evaluate-Distilled.json");
  const Outcome resumed = e.run("out", {"--resume"});
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.out == first.out);
  CHECK(std::filesystem::last_write_time(weights) == written);
}

TEST_CASE("an experiment is resumed with its own settings and cases only") {
  const Experiment e;
  REQUIRE(e.run("out").code == 0);
  const std::string config = read_text(e / "out" / "config.toml");
  const auto refused = [&](const Words& more, const std::string& message) {
    Words words{"--resume"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = e.run("out", words);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, message));
    CHECK(read_text(e / "out" / "config.toml") == config);
  };
  refused({"--rate-typo", "1"}, "--rate-typo");
  refused({"--train-args", "--rate 1e-3"}, "the phase was run as");
  refused({"--cascaded-args", "--rate 1e-3"}, "give another --out");
  refused({"--test-fraction", "0.5"}, "labelled.txt: lists other cases");
  refused({"--seed", "4"}, "lists other cases");

  // The configuration that it left says all of this.
  const Outcome same =
      run_glia(e / "", {"--config", e / "out" / "config.toml", "experiment", "--resume"});
  CAPTURE(same.err);
  CHECK(same.code == 0);
  const Json before = scores_of(e.results("out"));
  const Outcome again =
      run_glia(e / "", {"--config", e / "out" / "config.toml", "experiment", "--out", e / "again"});
  CAPTURE(again.err);
  CHECK(again.code == 0);
  CHECK(scores_of(e.results("again")) == before);
  CHECK(e.run("again", {"--overwrite", "--train-args", "--rate 1e-3"}).code == 0);
  CHECK(scores_of(e.results("again")) != before);
}

TEST_CASE("seeds train anew on the same cases, folds test on every case once") {
  const Experiment e;
  REQUIRE(e.run("out", {"--seeds", "2", "--folds", "2"}).code == 0);
  const Json results = e.results("out");
  CHECK(results["seeds"] == Json{3, 4});
  REQUIRE(results["rounds"].size() == 4);
  CHECK(results["rounds"][0]["test"] == results["rounds"][2]["test"]);
  REQUIRE(results["systems"][0]["cases"].size() == 6);
  std::vector<std::string> tested;
  for (const Json& one : results["systems"][0]["cases"]) {
    tested.push_back(one["case"]);
    CHECK(one["WT"].size() == 2);
  }
  std::ranges::sort(tested);
  for (int i = 0; i < 6; ++i) CHECK(tested[static_cast<std::size_t>(i)] == Phantoms::id(i));
  const auto weights = [&](const char* seed) {
    return read_text(e / "out" / seed / "fold-0" / "unet" / "best.safetensors");
  };
  CHECK(weights("seed-0") != weights("seed-1"));
}

TEST_CASE("an experiment takes cases to train on and cases without labels from other folders") {
  const Experiment e;
  e.make("more", "6", "2");
  e.make("trained", "8", "2");
  e.make("bare", "10", "2", {"--unlabelled"});
  const Outcome outcome =
      e.run("out", {e / "more", "--train-data", e / "trained", "--unlabelled", e / "bare",
                    "--validation-fraction", "0.5", "--all-students"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Words labelled = e.listed("out", "labelled"), unlabelled = e.listed("out", "unlabelled"),
              test = e.listed("out", "test");
  CHECK(labelled.size() == 2 + 2);
  CHECK(unlabelled.size() == 3 + 2);
  CHECK(test.size() == 3);
  const auto has = [](const Words& ids, const std::string& id) {
    return std::ranges::find(ids, id) != ids.end();
  };
  for (const std::string id : {"BraTS-GLI-00008-000", "BraTS-GLI-00009-000"})
    CHECK(has(labelled, id));
  for (const std::string id : {"BraTS-GLI-00010-000", "BraTS-GLI-00011-000"})
    CHECK(has(unlabelled, id));
  CHECK(names_in(e / "out" / "seed-0" / "distilled" / "pseudo_labels").size() == 2 * 5);
  const Json results = e.results("out"), round = results["rounds"][0];
  REQUIRE(results["systems"].size() == 6);
  CHECK(results["systems"][5]["name"] == "Ensemble of students");
  REQUIRE(round["validation"].size() == 1);
  CHECK_FALSE(has({"BraTS-GLI-00008-000", "BraTS-GLI-00009-000"}, round["validation"][0]));
}

TEST_CASE("a case that cannot be used ends an experiment before it begins, or is left out") {
  const Experiment e;
  e.make("bare", "10", "1", {"--unlabelled"});
  const auto home = [&](int i) { return e / "data" / Phantoms::id(i); };
  std::filesystem::remove(home(1) / (Phantoms::id(1) + "-t1n.nii.gz"));
  rewrite(home(4) / (Phantoms::id(4) + "-t2w.nii.gz"),
          [](std::vector<float>& voxels) { std::ranges::fill(voxels, 7.0F); });
  const Words folders{"--unlabelled", e / "bare", "--unlabelled-fraction", "0"};
  const Outcome refused = e.run("out", folders);
  CHECK(refused.code == 3);
  CHECK(holds(refused.err, "case " + Phantoms::id(1), "missing T1"));
  CHECK_FALSE(std::filesystem::exists(e / "out"));

  Words going = folders;
  going.emplace_back("--keep-going");
  const Outcome left_out = e.run("out", going);
  CAPTURE(left_out.err);
  CHECK(left_out.code == 7);
  CHECK(holds(left_out.err, "case " + Phantoms::id(1), "T2: got the one value 7"));
  const Json round = e.results("out")["rounds"][0];
  CHECK(round["labelled"].size() + round["test"].size() == 4);
  going.emplace_back("--resume");
  CHECK(e.run("out", going).code == 7);
}

TEST_CASE("scans of one patient stay together, and folders that share a patient are refused") {
  const Experiment e;
  // The second scan of the first three patients is a phantom of another number.
  for (int i = 3; i < 6; ++i) {
    const std::string from = Phantoms::id(i),
                      to = Phantoms::id(i - 3).substr(0, Phantoms::id(0).size() - 1) + "1";
    std::filesystem::rename(e / "data" / from, e / "data" / to);
    for (const std::string& name : names_in(e / "data" / to)) {
      std::filesystem::rename(e / "data" / to / name,
                              e / "data" / to / (to + name.substr(from.size())));
    }
  }
  REQUIRE(e.run("out").code == 0);
  const Json round = e.results("out")["rounds"][0];
  for (const char* part : {"labelled", "unlabelled", "test"}) {
    CAPTURE(part);
    REQUIRE(round[part].size() == 2);
    const std::string first = round[part][0], second = round[part][1];
    CHECK(first.substr(0, first.size() - 1) == second.substr(0, second.size() - 1));
  }

  std::filesystem::create_directory(e / "followed");
  const std::string moved = Phantoms::id(0).substr(0, Phantoms::id(0).size() - 1) + "1";
  std::filesystem::rename(e / "data" / moved, e / "followed" / moved);
  const Words folders{"--train-data", e / "followed", "--dry-run"};
  const Outcome refused = e.run("other", folders);
  CHECK(refused.code == 3);
  CHECK(holds(refused.err, moved, "of one patient", "allow_shared_patients"));
  Words allowed = folders;
  allowed.emplace_back("--allow-shared-patients");
  const Outcome outcome = e.run("other", allowed);
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.out, "--allow-shared-patients"));
}

TEST_CASE("an experiment needs a case for every part, before any phase") {
  const Phantoms p;
  const auto refused = [&](const Words& more, int code, const std::string& message) {
    Words words{"experiment", p.data(), "--out", p / "out"};
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
          "and case " + Phantoms::id(0) + " of the --train-data set");
  refused({"--unlabelled", p / "none"}, 4, "none");
  refused({"--cascaded", "vnet"}, 2, "vnet");
  refused({"--residual-args", "--rate x"}, 2, "training of Residual UNet: --rate: got x");
  refused({"--train-args", "--pach 16"}, 2, "--pach");
  refused({"--patch", "20"}, 2, "20");
  refused({"--seeds", "0"}, 2, "expected a positive number");
  refused({"--test-fraction", "-0.1"}, 2, "--test-fraction");
}
