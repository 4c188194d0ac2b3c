#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "support/expect.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

using namespace glia::test;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A data set of three small phantoms and the command that trains on it into a folder.
class Training {
 public:
  explicit Training(const std::filesystem::path& folder) : folder_(folder) {
    const Outcome made = run_glia(
        folder, {"phantom", data(), "--count", "3", "--extent", "28x26x24", "--seed", "5"});
    REQUIRE_MESSAGE(made.code == 0, made.err);
  }
  [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }
  [[nodiscard]] std::vector<std::string> command(const std::string& run,
                                                 std::vector<std::string> more = {}) const {
    std::vector<std::string> words{GLIA_PROGRAM,
                                   "train",
                                   data(),
                                   "--out",
                                   (folder_ / run).string(),
                                   "--network",
                                   "unet-tiny",
                                   "--patch",
                                   "16",
                                   "--batch",
                                   "2",
                                   "--epochs",
                                   "3",
                                   "--steps-per-epoch",
                                   "8",
                                   "--save-every",
                                   "3",
                                   "--rate",
                                   "1e-3",
                                   "--average-decay",
                                   "0.9",
                                   "--clip",
                                   "5",
                                   "--schedule",
                                   "plateau",
                                   "--validation",
                                   "BraTS-GLI-00002-000",
                                   "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Outcome run(const std::string& name, std::vector<std::string> more = {}) const {
    Process process(folder_, command(name, std::move(more)));
    const int code = process.wait();
    return {code, process.out(), process.err()};
  }
  [[nodiscard]] std::string bytes(const std::string& run, const std::string& file) const {
    return read_text(folder_ / run / file);
  }
  void require_equal(const std::string& a, const std::string& b) const {
    for (const char* file : {"last.safetensors", "best.safetensors", "history.csv"}) {
      CAPTURE(file);
      REQUIRE(!bytes(a, file).empty());
      REQUIRE(bytes(a, file) == bytes(b, file));
    }
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

void wait_for(Process& process, const std::filesystem::path& file) {
  while (process.running() && !std::filesystem::exists(file)) std::this_thread::yield();
}

}  // namespace

TEST_CASE("W07: killed at twenty random moments and resumed, a run ends in the same bytes") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(training.run("straight").code == 0);
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::mt19937 random(20);  // NOLINT(cert-msc51-cpp): the same moments every time
  std::uniform_real_distribution<double> moment(0.02, 1.0);
  int kills = 0;
  bool finished = false;
  while (kills < 20 || !finished) {
    std::vector<std::string> more{"--resume"};
    Process process(folder.path(), training.command("killed", more));
    if (kills < 20 && kill_after(process, whole * moment(random))) {
      ++kills;
      continue;
    }
    const int code = process.wait();
    REQUIRE_MESSAGE(code == 0, process.err());
    finished = true;
    if (kills < 20) {  // it finished before the moment came: compare and start again
      training.require_equal("straight", "killed");
      std::filesystem::remove_all(folder.path() / "killed");
      finished = false;
    }
  }
  training.require_equal("straight", "killed");
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "killed")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const bool known = name == "last.safetensors" || name == "previous.safetensors" ||
                       name == "best.safetensors" || name == "history.csv" || name == "times.csv" ||
                       name == "config.toml";
    CHECK(known);
  }
}

TEST_CASE("results do not depend on the number of threads") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("one", {"--threads", "1"}).code == 0);
  REQUIRE(training.run("three", {"--threads", "3", "--loader-threads", "2"}).code == 0);
  training.require_equal("one", "three");
}

TEST_CASE("W10: a second process is kept out of a folder that a run is writing in") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("straight").code == 0);
  Process first(folder.path(), training.command("run"));
  wait_for(first, folder.path() / "run" / "last.safetensors");
  for (const char* how : {"--resume", "--overwrite"}) {
    const TemporaryDirectory prints;
    Process second(prints.path(), training.command("run", {how}));
    const int code = second.wait();
    if (!first.running()) break;  // nothing was left to keep out
    CHECK(code == 4);
    CHECK(has(second.err(), (folder.path() / "run").string()));
    CHECK(has(second.err(), "another process"));
  }
  REQUIRE_MESSAGE(first.wait() == 0, first.err());
  training.require_equal("straight", "run");
}

