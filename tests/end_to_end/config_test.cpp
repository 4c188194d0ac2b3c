// Values arrive as they were written: on the command line, in a file, in the file that a run
// leaves.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia::test;

namespace {

/// The number of epochs in a run's history.
std::ptrdiff_t epochs_of(const std::filesystem::path& run) {
  const std::string history = read_text(run / "history.csv");
  return std::ranges::count(history, '\n') - 1;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("every text survives a run's own configuration") {
  const Phantoms p;
  for (const std::string name :
       {"a#b", "t\"o", "it's \"both\"", "back\\slash", "new\nline", "[x]", "[a,b]", "a, b",
        " blanks ", "J\xc3\xb3se \xf0\x9f\xa7\xa0", "k=v", "{}", "010", "not UTF-8 \xff"}) {
    CAPTURE(name);
    const std::filesystem::path data = p / name;
    std::filesystem::remove_all(p / "runs");
    std::filesystem::create_directories(p / "runs");
    std::filesystem::copy(p.data(), data, std::filesystem::copy_options::recursive);
    const std::filesystem::path run = p / "runs" / name;
    const std::string only = p / (name + ".txt");
    write(only, Phantoms::id(1) + "\n" + Phantoms::id(2) + "\n");
    const Outcome first =
        p.run({"train", data, "--out", run, "--network", "unet-tiny", "--patch", "16",
               "--steps-per-epoch", "1", "--epochs", "1", "--validation-fraction", "0", "--only",
               only, "--scheme-of", data.string() + "=brats2023"});
    CAPTURE(first.err);
    REQUIRE(first.code == 0);
    CHECK(names_in(p / "runs") == std::vector<std::string>{name});

    // Given the file and the command alone, the program repeats the run in the same folder.
    const std::string config = read_text(run / "config.toml");
    const std::string weights = read_text(run / "best.safetensors");
    std::filesystem::rename(run / "config.toml", p / "config.toml");
    std::filesystem::remove(run / "best.safetensors");
    const Outcome again = p.run({"--config", p / "config.toml", "--overwrite", "train"});
    CAPTURE(config);
    CAPTURE(again.err);
    REQUIRE(again.code == 0);
    CHECK(names_in(p / "runs") == std::vector<std::string>{name});
    CHECK(read_text(run / "best.safetensors") == weights);
    std::string repeated = read_text(run / "config.toml");
    const auto overwrite = repeated.find("overwrite = true");
    REQUIRE(overwrite != std::string::npos);
    CHECK(repeated.replace(overwrite, 16, "overwrite = false") == config);
  }
}

TEST_CASE("zeros before an integer do not make it octal, whatever the option") {
  const Phantoms p;
  const std::vector<std::string> network{"info", "--network", "unet-tiny", "--patch"};
  CHECK(holds(p.run(joined(network, {"064"})).out, "[1, 64, 64, 64, 4]"));
  CHECK(holds(p.run(joined(network, {"+0016", "--batch", "010"})).out, "[10, 16, 16, 16, 4]"));
  write(p / "options.toml",
        "seed = 0007\n[info]\nnetwork = \"unet-tiny\"\npatch = 032\n"
        "batch = \"08\"\n");
  CHECK(holds(p.run({"--config", p / "options.toml", "info"}).out, "[8, 32, 32, 32, 4]"));
  REQUIRE(p.train("ten", {"--epochs", "010", "--seed", "010"}).code == 0);
  CHECK(epochs_of(p / "ten") == 10);
  REQUIRE(p.train("decimal", {"--epochs", "10", "--seed", "10"}).code == 0);
  CHECK(read_text(p / "ten" / "best.safetensors") == read_text(p / "decimal" / "best.safetensors"));
  // Other integers than those that were written are no way out.
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--epochs", "99999999999999999999"},
                                             {"--max-skipped", "99999999999"},
                                             {"--seed", "18446744073709551616"},
                                             {"--seed", "-1"}}) {
    const Outcome outcome = p.train("none", words);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, words[0], words[1]));
  }
}

