// The arithmetic of the paper's table. Expected numbers were computed with numpy.
#include "glia/experiment_results.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/expect.hpp"

using namespace glia;
using namespace glia::program;
using glia::test::holds;

namespace {

using Ids = std::vector<std::string>;
using Dice = std::array<double, region::count>;  // WT, TC, ET

/// Three seeds, three cases.
SystemScores example() {
  return {"UNet",
          {"a", "b", "c"},
          {{{{{.90, .80, .70}}, {{.60, .50, .10}}, {{.84, .71, .55}}}},
           {{{{.92, .78, .66}}, {{.64, .58, .22}}, {{.80, .69, .61}}}},
           {{{{.88, .83, .75}}, {{.70, .49, .05}}, {{.81, .75, .49}}}}},
          published_dice("UNet")};
}

/// A system whose every score is another's plus the same, different for each region.
SystemScores shifted(SystemScores system, const std::string& name, const Dice& by) {
  system.name = name;
  system.published = published_dice(name);
  for (auto& seed : system.dice) {
    for (Dice& one : seed) {
      for (std::size_t r = 0; r < one.size(); ++r) one[r] += by[r];
    }
  }
  return system;
}

Difference between(double mean, double low, double high) { return {mean, Interval{low, high}}; }

void check_difference(const Difference& d, double mean, double low, double high) {
  CHECK(d.mean == doctest::Approx(mean));
  REQUIRE(d.interval);
  CHECK(d.interval->low == doctest::Approx(low));
  CHECK(d.interval->high == doctest::Approx(high));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A comparison of three seeds with these differences of WT, TC, ET and their mean.
Comparison comparison(const Difference& wt, const Difference& tc, const Difference& et) {
  return {"Distilled", "the same network alone", {wt, tc, et, between(0.25, 0.125, 0.5)}, 3};
}

}  // namespace

TEST_CASE("means and deviations are over cases, then over seeds") {
  const SystemScores s = example();
  CHECK(s.mean(0, region::WT) == doctest::Approx(0.78));
  CHECK(s.mean(0, region::TC) == doctest::Approx(0.67));
  CHECK(s.mean(2, region::ET) == doctest::Approx(0.43));
  CHECK(s.mean(1, mean_of_regions) == doctest::Approx(0.65555556));
  CHECK(s.mean(region::WT) == doctest::Approx(0.78777778));
  CHECK(s.mean(region::TC) == doctest::Approx(0.68111111));
  CHECK(s.mean(region::ET) == doctest::Approx(0.45888889));
  CHECK(s.mean(mean_of_regions) == doctest::Approx(0.64259259));
  CHECK(s.deviation(region::WT).value() == doctest::Approx(0.0083887));
  CHECK(s.deviation(region::TC).value() == doctest::Approx(0.0101835));
  CHECK(s.deviation(region::ET).value() == doctest::Approx(0.03421068));
  CHECK(s.deviation(mean_of_regions).value() == doctest::Approx(0.01156481));

  SystemScores one_seed = example();
  one_seed.dice.resize(1);
  CHECK_FALSE(one_seed.deviation(region::WT).has_value());
}

TEST_CASE("the paper's figures are those of its table 1") {
  CHECK(published_dice("UNet") == Dice{.84591, .81343, .71871});
  CHECK(published_dice("Residual UNet") == Dice{.86415, .80872, .72585});
  CHECK(published_dice("Cascaded UNet") == Dice{.85654, .81129, .72197});
  CHECK(published_dice("Ensemble") == Dice{.87682, .81733, .74916});
  CHECK(published_dice("Distilled") == Dice{.87074, .82661, .75187});
  CHECK_FALSE(published_dice("Ensemble of students").has_value());
}

TEST_CASE("a comparison is the first system minus the second, case by case") {
  SystemScores alone = example();
  alone.cases = {"a", "b", "c", "d", "e", "f"};
  for (auto& seed : alone.dice) seed.insert(seed.end(), 3, Dice{.5, .4, .3});
  const Comparison c = compare(shifted(alone, "Distilled", {.01, -.02, .06}), alone);
  CHECK(c.first == "Distilled");
  CHECK(c.second == "UNet");
  // The same on all cases of all seeds: whatever is drawn, the mean is the same.
  check_difference(c.measures[region::WT], .01, .01, .01);
  check_difference(c.measures[region::TC], -.02, -.02, -.02);
  check_difference(c.measures[region::ET], .06, .06, .06);
  check_difference(c.measures[mean_of_regions], .05 / 3, .05 / 3, .05 / 3);
}

TEST_CASE("the interval of one seed's comparison is Student's t over cases") {
  const SystemScores second{"B", {"a", "b", "c", "d", "e", "f"}, {{6, Dice{.5, .5, .5}}}, {}};
  SystemScores first = second;
  for (std::size_t i = 0; i < 3; ++i) first.dice[0][2 * i] = {.9, .5, .1};
  const Comparison c = compare(first, second);
  CHECK(c.seeds == 1);
  // scipy.stats.t.interval(0.95, 5, loc=0.2, scale=scipy.stats.sem([.4, 0, .4, 0, .4, 0]))
  check_difference(c.measures[region::WT], .2, -.0299198, .4299198);
  check_difference(c.measures[region::TC], 0, 0, 0);
  check_difference(c.measures[region::ET], -.2, -.4299198, .0299198);
  CHECK(c.measures[mean_of_regions].mean == doctest::Approx(0));
}

TEST_CASE("fewer than six patients have no interval and no verdict") {
  const Ids scans{"BraTS-GLI-00001-000", "BraTS-GLI-00001-001", "b", "c", "d", "e"};
  const SystemScores second{"B", scans, {3, {6, Dice{.5, .5, .5}}}, {}};
  const Comparison c = compare(shifted(second, "A", {.1, .2, .3}), second);
  for (const Difference& d : c.measures) CHECK_FALSE(d.interval.has_value());
  CHECK(c.measures[region::TC].mean == doctest::Approx(.2));
  CHECK(lines_of(comparisons_text({c}))[1] ==
        "A - B                                       ET +0.3000 [n/a]  TC +0.2000 [n/a]  "
        "WT +0.1000 [n/a]");
  CHECK(hypothesis_text(c) == "A > B: no verdict without an interval, which needs 6 patients\n");
}

TEST_CASE("one or two seeds give no verdict, and the text says what the intervals are over") {
  Comparison c = comparison(between(.01, .005, .03), between(.04, .03, .05), between(.1, .05, .2));
  CHECK(holds(hypothesis_text(c), "ET holds; TC holds; WT holds"));
  CHECK(lines_of(comparisons_text({c}))[0] ==
        "Differences, with 95 % intervals over cases and seeds");
  c.seeds = 2;
  CHECK(hypothesis_text(c) ==
        "Distilled > the same network alone: no verdict on the methods from 2 seeds, it needs 3\n");
  c.seeds = 1;
  CHECK(hypothesis_text(c) ==
        "Distilled > the same network alone: no verdict on the methods from 1 seed, it needs 3\n");
  CHECK(lines_of(comparisons_text({c}))[0] ==
        "Differences, with 95 % intervals over cases, of one training each");
  ExperimentResults results;
  results.comparisons = {c};
  const auto j = nlohmann::json::parse(results_json(results));
  CHECK(j["hypothesis"]["ET"]["holds"].is_null());
  CHECK(j["differences"][0]["intervals"] == "95 % intervals over cases, of one training each");
}

TEST_CASE("the table has a row per system: ET, TC, WT, mean, and the paper's") {
  const std::vector<SystemScores> systems{
      example(), shifted(example(), "Ensemble of students", {.01, .02, .06})};
  const auto lines = lines_of(table_text(systems));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "Dice                    ET               TC               WT             mean    |  paper "
        " ET     TC     WT     mean");
  CHECK(lines[1] ==
        "UNet                    0.4589 +- 0.0342   0.6811 +- 0.0102   0.7878 +- 0.0084  0.6426 |  "
        "       0.7187 0.8134 0.8459 0.7927");
  CHECK(lines[2] ==
        "Ensemble of students    0.5189 +- 0.0342   0.7011 +- 0.0102   0.7978 +- 0.0084  0.6726 |  "
        "       ");
}

