#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "phantoms.hpp"

namespace glia::test {

using Words = std::vector<std::string>;
using Json = nlohmann::json;

/// Phantoms, a recipe file of the smallest networks, and the experiment on them.
class Experiment {
 public:
  Experiment() {
    make("data", "0", "6");
    recipe("epochs = 1\nsteps-per-epoch = 1\nvalidation-fraction = 0\nstudent = \"residual\"\n");
  }
  void make(const std::string& name, const std::string& first, const std::string& count,
            Words more = {}) const {
    Words words{"phantom", *this / name, "--first",        first,    "--count",
                count,     "--extent",   Phantoms::extent, "--seed", "5"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome made = run_glia(folder_.path(), std::move(words));
    REQUIRE_MESSAGE(made.code == 0, made.err);
  }
  void recipe(const std::string& more) const {
    std::ofstream(*this / "recipe.toml")
        << "seed = 3\nquiet = true\n[experiment]\n"
           "unet = \"unet-tiny\"\nresidual = \"unet-tiny\"\ncascaded = \"unet-tiny\"\npatch = 16\n"
           "test-fraction = 0.33\nunlabelled-fraction = 0.33\n"
        << more;
  }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return folder_.path() / name;
  }
  [[nodiscard]] Words command(const std::string& out, const Words& more = {}) const {
    Words words{"--config", *this / "recipe.toml", "experiment", *this / "data", "--out",
                *this / out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Outcome run(const std::string& out, const Words& more = {}) const {
    return run_glia(folder_.path(), command(out, more));
  }
  [[nodiscard]] Process start(const std::string& out, const Words& more = {}) const {
    Words words = command(out, more);
    words.insert(words.begin(), GLIA_PROGRAM);
    return {folder_.path(), std::move(words)};
  }
  [[nodiscard]] Json results(const std::string& out) const {
    return Json::parse(read_text(*this / out / "experiment.json"));
  }
  [[nodiscard]] Words listed(const std::string& out, const std::string& part) const {
    std::ifstream lines(*this / out / "seed-0" / (part + ".txt"));
    return {std::istream_iterator<std::string>(lines), {}};
  }

 private:
  TemporaryDirectory folder_;
};

/// The results of an experiment without the times.
inline Json scores_of(Json results) {
  for (Json& round : results["rounds"]) round.erase("phases");
  return results;
}

}  // namespace glia::test
