#include "glia/metrics/report.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <locale>
#include <nlohmann/json.hpp>

#include "support/temporary_directory.hpp"

using namespace glia;

namespace {

CaseScores scores_of(const std::string& id, double x) {
  return {id, {{{x, 10 * x, 0.5, 1}, {x / 2, 20 * x, 0.25, 1}, {x / 4, 40 * x, 0.125, 1}}}};
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("the table has the evaluator's columns, the cases in order and five summary rows") {
  const Report report{.cases = {scores_of("b", 0.5), scores_of("a", 1)},
                      .label_scheme = "brats2018"};
  CHECK(
      to_csv(report) ==
      "scan_id,Dice_ET,Dice_TC,Dice_WT,Hausdorff95_ET,Hausdorff95_TC,Hausdorff95_WT,"
      "Sensitivity_ET,Sensitivity_TC,Sensitivity_WT,Specificity_ET,Specificity_TC,Specificity_WT\n"
      "b,0.125,0.25,0.5,20,10,5,0.125,0.25,0.5,1,1,1\n"
      "a,0.25,0.5,1,40,20,10,0.125,0.25,0.5,1,1,1\n"
      "mean,0.1875,0.375,0.75,30,15,7.5,0.125,0.25,0.5,1,1,1\n"
      "std,0.08838834764831845,0.1767766952966369,0.3535533905932738,14.142135623730951,"
      "7.0710678118654755,3.5355339059327378,0,0,0,0,0,0\n"
      "25quantile,0.15625,0.3125,0.625,25,12.5,6.25,0.125,0.25,0.5,1,1,1\n"
      "median,0.1875,0.375,0.75,30,15,7.5,0.125,0.25,0.5,1,1,1\n"
      "75quantile,0.21875,0.4375,0.875,35,17.5,8.75,0.125,0.25,0.5,1,1,1\n");
}

TEST_CASE("quantiles of four values interpolate as numpy.quantile does") {
  std::vector<CaseScores> cases;
  for (const double x : {0.8, 0.2, 0.4, 0.9}) cases.push_back(scores_of("", x));
  const auto rows = summarise(cases);
  const auto wt = [&](std::size_t row) { return rows[row].regions[region::WT].dice; };
  CHECK(wt(0) == doctest::Approx(0.575));
  CHECK(wt(1) == doctest::Approx(0.33040379335998347));
  CHECK(wt(2) == doctest::Approx(0.35));
  CHECK(wt(3) == doctest::Approx(0.6));
  CHECK(wt(4) == doctest::Approx(0.825));
}

TEST_CASE("one case has no spread, no case has no summary") {
  CHECK(summarise({}).empty());
  const std::vector<CaseScores> one{scores_of("only", 0.5)};
  CHECK(summarise(one)[1].regions[region::WT] == RegionScores{0, 0, 0, 0});
  CHECK(to_csv({}).find('\n') + 1 == to_csv({}).size());
}

TEST_CASE("JSON holds cases, summary, label scheme and version") {
  const Report report{.cases = {scores_of("case \"1\"", 0.5)}, .label_scheme = "msd"};
  const auto document = nlohmann::json::parse(to_json(report));
  CHECK(document["label_scheme"] == "msd");
  CHECK(document["library_version"] == GLIA_VERSION_STRING);
  CHECK(document["hausdorff_definition"] == "pooled percentile");
  CHECK(document["cases"][0]["scan_id"] == "case \"1\"");
  CHECK(document["cases"][0]["Hausdorff95_TC"] == 10);
  CHECK(document["summary"]["75quantile"]["Dice_WT"] == 0.5);
}

TEST_CASE("a report names the cases that its means leave out") {
  Report report{.cases = {scores_of("a", 0.5)}, .left_out = {"b", "c,d"}, .without_truth = {"x"}};
  const auto document = nlohmann::json::parse(to_json(report));
  CHECK(document["left_out"] == nlohmann::json{"b", "c,d"});
  CHECK(document["predictions_without_truth"] == nlohmann::json::array({"x"}));
  CHECK(document["cases"].size() == 1);
  CHECK(document["summary"]["mean"]["Dice_WT"] == 0.5);
  CHECK(to_csv(report).find("\nb,,,,,,,,,,,,\n\"c,d\",,,,,,,,,,,,\nmean,0.125,") !=
        std::string::npos);
}

TEST_CASE("ids with separators or broken UTF-8 neither shift columns nor stop the report") {
  const Report report{.cases = {scores_of("a,\"b\"", 1), scores_of("\xff", 1)}, .label_scheme = ""};
  CHECK(to_csv(report).find("\n\"a,\"\"b\"\"\",0.25,") != std::string::npos);
  CHECK(nlohmann::json::parse(to_json(report))["cases"][1]["scan_id"] == "\xef\xbf\xbd");
}

TEST_CASE("the text is the same when the program's locale writes decimal commas") {
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
  };
  const test::TemporaryDirectory folder;
  const Report report{.cases = {scores_of("a", 0.5)}, .label_scheme = "brats2023"};
  const std::string csv = to_csv(report), json = to_json(report);
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  write_csv(folder / "scores.csv", report);
  const std::string json_there = to_json(report);
  std::locale::global(before);
  CHECK(text_of(folder / "scores.csv") == csv);
  CHECK(json_there == json);
  CHECK_THROWS_AS(write_csv(folder / "missing" / "scores.csv", report), IoError);
}