TEST_CASE("one seed has no deviation, and none is printed as 0") {
  SystemScores one_seed = example();
  one_seed.dice.resize(1);
  const auto lines = lines_of(table_text({one_seed}));
  CHECK(lines[1] ==
        "UNet                    0.4500 +- n/a      0.6700 +- n/a      0.7800 +- n/a     0.6333 |  "
        "       0.7187 0.8134 0.8459 0.7927");
}

TEST_CASE("differences are printed with their systems, ET, TC, WT") {
  const auto lines = lines_of(comparisons_text(
      {comparison(between(.01, -.02, .03), between(.04, .05, .06), between(-.07, -.08, -.0625))}));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1] ==
        "Distilled - the same network alone          ET -0.0700 [-0.0800, -0.0625]  "
        "TC +0.0400 [+0.0500, +0.0600]  WT +0.0100 [-0.0200, +0.0300]");
}

TEST_CASE("the hypothesis holds where the whole interval is above zero") {
  CHECK(hypothesis_text(comparison(between(.01, -.02, .03), between(-.04, -.06, -.01),
                                   between(.07, .06, .08))) ==
        "Distilled > the same network alone: ET holds; TC does not hold, it is worse; WT higher, "
        "but the interval holds zero\n");
  CHECK(hypothesis_text(
            comparison(between(-.01, -.02, .03), between(.01, 0, .02), between(0, 0, 0))) ==
        "Distilled > the same network alone: ET not higher, and the interval holds zero; TC "
        "higher, but the interval holds zero; WT not higher, and the interval holds zero\n");
}

