// What a new user gets wrong, and what must survive it.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia::test;

namespace {

/// The bytes of all files below a folder, by name.
std::string snapshot(const std::filesystem::path& folder) {
  std::string all;
  for (const std::string& name : names_in(folder)) {
    if (std::filesystem::is_regular_file(folder / name))
      all += name + "\n" + read_text(folder / name) + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("messages about options name the option, what was got and what was expected") {
  const Phantoms p;
  struct Mistake {
    std::vector<std::string> arguments;
    std::vector<std::string> message;
  };
  for (const Mistake& mistake : std::vector<Mistake>{
           {{"trane", "data"}, {"trane", "nearest is train"}},
           {{"train"}, {"data", "required"}},
           {{"train", "data"}, {"--out", "required"}},
           {{"train", "data", "--out", "x", "--patch", "twelve"},
            {"--patch", "got twelve", "a positive number"}},
           {{"train", "data", "--out", "x", "--epochs", "-3"},
            {"--epochs", "got -3", "a positive number"}},
           {{"train", "data", "--out", "x", "--clip", "-1"}, {"--clip", "got -1", "not negative"}},
           {{"train", "data", "--out", "x", "--optimizer", "adm"}, {"--optimizer", "adm", "adamw"}},
           {{"train", "data", "--out", "x", "--label-scheme", "b"},
            {"--label-scheme", "'b'", "brats2023"}},
           {{"train", "data", "--out", "x", "--seed", "-1"}, {"--seed", "got -1"}},
           {{"info", "--threads", "4096"}, {"--threads", "4096", "1024"}},
           {{"train", "data", "--out", "x", "--loader-threads", "4096"},
            {"--loader-threads", "4096", "1024"}},
           {{"segment", "data", "--out", "x", "--model", "y", "--output-scheme", "c"},
            {"--output-scheme", "'c'"}},
           {{"segment", "data", "--out", "x", "--model", "y", "--rule", "d"},
            {"--rule", "hierarchical"}},
           {{"phantom", "x", "--extent", "10x10"}, {"--extent", "got 10x10", "WxHxD"}},
           {{"evaluate", "nothing", p.data()}, {"prediction", "nothing"}},
           {{"check", p.data(), "--scheme-of", "nowhere=msd"}, {"--scheme-of", "nowhere"}},
           {{"check", p.data(), "--scheme-of", "msd"}, {"--scheme-of", "msd", "FOLDER=SCHEME"}},
           {{"train", p.data(), "--out", p / "x", "--network", "unet-tiny", "--patch", "16",
             "--validation", "nobody"},
            {"--validation", "nobody"}}}) {
    const Outcome outcome = p.run(mistake.arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    for (const std::string& part : mistake.message) {
      CAPTURE(part);
      CHECK(holds(outcome.err, part));
    }
  }
  CHECK_FALSE(std::filesystem::exists(p / "x"));
}

TEST_CASE(
    "a configuration file with an unknown option, of the wrong form or that is missing is "
    "refused") {
  const Phantoms p;
  const auto with = [&](const std::string& text) {
    std::ofstream(p / "options.toml") << text;
    return p.run(
        {"--config", p / "options.toml", "info", "--network", "unet-tiny", "--patch", "16"});
  };
  CHECK(with("[info]\nbatch = 2\n").code == 0);
  for (const std::string text : {"sed = 3\n", "[info]\npach = 32\n", "[info]\nbatch = \"x\"\n"}) {
    CAPTURE(text);
    CHECK(with(text).code == 2);
  }
  const Outcome missing = p.run({"--config", p / "none.toml", "info"});
  CHECK(missing.code == 2);
  CHECK(holds(missing.err, "none.toml"));
}

TEST_CASE("the configuration that a run leaves repeats it to the last byte") {
  const Phantoms p;
  REQUIRE(p.train("first", {"--rate", "3e-3", "--seed", "9", "--steps-per-epoch", "3"}).code == 0);
  const Outcome again =
      p.run({"--config", p / "first" / "config.toml", "train", "--out", p / "second"});
  CAPTURE(again.err);
  REQUIRE(again.code == 0);
  CHECK(read_text(p / "first" / "best.safetensors") ==
        read_text(p / "second" / "best.safetensors"));
}

TEST_CASE("a refused command leaves an earlier run as it was") {
  const Phantoms p;
  const auto run = p / "run";
  std::ofstream(run / "notes.txt") << "mine";
  const std::string before = snapshot(run);
  CHECK(p.train("run", {"--overwrite", "--patch", "20"}).code == 2);
  CHECK(p.train("run", {"--overwrite", "--network", "vnet"}).code == 2);
  CHECK(p.train("run", {"--overwrite", "--validation", "nobody"}).code == 2);
  CHECK(p.train("run", {"--resume", "--rate", "1"}).code == 2);
  CHECK(p.train("run").code == 2);
  CHECK(snapshot(run) == before);
  CHECK(p.train("run", {"--overwrite"}).code == 0);
  CHECK(read_text(run / "notes.txt") == "mine");
}

TEST_CASE("folders that cannot be read or written end with code 4 or 3 and their name") {
  const Phantoms p;
  std::ofstream(p / "file") << "x";
  const std::string inside = p / "file" / "run";
  for (const Outcome& outcome :
       {p.run({"train", p.data(), "--out", inside, "--network", "unet-tiny", "--patch", "16",
               "--epochs", "1"}),
        p.run({"segment", p.data(), "--model", p.weights(), "--out", inside}),
        p.run({"phantom", inside, "--count", "1"}),
        p.run({"check", p.data(), "--json", p / "none" / "x.json"}),
        p.run({"evaluate", p.file(0, "seg"), p.home(0), "--csv", p / "none" / "x.csv"}),
        p.run({"train", p / "none", "--out", p / "x", "--network", "unet-tiny", "--patch", "16"}),
        p.run({"check", p / "none"}),
        p.run({"segment", p.data(), "--model", p / "none", "--out", p / "labels"}),
        p.run({"train", p.data(), "--out", p / "x", "--network", "unet-tiny", "--patch", "16",
               "--epochs", "1", "--log-json", p / "none" / "log"})}) {
    CAPTURE(outcome.err);
    CHECK(outcome.code == 4);
    CHECK((holds(outcome.err, inside) || holds(outcome.err, (p / "none").string())));
  }
  std::filesystem::create_directory(p / "empty");
  for (const Outcome& outcome :
       {p.run({"train", p / "empty", "--out", p / "x", "--network", "unet-tiny", "--patch", "16"}),
        p.run({"segment", p / "empty", "--model", p.weights(), "--out", p / "labels"}),
        p.run({"evaluate", p / "empty", p / "empty"}), p.run({"check", p / "empty"})}) {
    CHECK(outcome.code == 3);
    CHECK(holds(outcome.out + outcome.err, (p / "empty").string(), "found no cases"));
  }
  CHECK_FALSE(std::filesystem::exists(p / "x"));
  CHECK_FALSE(std::filesystem::exists(p / "labels"));
}

TEST_CASE("weights that are none are refused before anything is written") {
  const Phantoms p;
  std::ofstream(p / "text") << "these are not weights";
  const auto refusal = [&](const std::string& model, int code) {
    const Outcome outcome = p.run({"segment", p.data(), "--model", model, "--out", p / "labels"});
    CHECK(outcome.code == code);
    CHECK(holds(outcome.err, model));
    CHECK_FALSE(std::filesystem::exists(p / "labels"));
    return outcome.err;
  };
  CHECK(holds(refusal(p / "text", 3), "not a usable safetensors file"));
  CHECK(holds(refusal(p / "run" / "last.safetensors", 2), "best.safetensors"));
  CHECK(holds(refusal(p / "run", 3), "a directory"));
  const Outcome patch = p.segment("labels", {"--patch", "20"});
  CHECK(patch.code == 2);
  CHECK(holds(patch.err, "--patch", "got 20", "16 and 24"));
  CHECK_FALSE(std::filesystem::exists(p / "labels"));
}

TEST_CASE("--dry-run reads and checks but writes nothing") {
  const Phantoms p;
  const std::string log = p / "log";
  const auto before = names_in(p / "");
  CHECK(p.train("x", {"--dry-run", "--log-json", log}).code == 0);
  CHECK(p.segment("x", {"--dry-run", "--log-json", log}).code == 0);
  CHECK(p.check({"--dry-run", "--json", log}).code == 0);
  CHECK(p.run({"phantom", p / "x", "--dry-run"}).code == 0);
  CHECK(p.run({"evaluate", p.file(0, "seg"), p.home(0), "--dry-run", "--json", log, "--csv",
               p / "y", "--picture", p / "z"})
            .code == 0);
  CHECK(names_in(p / "") == before);
}

TEST_CASE("results go to stdout, progress to stderr in plain lines, and --quiet has no progress") {
  const Phantoms p;
  const std::string log = p / "log";
  const Outcome loud = run_glia(
      p / "", {"segment", p.data(), "--model", p.weights(), "--out", p / "a", "--log-json", log});
  CHECK(loud.code == 0);
  CHECK(holds(loud.err, "segment " + Phantoms::id(0), "windows"));
  CHECK_FALSE(holds(loud.err, "\r"));
  CHECK_FALSE(holds(loud.err, "\033"));
  const Outcome quiet = p.segment("b", {"--log-json", log});
  CHECK_FALSE(holds(quiet.err, "windows"));
  CHECK(p.train("c", {"--log-json", log}).code == 0);
  int lines = 0;
  std::istringstream text(read_text(log));
  for (std::string line; std::getline(text, line); ++lines)
    CHECK(nlohmann::json::parse(line).is_object());
  CHECK(lines == 3 + 3 + 2 + 6);  // per case of two runs, a step and an epoch, starts and ends
}

TEST_CASE("evaluation of what does not fit the truth") {
  const Phantoms p;
  const auto labels = p / "labels";
  std::filesystem::create_directory(labels);
  const auto add = [&](int from, int as) {
    std::filesystem::copy_file(p.file(from, "seg"), labels / (Phantoms::id(as) + ".nii.gz"),
                               std::filesystem::copy_options::overwrite_existing);
  };
  const Outcome none = p.run({"evaluate", labels, p.data()});
  CHECK(none.code == 3);
  CHECK(holds(none.err, labels.string(), "no prediction"));
  add(0, 0);
  const Outcome one = p.run({"evaluate", labels, p.data()});
  CHECK(one.code == 7);
  CHECK(holds(one.err, "2 case(s)", "no prediction", Phantoms::id(1) + ", " + Phantoms::id(2)));
  CHECK(holds(one.out, "mean of 1 of 3"));
  const Outcome single = p.run({"evaluate", p.file(0, "seg"), p.data()});
  CHECK(single.code == 2);
  CHECK(holds(single.err, "one file", "3 cases"));

  add(1, 1);
  REQUIRE(p.run({"phantom", p / "large", "--count", "1", "--extent", "26x22x20"}).code == 0);
  std::filesystem::copy_file(p / "large" / Phantoms::id(0) / (Phantoms::id(0) + "-seg.nii.gz"),
                             labels / (Phantoms::id(2) + ".nii.gz"));
  const Outcome other = p.run({"evaluate", labels, p.data(), "--json", p / "scores.json"});
  CHECK(other.code == 3);
  CHECK(holds(other.err, "case " + Phantoms::id(2), "shape", "26x22x20", "24x22x20"));
  CHECK_FALSE(std::filesystem::exists(p / "scores.json"));
  const Outcome others =
      p.run({"evaluate", labels, p.data(), "--json", p / "scores.json", "--keep-going"});
  CHECK(others.code == 7);
  const auto scores = nlohmann::json::parse(read_text(p / "scores.json"));
  CHECK(scores["cases"].size() == 2);
  CHECK(scores["left_out"] == nlohmann::json::array({Phantoms::id(2)}));
}

TEST_CASE("results name the cases without a prediction and predictions without a case") {
  const Phantoms p;
  const auto labels = p / "labels";
  std::filesystem::create_directory(labels);
  std::filesystem::copy_file(p.file(0, "seg"), labels / (Phantoms::id(0) + ".nii.gz"));
  std::filesystem::copy_file(p.file(1, "seg"), labels / "stray.nii.gz");
  const std::vector<std::string> command{"evaluate",   labels,  p.data(),    "--json",
                                         p / "s.json", "--csv", p / "s.csv", "--overwrite"};
  const Outcome some = p.run(command);
  CHECK(some.code == 7);
  CHECK(holds(some.err, "1 file(s) of " + labels.string(), "stray.nii.gz"));
  const auto scores = nlohmann::json::parse(read_text(p / "s.json"));
  CHECK(scores["cases"].size() == 1);
  CHECK(scores["left_out"] == nlohmann::json{Phantoms::id(1), Phantoms::id(2)});
  CHECK(scores["predictions_without_truth"] == nlohmann::json::array({"stray.nii.gz"}));
  CHECK(holds(read_text(p / "s.csv"), "\n" + Phantoms::id(1) + ",,,,,,,,,,,,\n"));

  // Who chose the cases is not told of the others.
  std::ofstream(p / "only.txt") << Phantoms::id(0) << "\n";
  const Outcome chosen = p.run({"evaluate", labels, p.data(), "--only", p / "only.txt"});
  CHECK(chosen.code == 0);
  CHECK_FALSE(holds(chosen.err, "stray"));

  // Two files for one case: which one was meant?
  std::filesystem::copy_file(p.file(0, "seg"), labels / (Phantoms::id(0) + ".nii"));
  std::filesystem::copy_file(p.file(1, "seg"), labels / (Phantoms::id(1) + ".nii.gz"));
  const Outcome two = p.run(command);
  CHECK(two.code == 3);
  CHECK(holds(two.err, "case " + Phantoms::id(0), "got 2 files", Phantoms::id(0) + ".nii, "));
  std::vector<std::string> going = command;
  going.emplace_back("--keep-going");
  CHECK(p.run(going).code == 7);
  CHECK(nlohmann::json::parse(read_text(p / "s.json"))["left_out"] ==
        nlohmann::json{Phantoms::id(0), Phantoms::id(2)});
}

TEST_CASE("a prediction whose voxels lie elsewhere is not scored") {
  const Phantoms p;
  const auto labels = p / "labels";
  std::filesystem::create_directory(labels);
  const std::filesystem::path moved = labels / (Phantoms::id(0) + ".nii.gz");
  std::filesystem::copy_file(p.file(0, "seg"), moved);
  const auto x = static_cast<float>(glia::read_nifti(moved).header.affine.m[0][3]) + 2;
  constexpr std::size_t qoffset_x = 268, srow_x = 280;
  NiftiDamage(moved).put(qoffset_x, x).put(srow_x + 3 * sizeof(float), x).save();
  const Outcome refused = p.run({"evaluate", labels, p.home(0)});
  CHECK(refused.code == 3);
  CHECK(holds(refused.err, moved.string(), "affine", "2 mm apart", "0.1 mm"));
  CHECK(p.run({"evaluate", labels, p.home(0), "--affine-tolerance", "2.5"}).code == 0);
}

TEST_CASE("results that cannot be written end with code 4") {
  const Phantoms p;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"check", p.data()}, {"info", "--network", "unet-tiny"}}) {
    std::string line = "'" + std::string(GLIA_PROGRAM) + "'";
    for (const std::string& word : words) line += " '" + word + "'";
    const TemporaryDirectory prints;
    Process process(prints.path(), {"sh", "-c", line + " >/dev/full"});
    CHECK(process.wait() == 4);
    CHECK(holds(process.err(), "standard output", "No space left"));
  }
}

TEST_CASE("every command says in the log that it started and how it ended") {
  const Phantoms p;
  const std::filesystem::path log = p / "log.jsonl";
  REQUIRE(p.run({"check", p.data(), "--log-json", log}).code == 0);
  std::istringstream text(read_text(log));
  std::string first, last;
  std::getline(text, first);
  std::getline(text, last);
  const auto start = nlohmann::json::parse(first), end = nlohmann::json::parse(last);
  CHECK(start["event"] == "start");
  CHECK(start["command"] == "check");
  CHECK(end["event"] == "end");
  CHECK(end["command"] == "check");
  CHECK(end["exit_code"] == 0);
}

TEST_CASE("the log of a resumed run says where it started and after which step it went on") {
  const Phantoms p;
  const std::filesystem::path log = p / "log.jsonl";
  REQUIRE(p.train("run", {"--overwrite", "--epochs", "2", "--log-json", log}).code == 0);
  std::filesystem::copy(p / "run", p / "half", std::filesystem::copy_options::recursive);
  std::filesystem::remove(log);
  const Outcome resumed = p.train("half", {"--epochs", "2", "--resume", "--log-json", log});
  REQUIRE_MESSAGE(resumed.code == 0, resumed.err);
  std::istringstream text(read_text(log));
  std::vector<nlohmann::json> events;
  for (std::string line; std::getline(text, line);) events.push_back(nlohmann::json::parse(line));
  REQUIRE(events.size() == 3);
  CHECK(events[0]["event"] == "start");
  CHECK(events[1]["event"] == "resume");
  CHECK(events[1]["step"] == 2);
  CHECK(events[2]["event"] == "end");
}

TEST_CASE("a device that is not there is refused by every command") {
  const Phantoms p;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"check", p.data()}, {"evaluate", p.data(), p.data()}}) {
    std::vector<std::string> more = words;
    more.insert(more.end(), {"--device", "cuda:0"});
    const Outcome outcome = p.run(more);
    CHECK(outcome.code == 4);
    CHECK(holds(outcome.err, "--device", "cuda:0"));
  }
}

