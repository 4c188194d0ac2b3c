// The whole workflow of distillation: teachers label, a student learns, nobody is tested on it.
#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "glia/io/safetensors.hpp"
#include "pseudo_labels.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// Three labelled phantoms, three others for the teacher, and its weights.
class Distillation {
 public:
  Distillation() { make("unlabelled", "3", "3"); }
  void make(const std::string& name, const std::string& first, const std::string& count) const {
    const Outcome made =
        phantoms_.run({"phantom", phantoms_ / name, "--first", first, "--count", count, "--extent",
                       Phantoms::extent, "--seed", "5", "--unlabelled"});
    REQUIRE_MESSAGE(made.code == 0, made.err);
  }
  [[nodiscard]] const Phantoms& phantoms() const { return phantoms_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return phantoms_ / name;
  }
  [[nodiscard]] std::vector<std::string> command(const std::string& out,
                                                 std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"distill",
                                   phantoms_.data(),
                                   "--unlabelled",
                                   phantoms_ / "unlabelled",
                                   "--teacher",
                                   phantoms_.weights(),
                                   "--out",
                                   phantoms_ / out,
                                   "--network",
                                   "unet-tiny",
                                   "--patch",
                                   "16",
                                   "--batch",
                                   "2",
                                   "--epochs",
                                   "2",
                                   "--steps-per-epoch",
                                   "6",
                                   "--save-every",
                                   "2",
                                   "--rate",
                                   "1e-3",
                                   "--validation",
                                   Phantoms::id(0),
                                   "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Outcome run(const std::string& out, std::vector<std::string> more = {}) const {
    return phantoms_.run(command(out, std::move(more)));
  }

 private:
  Phantoms phantoms_;
};

}  // namespace

