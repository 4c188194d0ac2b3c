#include "report_results.hpp"

#include <algorithm>
#include <numeric>

#include "report_json.hpp"

namespace glia::program {

namespace {

using Dice = std::array<double, region::count>;

std::vector<std::string> read_texts(const Field& list) {
  std::vector<std::string> texts;
  for (const Field& one : list.items()) texts.push_back(one.text());
  return texts;
}

/// The list behind `key`, which must have `size` elements.
std::vector<Field> read_list(const Field& object, const std::string& key, std::size_t size) {
  const Field list = object[key];
  std::vector<Field> items = list.items();
  if (items.size() != size) list.refuse("a list of " + std::to_string(size));
  return items;
}

double read_dice(const Field& field) {
  const double dice = field.number();
  if (dice < 0 || dice > 1) field.refuse("a Dice score, from 0 to 1");
  return dice;
}

std::optional<Dice> read_published(const Field& system) {
  Dice published{};
  for (std::size_t r = 0; r < region::count; ++r) {
    const auto paper = system["dice"][measure_name(r)].find("paper");
    if (!paper) return std::nullopt;
    published[r] = read_dice(*paper);
  }
  return published;
}

SystemScores read_system(const Field& field, std::size_t seeds) {
  SystemScores system{field["name"].text(), {}, {}, read_published(field)};
  system.dice.resize(seeds);
  const Field cases = field["cases"];
  for (const Field& one : cases.items()) {
    system.cases.push_back(one["case"].text());
    for (auto& dice : system.dice) dice.emplace_back();
    for (std::size_t r = 0; r < region::count; ++r) {
      const std::vector<Field> values = read_list(one, measure_name(r), seeds);
      for (std::size_t s = 0; s < seeds; ++s) system.dice[s].back()[r] = read_dice(values[s]);
    }
  }
  if (system.cases.empty()) cases.refuse("at least one case");
  return system;
}

std::optional<Interval> read_interval(const Field& field) {
  if (field["low"].is_null() && field["high"].is_null()) return std::nullopt;
  return Interval{field["low"].number(), field["high"].number()};
}

Comparison read_comparison(const Field& field, std::size_t seeds, bool old_intervals) {
  Comparison comparison{field["first"].text(), field["second"].text(), {}, seeds};
  for (const std::size_t m : measures) {
    const Field one = field[measure_name(m)];
    comparison.measures[m].mean = one["mean"].number();
    if (!old_intervals) comparison.measures[m].interval = read_interval(one);
  }
  return comparison;
}

RoundRecord read_round(const Field& field) {
  RoundRecord round{field["seed"].count(),
                    static_cast<index_t>(field["fold"].count()),
                    field["student"].text(),
                    {read_texts(field["labelled"]), read_texts(field["validation"]),
                     read_texts(field["unlabelled"]), read_texts(field["test"])},
                    {}};
  for (const Field& phase : field["phases"].items()) {
    round.phases.push_back({phase["name"].text(), phase["seconds"].number()});
  }
  return round;
}

/// All elements of a list that has at least one.
std::vector<Field> some(const Field& list) {
  std::vector<Field> items = list.items();
  if (items.empty()) list.refuse("at least one element");
  return items;
}

}  // namespace

const SystemScores& ExperimentFile::student() const {
  return *std::ranges::find(results.systems, results.comparisons.front().first,
                            &SystemScores::name);
}

std::filesystem::path ExperimentFile::home(const RoundRecord& round) const {
  const auto seed = std::ranges::find(seeds, round.seed) - seeds.begin();
  const std::filesystem::path whole = folder / ("seed-" + std::to_string(seed)),
                              fold = whole / ("fold-" + std::to_string(round.fold));
  return std::filesystem::is_directory(fold) ? fold : whole;
}

ExperimentFile read_results(const std::filesystem::path& folder) {
  const Field root = Field::open(folder / "experiment.json");
  ExperimentFile whole{folder, root["library_version"].text(), {}, {}};
  const std::vector<Field> differences = some(root["differences"]);
  whole.old_intervals = !differences.front().find("intervals");
  auto& [systems, comparisons, rounds] = whole.results;
  for (const Field& seed : some(root["seeds"])) whole.seeds.push_back(seed.count());
  for (const Field& one : some(root["systems"])) {
    systems.push_back(read_system(one, whole.seeds.size()));
    if (systems.back().cases != systems.front().cases) {
      one["cases"].refuse("the same cases as of systems[0]");
    }
  }
  for (const Field& one : differences) {
    comparisons.push_back(read_comparison(one, whole.seeds.size(), whole.old_intervals));
  }
  if (std::ranges::find(systems, comparisons.front().first, &SystemScores::name) == systems.end()) {
    differences.front()["first"].refuse("the name of a system");
  }
  for (const Field& one : some(root["rounds"])) {
    rounds.push_back(read_round(one));
    if (std::ranges::find(whole.seeds, rounds.back().seed) == whole.seeds.end()) {
      one["seed"].refuse("one of the seeds");
    }
  }
  return whole;
}

double case_dice(const SystemScores& system, std::size_t seed, std::size_t c, std::size_t measure) {
  return measured(system.dice[seed][c], measure);
}

double case_dice(const SystemScores& system, std::size_t c, std::size_t measure) {
  double sum = 0;
  for (std::size_t s = 0; s < system.dice.size(); ++s) sum += case_dice(system, s, c, measure);
  return sum / static_cast<double>(system.dice.size());
}

std::vector<std::size_t> worst_first(const SystemScores& system) {
  std::vector<std::size_t> order(system.cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {},
                           [&](auto c) { return case_dice(system, c, mean_of_regions); });
  return order;
}

}  // namespace glia::program