TEST_CASE("sizes that no memory holds end with code 5") {
  const Phantoms p;
  const std::vector<std::string> segment{"segment", p.data(),  "--model", p.weights(),
                                         "--out",   p / "out", "--patch", "4194304"};
  for (const std::vector<std::string>& words :
       {segment, {"info", "--network", "unet-tiny", "--patch", "4194304"}}) {
    const Outcome outcome = p.run(words);
    CHECK(outcome.code == 5);
    CHECK(holds(outcome.err, "4194304"));
  }
}

TEST_CASE("a damaged dataset.json beside good cases is left out with code 7") {
  const Phantoms p;
  const auto broken = p / "broken";
  std::filesystem::create_directories(broken / "imagesTr");
  std::ofstream(broken / "dataset.json") << "{\"labels\": {\"edema\": []";
  const std::vector<std::string> words{"segment",   p.data(), broken,   "--model",
                                       p.weights(), "--out",  p / "out"};
  CHECK(p.run(words).code == 3);
  std::vector<std::string> going = words;
  going.emplace_back("--keep-going");
  CHECK(p.run(going).code == 7);
}

TEST_CASE("segment does not look at labels that it does not need, and training warns aloud") {
  const Phantoms p;
  rewrite(p.file(0, "seg"), [](auto& voxels) { voxels[0] = 9; });
  const Outcome outcome = p.run({"segment", p.data(), "--model", p.weights(), "--out", p / "out"});
  CHECK_MESSAGE(outcome.code == 0, outcome.err);
  rewrite(p.file(0, "seg"), [](auto& voxels) { std::ranges::fill(voxels, 0); });
  const Outcome trained = p.train("warned", {"--quiet"});
  CHECK(trained.code == 0);
  CHECK(holds(trained.err, "warning", "no voxel is tumour"));
}