TEST_CASE("W08: signals save and end with 128 and their number, the run can go on") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("straight").code == 0);
  for (const auto& [signal, code] :
       {std::pair{SIGTERM, 143}, std::pair{SIGINT, 130}, std::pair{SIGHUP, 129},
        std::pair{SIGUSR1, 128 + SIGUSR1}, std::pair{SIGUSR2, 128 + SIGUSR2},
        std::pair{SIGXCPU, 128 + SIGXCPU}}) {
    std::filesystem::remove_all(folder.path() / "stopped");
    Process process(folder.path(), training.command("stopped"));
    wait_for(process, folder.path() / "stopped" / "last.safetensors");
    process.send(signal);
    const int ended = process.wait();
    CAPTURE(process.err());
    REQUIRE(ended == code);
    REQUIRE(training.run("stopped", {"--resume"}).code == 0);
    training.require_equal("straight", "stopped");
  }
}

TEST_CASE("W08: more signals while a run is saving change nothing") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("straight").code == 0);
  // A batch system at a time limit, the end of a session, timeout, kill twice.
  for (const auto& [first, then] : {std::pair{SIGUSR1, SIGTERM}, std::pair{SIGHUP, SIGTERM},
                                    std::pair{SIGTERM, SIGTERM}, std::pair{SIGTERM, SIGINT}}) {
    CAPTURE(first);
    CAPTURE(then);
    std::filesystem::remove_all(folder.path() / "stopped");
    Process process(folder.path(), training.command("stopped"));
    wait_for(process, folder.path() / "stopped" / "last.safetensors");
    process.send(first);
    while (process.running()) process.send(then);
    CAPTURE(process.err());
    const int ended = process.wait();
    CHECK((ended == 128 + first || ended == 128 + then));  // two at once have no order
    REQUIRE(has(process.err(), "saved, go on with --resume"));
    REQUIRE(training.run("stopped", {"--resume"}).code == 0);
    training.require_equal("straight", "stopped");
  }
}

TEST_CASE("a run under nohup goes on when its terminal hangs up") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  std::vector<std::string> command = training.command("run");
  command.insert(command.begin(), "nohup");
  Process process(folder.path(), std::move(command));
  wait_for(process, folder.path() / "run" / "last.safetensors");
  process.send(SIGHUP);
  CHECK_MESSAGE(process.wait() == 0, process.err());
}

TEST_CASE("N01: numbers that stop being finite end the run with code 6 and spoil no file") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  const Outcome outcome = training.run("wild", {"--rate", "1e30", "--clip", "0", "--max-skipped",
                                                "3", "--save-every", "1", "--quiet"});
  CHECK(outcome.code == 6);
  CHECK(has(outcome.err, "3 times in a row"));
  CHECK(has(outcome.err, "patches of BraTS-GLI-0000"));
  CHECK(std::filesystem::exists(folder.path() / "wild" / "last.safetensors"));
  const Outcome infinite = training.run("infinite", {"--rate", "1e300", "--save-every", "1"});
  CHECK(infinite.code == 6);
  CHECK(has(infinite.err, "weights that are not finite"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "infinite" / "last.safetensors"));
}

TEST_CASE("a run that cannot make its first step leaves the one that it was to replace") {
  if (address_sanitizer) {
    MESSAGE("skipped: the sanitizer's operator new does not throw");
    return;
  }
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("run").code == 0);
  const std::string before = training.bytes("run", "last.safetensors");
  const Outcome outcome = training.run("run", {"--overwrite", "--batch", "100000000"});
  CHECK(outcome.code == 5);
  CHECK(has(outcome.err, "planned memory of a step"));
  CHECK(has(outcome.err, "[100000000, 16, 16, 16, 4]"));
  for (const char* file : {"best.safetensors", "history.csv", "times.csv", "config.toml"}) {
    CAPTURE(file);
    CHECK(std::filesystem::exists(folder.path() / "run" / file));
  }
  CHECK(training.bytes("run", "last.safetensors") == before);
  CHECK(training.run("fresh", {"--batch", "100000000"}).code == 5);
  CHECK(training.run("fresh").code == 0);  // what failed left nothing to overwrite
  training.require_equal("run", "fresh");
}

TEST_CASE("a run without its checkpoints begins anew and says so") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("run").code == 0);
  for (const char* file : {"last.safetensors", "previous.safetensors"})
    std::filesystem::remove(folder.path() / "run" / file);
  const Outcome outcome = training.run("run", {"--resume"});
  CHECK(outcome.code == 0);
  CHECK(has(outcome.err, "begins anew"));
}

