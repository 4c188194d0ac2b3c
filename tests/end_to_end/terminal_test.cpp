// What the program does on a terminal, and where there is none at all.
#include "support/terminal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia::test;

namespace {

/// A training of many steps, each with a long enough line of progress.
std::vector<std::string> long_training(const Phantoms& p, const std::string& steps) {
  return {GLIA_PROGRAM, "train",
          p.data(),     "--out",
          p / "long",   "--network",
          "unet-tiny",  "--patch",
          "16",         "--batch",
          "2",          "--epochs",
          "1000",       "--steps-per-epoch",
          steps,        "--validation-fraction",
          "0",          "--threads",
          "1"};
}

/// What was drawn of the training, each time up to the next return of the cursor. The last may not
/// have arrived whole and is left out.
std::vector<std::string> drawings(const std::string& shown) {
  const std::string redraw = "\r\033[K";
  std::vector<std::string> all;
  for (auto at = shown.find(redraw); at != std::string::npos;) {
    at += redraw.size();
    const auto next = shown.find(redraw, at);
    const std::string drawn = shown.substr(at, next - at);
    if (next != std::string::npos && drawn.starts_with("train ")) all.push_back(drawn);
    at = next;
  }
  return all;
}

}  // namespace

TEST_CASE("progress stays in one line of the terminal, also after the window changes") {
  const Phantoms p;
  Terminal terminal(80, "xterm", long_training(p, "1000"));
  std::vector<std::string> all;
  const auto narrow = [](const std::string& drawn) { return drawn.size() < 40; };
  const auto draw_until = [&](std::ptrdiff_t narrow_ones, std::size_t most) {
    do all = drawings(terminal.shown());
    while (all.size() < most && std::ranges::count_if(all, narrow) < narrow_ones &&
           terminal.listen());
  };
  draw_until(1, 3);
  REQUIRE(all.size() >= 3);
  for (const std::string& drawn : all) {
    CAPTURE(drawn);
    CHECK(holds(drawn, "/1000000 steps", "loss "));
    CHECK(drawn.size() < 80);
  }
  CHECK(holds(all.front(), "[....", "]"));
  terminal.resize(40);
  draw_until(4, 200);
  terminal.type("\x03");
  CHECK(terminal.wait() == 130);
  const auto first = std::ranges::find_if(all, narrow);
  CHECK(all.end() - first >= 4);
  CHECK(std::all_of(first, all.end(), narrow));
  for (const std::string& drawn : all) {
    CAPTURE(drawn);
    CHECK(drawn.size() < 80);
    CHECK_FALSE(holds(drawn, "\n"));
  }
}

TEST_CASE("a terminal that cannot redraw gets plain lines") {
  const Phantoms p;
  Terminal terminal(
      80, "dumb", {GLIA_PROGRAM, "segment", p.data(), "--model", p.weights(), "--out", p / "out"});
  CHECK(terminal.wait() == 0);
  CHECK(holds(terminal.shown(), "segment " + Phantoms::id(0), "windows"));
  CHECK_FALSE(holds(terminal.shown(), "\033"));
  CHECK_FALSE(holds(terminal.shown(), "[####"));
}

TEST_CASE("Ctrl-C saves; pressed again it ends the run at once, which goes on from its last save") {
  const Phantoms p;
  std::vector<std::string> command = long_training(p, "1");
  Terminal once(80, "xterm", command);
  once.wait_for("loss");
  once.type("\x03");
  CHECK(once.wait() == 130);
  CHECK(holds(once.shown(), "stopped by signal 2", "saved"));

  // A step of this takes far longer than the keys do.
  command.insert(command.end(), {"--overwrite", "--patch", "64", "--batch", "16"});
  Terminal twice(80, "xterm", command);
  twice.wait_for("loss");
  do twice.type("\x03");
  while (!holds(twice.shown(), "without saving") && twice.listen());
  CHECK(twice.wait() == 128 + SIGINT);
  CHECK(holds(twice.shown(), "interrupted twice, stopped without saving"));
  CHECK_FALSE(holds(twice.shown(), "stopped by signal"));
}

TEST_CASE("started without standard streams, the program writes only what it should into its log") {
  const Phantoms p;
  const std::string log = p / "log.jsonl";
  const std::string line = "'" + std::string(GLIA_PROGRAM) + "' segment '" + p.data() +
                           "' --model '" + p.weights() + "' --out '" + std::string(p / "out") +
                           "' --log-json '" + log + "' <&- >&- 2>&-";
  CHECK(run_program(p / "", {"sh", "-c", line}).code == 0);
  std::istringstream text(read_text(log));
  std::vector<nlohmann::json> events;
  for (std::string one; std::getline(text, one);) events.push_back(nlohmann::json::parse(one));
  REQUIRE(events.size() == 1 + 3 + 1);
  CHECK(events.front()["event"] == "start");
  CHECK(events.back()["event"] == "end");
  for (int i = 0; i < 3; ++i)
    CHECK(events[static_cast<std::size_t>(1 + i)]["case"] == Phantoms::id(i));
  CHECK(names_in(p / "out").size() == 3);
}