TEST_CASE("as JSON the results have everything: systems, cases, differences, rounds") {
  const SystemScores alone = example(), distilled = shifted(alone, "Distilled", {.01, -.02, .06});
  ExperimentResults results;
  results.systems = {alone, distilled};
  results.comparisons = {
      comparison(between(.01, -.02, .03), between(-.04, -.06, -.01), between(.07, .06, .08)),
      compare(alone, distilled)};
  results.rounds = {{7, 0, "unet", {{"l", "v"}, {"v"}, {"u"}, {"a"}}, {{"train-unet", 2.5}}},
                    {7, 1, "unet", {{"l"}, {}, {"u"}, {"b"}}, {{"train-unet", 1.5}}},
                    {8, 0, "residual", {{"l"}, {}, {"u"}, {"a"}}, {}}};
  const auto j = nlohmann::json::parse(results_json(results));

  CHECK(j["seeds"] == nlohmann::json{7, 8});
  REQUIRE(j["systems"].size() == 2);
  const auto& system = j["systems"][1];
  CHECK(system["name"] == "Distilled");
  CHECK(system["dice"]["ET"]["mean"].get<double>() == doctest::Approx(0.51888889));
  CHECK(system["dice"]["TC"]["mean"].get<double>() == doctest::Approx(0.66111111));
  CHECK(system["dice"]["WT"]["deviation"].get<double>() == doctest::Approx(0.0083887));
  CHECK(system["dice"]["WT"]["paper"] == .87074);
  CHECK(system["dice"]["mean"]["mean"].get<double>() == doctest::Approx(0.65925926));
  CHECK(system["dice"]["mean"]["paper"].get<double>() == doctest::Approx(.81641).epsilon(1e-4));
  REQUIRE(system["dice"]["ET"]["seeds"].size() == 3);
  CHECK(system["dice"]["ET"]["seeds"][2].get<double>() == doctest::Approx(0.49));

  REQUIRE(system["cases"].size() == 3);
  const auto& b = j["systems"][0]["cases"][1];
  CHECK(b["case"] == "b");
  CHECK(b["WT"] == nlohmann::json{.60, .64, .70});
  CHECK(b["TC"] == nlohmann::json{.50, .58, .49});
  CHECK(b["ET"] == nlohmann::json{.10, .22, .05});
  CHECK(b["mean"][0].get<double>() == doctest::Approx(.4));

  REQUIRE(j["differences"].size() == 2);
  const auto& first = j["differences"][0];
  CHECK(first["first"] == "Distilled");
  CHECK(first["second"] == "the same network alone");
  CHECK(first["WT"] == nlohmann::json{{"mean", .01}, {"low", -.02}, {"high", .03}});
  CHECK(first["TC"] == nlohmann::json{{"mean", -.04}, {"low", -.06}, {"high", -.01}});
  CHECK(first["ET"] == nlohmann::json{{"mean", .07}, {"low", .06}, {"high", .08}});
  CHECK(first["mean"] == nlohmann::json{{"mean", .25}, {"low", .125}, {"high", .5}});
  CHECK(j["differences"][1]["second"] == "Distilled");
  CHECK(j["differences"][1]["TC"]["mean"].get<double>() == doctest::Approx(.02));

  CHECK(j["differences"][1]["TC"]["low"].is_null());  // of three cases
  CHECK(first["intervals"] == "95 % intervals over cases and seeds");

  const auto& hypothesis = j["hypothesis"];
  CHECK(hypothesis["claim"] == "Distilled > the same network alone");
  CHECK(hypothesis["ET"] == nlohmann::json{{"holds", true}, {"verdict", "holds"}});
  CHECK(hypothesis["TC"] ==
        nlohmann::json{{"holds", false}, {"verdict", "does not hold, it is worse"}});
  CHECK(hypothesis["WT"] ==
        nlohmann::json{{"holds", false}, {"verdict", "higher, but the interval holds zero"}});
  CHECK(hypothesis["mean"]["holds"] == true);

  REQUIRE(j["rounds"].size() == 3);
  const auto& round = j["rounds"][0];
  CHECK(round["seed"] == 7);
  CHECK(round["labelled"] == nlohmann::json{"l", "v"});
  CHECK(round["validation"] == nlohmann::json::array({"v"}));
  CHECK(round["unlabelled"] == nlohmann::json::array({"u"}));
  CHECK(round["test"] == nlohmann::json::array({"a"}));
  CHECK(round["student"] == "unet");
  CHECK(round["phases"][0]["name"] == "train-unet");
  CHECK(round["phases"][0]["seconds"] == 2.5);
  CHECK(j["rounds"][1]["fold"] == 1);
  CHECK(j["rounds"][2]["student"] == "residual");
}