TEST_CASE("an output that is one of the inputs is refused and the input kept") {
  const Phantoms p;
  const auto truth = p / "truth";
  std::filesystem::create_directory(truth);
  const std::filesystem::path label = p.file(0, "seg");
  std::filesystem::create_symlink(label, truth / (Phantoms::id(0) + ".nii.gz"));
  const std::string before = read_text(label);
  for (const char* command : {"segment", "annotate"}) {
    const Outcome outcome =
        p.run({command, p.data(), "--model", p.weights(), "--out", truth, "--overwrite"});
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, "case " + Phantoms::id(0), "another place"));
  }
  const Outcome scored = p.run(
      {"evaluate", p.file(0, "seg"), p.file(0, "seg"), "--json", p.file(0, "seg"), "--overwrite"});
  CHECK(scored.code == 2);
  CHECK(read_text(label) == before);
}

TEST_CASE("numbers that are none, infinite or too large to count are usage errors") {
  const Phantoms p;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--rate", "inf"},
           {"--rate", "nan"},
           {"--foreground", "nan"},
           {"--momentum", "nan"},
           {"--smooth", "inf"},
           {"--scale-low", "0", "--scale-probability", "1"},
           {"--contrast-high", "1", "--contrast-low", "2"},
           {"--epochs", "9223372036854775807", "--steps-per-epoch", "2"}}) {
    CAPTURE(words.front());
    const Outcome outcome = p.train("none", words);
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, "got " + words[1]));
    CHECK(names_in(p / "none").empty());
  }
  const Outcome patch = p.run({"info", "--network", "unet-tiny", "--patch", "20"});
  CHECK(patch.code == 2);
  CHECK(holds(patch.err, "got 20", "16 and 24"));
}