TEST_CASE("a student learns from labelled and pseudo-labelled cases, and says so in its weights") {
  const Distillation d;
  const Phantoms& p = d.phantoms();
  const Outcome outcome = d.run("student", {"--labelled-share", "0.5"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(names_in(d / "student") == std::vector<std::string>{"best.safetensors", "config.toml",
                                                            "history.csv", "last.safetensors",
                                                            "previous.safetensors", "pseudo_labels",
                                                            "times.csv"});
  CHECK(names_in(d / "student" / "pseudo_labels").size() == 6);
  const auto metadata = SafetensorsFile::open(d / "student" / "best.safetensors").metadata();
  const std::string pseudo = p.id(3) + "," + p.id(4) + "," + p.id(5);
  CHECK(metadata.at("glia.pseudo_labelled_cases") == pseudo);
  CHECK(metadata.at("glia.training_cases") == p.id(1) + "," + p.id(2) + "," + pseudo);
  CHECK(metadata.at("glia.validation_cases") == p.id(0));
  CHECK(holds(metadata.at("glia.teachers"), "best.safetensors:"));
  CHECK(holds(metadata.at("glia.labelling"), "hard"));

  // T40: what the student segments of its own pseudo-labelled cases is no evidence.
  const std::string student = d / "student" / "best.safetensors";
  REQUIRE(p.run({"phantom", d / "truth", "--first", "3", "--count", "4", "--extent",
                 Phantoms::extent, "--seed", "5"})
              .code == 0);
  const Outcome segmented =
      p.run({"segment", d / "truth", "--model", student, "--out", d / "segmented"});
  REQUIRE_MESSAGE(segmented.code == 0, segmented.err);
  CHECK(holds(segmented.err, "case " + p.id(3), "trained on a teacher's labels of it"));
  CHECK(names_in(d / "segmented").size() == 4 + 3);
  const Outcome refused = p.run({"evaluate", d / "segmented", d / "truth"});
  CHECK(refused.code == 3);
  CHECK(holds(refused.err, "case " + p.id(3), "pseudo-labelled"));
  CHECK(p.run({"evaluate", d / "segmented", d / "truth" / p.id(6)}).code == 0);
}

TEST_CASE("soft and confident labels go into training, and are not those of hard ones") {
  const Distillation d;
  std::vector<std::string> students;
  for (const std::string labelling : {"hard", "soft", "confident"}) {
    const Outcome outcome = d.run(
        labelling, {"--labelling", labelling, "--unsure-above", "0.3", "--unsure-below", "0.7"});
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    students.push_back(read_text(d / labelling / "last.safetensors"));
    CHECK(names_in(d / labelling / "pseudo_labels").size() == (labelling == "hard" ? 6U : 9U));
  }
  CHECK(students[0] != students[1]);
  CHECK(students[0] != students[2]);
  CHECK(students[1] != students[2]);
}

TEST_CASE("killed at random moments of either phase and resumed, it ends in the same bytes") {
  const Distillation d;
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(d.run("straight").code == 0);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  std::mt19937 random(4);  // NOLINT(cert-msc51-cpp): the same moments every time
  std::uniform_real_distribution<double> moment(0.1, 1.0);
  for (int kills = 0; kills < 8;) {
    std::filesystem::remove_all(d / "killed");
    for (bool finished = false; !finished;) {
      std::vector<std::string> words = d.command("killed", {"--resume"});
      words.insert(words.begin(), GLIA_PROGRAM);
      Process process(d / "", std::move(words));
      if (kills < 8 && kill_after(process, whole.count() * moment(random))) {
        ++kills;
        continue;
      }
      const int code = process.wait();
      REQUIRE_MESSAGE(code == 0, process.err());
      finished = true;
    }
    for (const char* file : {"last.safetensors", "best.safetensors", "history.csv"})
      CHECK(read_text(d / "killed" / file) == read_text(d / "straight" / file));
    CHECK(contents_of(d / "killed" / "pseudo_labels") ==
          contents_of(d / "straight" / "pseudo_labels"));
    CHECK(names_in(d / "killed") == names_in(d / "straight"));
  }
}

TEST_CASE("T01: sets that share a case by id or by content are refused before any work") {
  const Distillation d;
  const Phantoms& p = d.phantoms();
  const auto refused = [&](std::vector<std::string> more, const std::string& one,
                           const std::string& other) {
    const Outcome outcome = d.run("student", std::move(more));
    CAPTURE(outcome.err);
    CHECK(outcome.code == 3);
    CHECK(holds(outcome.err, "case " + one, "case " + other, "same"));
    CHECK_FALSE(std::filesystem::exists(d / "student"));
  };
  // The same voxels under another id, in files that are not compressed.
  const std::string twin = "BraTS-GLI-00077-000";
  copy_case(d / "unlabelled" / p.id(4), d / "test" / twin);
  refused({"--test", d / "test"}, p.id(4), twin);
  copy_case(p.home(1), d / "more" / "BraTS-GLI-00088-000");
  refused({"--unlabelled", d / "more"}, p.id(1), "BraTS-GLI-00088-000");
  refused({"--validation-data", d / "more"}, p.id(1), "BraTS-GLI-00088-000");
  refused({"--unlabelled", p.data()}, p.id(1), p.id(1));

  std::filesystem::create_directory(d / "empty");
  std::vector<std::string> words = d.command("student");
  words[3] = d / "empty";
  const Outcome none = p.run(std::move(words));
  CHECK(none.code == 3);
  CHECK_FALSE(std::filesystem::exists(d / "student"));
}

TEST_CASE("D25: glia train refuses a validation set that holds a training case under another id") {
  const Phantoms p;
  copy_case(p.home(2), p / "held-out" / "BraTS-GLI-00099-000");
  const Outcome outcome = p.train("leak", {"--validation-data", p / "held-out"});
  CHECK(outcome.code == 3);
  CHECK(holds(outcome.err, "case " + p.id(2), "BraTS-GLI-00099-000", "the same images"));
}