TEST_CASE("W04: a full disk ends with code 4, names the file and leaves the checkpoint as it was") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("straight").code == 0);
  Process begun(folder.path(), training.command("full"));
  wait_for(begun, folder.path() / "full" / "last.safetensors");
  begun.send(SIGTERM);
  REQUIRE(begun.wait() == 143);
  const std::string before = training.bytes("full", "last.safetensors");
  std::string line =
      "ulimit -f 64;";  // blocks of 512 bytes: a write beyond fails as on a full disk
  for (const std::string& word : training.command("full", {"--resume"})) line += " '" + word + "'";
  Process process(folder.path(), {"sh", "-c", line});
  CHECK(process.wait() == 4);
  CHECK(has(process.err(), "safetensors"));
  CHECK(has(process.err(), "bytes"));
  CHECK(training.bytes("full", "last.safetensors") == before);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "full"))
    CHECK(entry.path().filename().string().find("tmp") == std::string::npos);
  REQUIRE(training.run("full", {"--resume"}).code == 0);
  training.require_equal("straight", "full");
}

TEST_CASE("W01: a damaged checkpoint is refused whatever is wrong with it") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("run").code == 0);
  const std::filesystem::path last = folder.path() / "run" / "last.safetensors";
  const std::filesystem::path previous = folder.path() / "run" / "previous.safetensors";
  const std::string good = read_text(last), good_before = read_text(previous);
  REQUIRE(!good_before.empty());
  REQUIRE(good_before != good);
  const auto attempt = [&](std::string bytes) {
    std::filesystem::remove(previous);
    std::ofstream(last, std::ios::binary) << bytes;
    const Outcome outcome = training.run("run", {"--resume"});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 4);
    CHECK(has(outcome.err, "last.safetensors"));
    CHECK(read_text(last) == bytes);
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{8}, std::size_t{100},
                                 good.size() / 2, good.size() - 1}) {
    CAPTURE(size);
    attempt(good.substr(0, size));
  }
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp)
  for (int i = 0; i < 6; ++i) {
    std::string bad = good;
    const std::size_t at = random() % bad.size();
    CAPTURE(at);
    bad[at] = static_cast<char>(bad[at] ^ (1 << (random() % 8)));
    attempt(bad);
  }

  // With the checkpoint before it, a run loses a few steps and ends as if nothing had happened.
  std::ofstream(previous, std::ios::binary) << good_before;
  const Outcome outcome = training.run("run", {"--resume"});
  CHECK_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(has(outcome.err, "last.safetensors"));
  CHECK(has(outcome.err, "going on from " + previous.string()));
  CHECK(read_text(last) == good);
}

TEST_CASE("a run is resumed on its own cases with their own labels only") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("run").code == 0);
  const std::string before = training.bytes("run", "last.safetensors");
  const Outcome scheme = training.run("run", {"--resume", "--label-scheme", "msd"});
  CHECK(scheme.code == 2);
  CHECK(has(scheme.err, "glia.training_data"));
  const std::filesystem::path one = folder.path() / "data" / "BraTS-GLI-00001-000";
  std::filesystem::copy_file(one / "BraTS-GLI-00001-000-t1n.nii.gz",
                             one / "BraTS-GLI-00001-000-t2f.nii.gz",
                             std::filesystem::copy_options::overwrite_existing);
  const Outcome image = training.run("run", {"--resume"});
  CHECK(image.code == 2);
  CHECK(has(image.err, "glia.training_data"));
  CHECK(training.bytes("run", "last.safetensors") == before);
}

TEST_CASE(
    "W02: weights and checkpoints of another network or run are refused with the first "
    "difference") {
  const TemporaryDirectory folder;
  const Training training(folder.path());
  REQUIRE(training.run("run", {"--epochs", "1"}).code == 0);
  const Outcome other =
      training.run("run", {"--resume", "--epochs", "1", "--network", "unet-small"});
  CHECK(other.code == 2);
  CHECK(has(other.err, "unet-small"));
  const Outcome rate = training.run("run", {"--resume", "--epochs", "1", "--rate", "5e-4"});
  CHECK(rate.code == 2);
  CHECK(has(rate.err, "glia.settings.optimizer.rate: got 0.001, expected 5e-04\n"));
  const Outcome seed = training.run("run", {"--resume", "--epochs", "1", "--seed", "6"});
  CHECK(seed.code == 2);
}