TEST_CASE("threads that the system does not give end with code 5") {
  if (address_sanitizer) {
    MESSAGE("skipped: the sanitizer needs more than the limit");
    return;
  }
  const Phantoms p;
  const TemporaryDirectory prints;
  const std::string line = "ulimit -v 600000; '" + std::string(GLIA_PROGRAM) + "' segment '" +
                           p.data() + "' --model '" + p.weights() + "' --out '" +
                           std::string(p / "out") + "' --threads 1000";
  Process process(prints.path(), {"sh", "-c", line});
  CHECK(process.wait() == 5);
  CHECK(holds(process.err(), "threads: got 1000"));
}

TEST_CASE("a signal stops segmentation between windows") {
  const Phantoms p;
  const TemporaryDirectory prints;
  Process process(prints.path(), {GLIA_PROGRAM, "segment", p.data(), "--model", p.weights(),
                                  "--out", p / "out", "--mirror", "--overlap", "0.9"});
  while (process.running() && process.err().find("windows") == std::string::npos) {
  }
  process.send(SIGTERM);
  CHECK(process.wait() == 143);
  CHECK(holds(process.err(), "stopped by signal 15 after", "of 3 cases"));
  for (const std::string& name : names_in(p / "out")) CHECK_FALSE(holds(name, "tmp"));
}