TEST_CASE("a path in brackets is a path") {
  const Phantoms p;
  const std::filesystem::path folder = p / "[ph]";
  std::filesystem::copy(p.data(), folder, std::filesystem::copy_options::recursive);
  std::filesystem::rename(p.data(), p / "ph");
  const auto in_folder = [&](const std::string& words) {
    const std::string line = "cd '" + (p / "").string() + "' && '" + GLIA_PROGRAM + "' " + words;
    return run_program(p / "", {"sh", "-c", line});
  };
  CHECK(in_folder("check '[ph]'").code == 0);
  const Outcome trained = in_folder(
      "train '[ph]' --out='[out]' --network unet-tiny --patch 16 --epochs 1 "
      "--steps-per-epoch 1 --validation-fraction 0");
  CHECK_MESSAGE(trained.code == 0, trained.err);
  CHECK(holds(trained.err, "[ph]: "));
  CHECK(std::filesystem::exists(p / "[out]" / "best.safetensors"));
  const Outcome missing = in_folder("check '[none]'");
  CHECK(missing.code == 4);
  CHECK(holds(missing.err, "[none]"));
  CHECK(holds(in_folder("'[trane]'").err, "[trane]: unknown"));
}

TEST_CASE("a file may have arrays over lines, a byte order mark, and sections of other commands") {
  const Phantoms p;
  write(p / "options.toml", "\xef\xbb\xbf[segment]\nmodel = \"" + std::string(p / "not yet") +
                                "\"\n\n[train]\ndata = [\n  \"" + p.data() +
                                "\", # all\n]\nout = \"" + std::string(p / "m") +
                                "\"\nnetwork = \"unet-tiny\"\npatch = 16\nepochs = 1\n"
                                "steps-per-epoch = 1\nvalidation-fraction = 0\n");
  const Outcome trained = p.run({"--config", p / "options.toml", "train"});
  CHECK_MESSAGE(trained.code == 0, trained.err);
  CHECK(std::filesystem::exists(p / "m" / "best.safetensors"));
}

TEST_CASE("a file in the form of earlier versions is still read") {
  const Phantoms p;
  write(p / "config.toml", "seed=42\nquiet=true\n[train]\ndata=\"" + p.data() + "\"\nout=\"" +
                               std::string(p / "old") +
                               "\"\nlayout=\"auto\"\naffine-tolerance=0.1\nzero-nonfinite=false\n"
                               "network=\"unet-tiny\"\npatch=16\nbatch=1\nepochs=1\n"
                               "steps-per-epoch=1\nvalidation-fraction=0\nforeground=.34\n"
                               "rate=2e-4\n");
  const Outcome old = p.run({"--config", p / "config.toml", "train"});
  REQUIRE_MESSAGE(old.code == 0, old.err);
  CHECK(read_text(p / "old" / "best.safetensors") == read_text(p.weights()));
}

TEST_CASE("what is wrong with a file is said with its name, the line and the nearest name") {
  const Phantoms p;
  const auto refusal = [&](const std::string& text) {
    write(p / "options.toml", text);
    const Outcome outcome = p.run({"--config", p / "options.toml", "info"});
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, (p / "options.toml").string()));
    return outcome.err;
  };
  CHECK(holds(refusal("[info]\nbatch = 1\npach = 32\n"), "line 3", "pach", "nearest is patch"));
  CHECK(holds(refusal("sed = 3\n"), "line 1", "sed", "nearest is seed"));
  CHECK(holds(refusal("[inof]\n"), "line 1", "[inof]", "nearest is [info]"));
  CHECK(holds(refusal("[train]\nepoch = 3\n"), "line 2", "epoch", "nearest is epochs"));
  CHECK(holds(refusal("[info]\npatch = [16, 32]\n"), "line 2", "patch", "one value"));
  CHECK(holds(refusal("[info]\nnetwork = \"unet-tiny\n"), "line 2", "end of its line"));
  CHECK(holds(refusal("help = true\n"), "help", "nearest"));
}
