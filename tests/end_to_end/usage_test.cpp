#include <doctest/doctest.h>

#include "support/program.hpp"
#include "support/temporary_directory.hpp"

using namespace glia::test;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("help and version go to stdout with code 0") {
  const TemporaryDirectory folder;
  const Outcome help = run_glia(folder.path(), {"--help"});
  CHECK(help.code == 0);
  for (const char* command : {"phantom", "check", "train", "segment", "evaluate", "info"})
    CHECK(has(help.out, command));
  const Outcome version = run_glia(folder.path(), {"--version"});
  CHECK(version.code == 0);
  CHECK(has(version.out, "glia 0."));
  CHECK(run_glia(folder.path(), {"train", "--help"}).code == 0);
}

TEST_CASE("C01: wrong options end with code 2 and a hint") {
  const TemporaryDirectory folder;
  const auto& p = folder.path();
  const std::string out = (p / "run").string();
  const Outcome unknown = run_glia(p, {"train", "data", "--out", out, "--epoch", "3"});
  CHECK(unknown.code == 2);
  CHECK(has(unknown.err, "--epoch"));
  CHECK(has(unknown.err, "--epochs"));
  CHECK(run_glia(p, {"trane"}).code == 2);
  CHECK(run_glia(p, {}).code == 2);
  const Outcome seed = run_glia(p, {"info", "--seed", "18446744073709551616"});
  CHECK(seed.code == 2);
  CHECK(has(seed.err, "seed"));
  const Outcome threads = run_glia(p, {"info", "--threads", "0"});
  CHECK(threads.code == 2);
  CHECK(has(threads.err, "threads"));
  CHECK(run_glia(p, {"info", "--patch", "twelve"}).code == 2);
  const Outcome network = run_glia(p, {"info", "--network", "vnet"});
  CHECK(network.code == 2);
  CHECK(has(network.err, "unet-tiny"));
  const Outcome patch = run_glia(p, {"info", "--network", "unet-tiny", "--patch", "20"});
  CHECK(patch.code == 2);
  CHECK(has(patch.err, "20"));
  CHECK(has(patch.err, "8"));
  const Outcome device = run_glia(p, {"info", "--device", "cuda:0"});
  CHECK(device.code == 4);
  CHECK(has(device.err, "cuda:0"));
}

TEST_CASE("C01: a patch that the network cannot halve is refused with the nearest that it can") {
  const TemporaryDirectory folder;
  const auto& p = folder.path();
  REQUIRE(run_glia(p, {"phantom", (p / "data").string(), "--count", "1", "--extent", "24x24x24"})
              .code == 0);
  const Outcome patch = run_glia(p, {"train", (p / "data").string(), "--out", (p / "run").string(),
                                     "--network", "unet-tiny", "--patch", "20"});
  CHECK(patch.code == 2);
  CHECK(has(patch.err, "16 and 24"));
}

TEST_CASE("C02: existing output is not touched without being told to") {
  const TemporaryDirectory folder;
  const auto& p = folder.path();
  const std::vector<std::string> make{"phantom", (p / "data").string(), "--count", "1", "--extent",
                                      "24x24x24"};
  REQUIRE(run_glia(p, make).code == 0);
  const Outcome again = run_glia(p, make);
  CHECK(again.code == 2);
  CHECK(has(again.err, "BraTS-GLI-00000-000"));
  CHECK(has(again.err, "exists"));
  auto over = make;
  over.emplace_back("--overwrite");
  CHECK(run_glia(p, over).code == 0);

  std::filesystem::create_directories(p / "run" / "of another program");
  const Outcome train =
      run_glia(p, {"train", (p / "data").string(), "--out", (p / "run").string()});
  CHECK(train.code == 2);
  CHECK(has(train.err, "--overwrite"));
  CHECK(has(train.err, "--resume"));
}

TEST_CASE("options come from a TOML file and the command line overrides it") {
  const TemporaryDirectory folder;
  const auto& p = folder.path();
  std::ofstream(p / "options.toml") << "[info]\nnetwork = \"unet-tiny\"\npatch = 32\n";
  const Outcome file = run_glia(p, {"--config", (p / "options.toml").string(), "info"});
  CHECK(file.code == 0);
  CHECK(has(file.out, "[1, 32, 32, 32, 4]"));
  const Outcome line =
      run_glia(p, {"--config", (p / "options.toml").string(), "info", "--patch", "16"});
  CHECK(line.code == 0);
  CHECK(has(line.out, "[1, 16, 16, 16, 4]"));
}

TEST_CASE("info: published counts, and planned memory equals the arena measured") {
  const TemporaryDirectory folder;
  const Outcome paper = run_glia(folder.path(), {"info", "--network", "unet"});
  CHECK(paper.code == 0);
  CHECK(has(paper.out, "12418980"));
  CHECK(has(paper.out, "782.6 GFLOP"));
  const Outcome measured = run_glia(folder.path(), {"info", "--network", "unet-tiny", "--patch",
                                                    "32", "--batch", "2", "--measure"});
  REQUIRE(measured.code == 0);
  const auto number = [&](const std::string& label) {
    const auto at = measured.out.find(label);
    REQUIRE(at != std::string::npos);
    return std::stoll(measured.out.substr(at + label.size()));
  };
  CHECK(number("planned inference ") == number("measured inference "));
  CHECK(number("planned training ") == number("measured training "));
  CHECK(number("planned training ") > number("planned inference "));
}
