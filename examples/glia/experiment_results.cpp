#include "experiment_results.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "glia/core/config.hpp"

namespace glia::program {

namespace {

using Json = nlohmann::ordered_json;

using Dice = std::array<double, region::count>;

/// The paper's order of columns.
constexpr std::array<std::size_t, region::count> columns{region::ET, region::TC, region::WT};

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[160];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

/// Why there is no verdict on the methods; empty if there is one.
std::string no_verdict(const Comparison& c) {
  if (c.seeds < fewest_seeds) {
    return "no verdict on the methods from " + std::to_string(c.seeds) +
           (c.seeds == 1 ? " seed" : " seeds") + ", it needs " + std::to_string(fewest_seeds);
  }
  if (!c.measures.front().interval) {
    return "no verdict without an interval, which needs " + std::to_string(fewest_patients) +
           " patients";
  }
  return {};
}

/// Whether `d` is above zero and known to be. Requires: it has an interval.
const char* verdict(const Difference& d) {
  return d.interval->low > 0    ? "holds"
         : d.interval->high < 0 ? "does not hold, it is worse"
         : d.mean > 0           ? "higher, but the interval holds zero"
                                : "not higher, and the interval holds zero";
}

template <class Value>
Json json_of(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json json_of(const SystemScores& system) {
  Json j{{"name", system.name}};
  for (const std::size_t m : measures) {
    Json& one = j["dice"][measure_name(m)];
    one["mean"] = system.mean(m);
    one["deviation"] = json_of(system.deviation(m));
    if (system.published) one["paper"] = measured(*system.published, m);
    for (std::size_t s = 0; s < system.dice.size(); ++s) one["seeds"].push_back(system.mean(s, m));
  }
  for (std::size_t c = 0; c < system.cases.size(); ++c) {
    Json one{{"case", system.cases[c]}};
    for (const std::size_t m : measures) {
      for (const auto& seed : system.dice) one[measure_name(m)].push_back(measured(seed[c], m));
    }
    j["cases"].push_back(one);
  }
  return j;
}

Json json_of(const Comparison& comparison) {
  Json j{{"first", comparison.first},
         {"second", comparison.second},
         {"intervals", interval_name(comparison.seeds)}};
  for (const std::size_t m : measures) {
    const Difference& d = comparison.measures[m];
    Json& one = j[measure_name(m)] = {{"mean", d.mean}, {"low", nullptr}, {"high", nullptr}};
    if (!d.interval) continue;
    one["low"] = d.interval->low;
    one["high"] = d.interval->high;
  }
  return j;
}

Json json_of_hypothesis(const Comparison& comparison) {
  Json j{{"claim", comparison.first + " > " + comparison.second}};
  const std::string none = no_verdict(comparison);
  for (const std::size_t m : measures) {
    const Difference& d = comparison.measures[m];
    Json& one = j[measure_name(m)];
    one["holds"] = none.empty() ? Json(d.interval->low > 0) : Json();
    one["verdict"] = none.empty() ? verdict(d) : none;
  }
  return j;
}

Json json_of(const RoundRecord& round) {
  Json j{{"seed", round.seed},
         {"fold", round.fold},
         {"student", round.student},
         {"labelled", round.split.labelled},
         {"validation", round.split.validation},
         {"unlabelled", round.split.unlabelled},
         {"test", round.split.test}};
  for (const RoundRecord::Phase& phase : round.phases) {
    j["phases"].push_back({{"name", phase.name}, {"seconds", phase.seconds}});
  }
  return j;
}

}  // namespace

std::string measure_name(std::size_t measure) {
  return measure == mean_of_regions ? "mean" : std::string(region::names[measure]);
}

double measured(const Dice& dice, std::size_t measure) {
  if (measure != mean_of_regions) return dice[measure];
  return std::accumulate(dice.begin(), dice.end(), 0.0) / region::count;
}

double SystemScores::mean(std::size_t seed, std::size_t measure) const {
  double sum = 0;
  for (const Dice& one : dice[seed]) sum += measured(one, measure);
  return sum / static_cast<double>(dice[seed].size());
}

double SystemScores::mean(std::size_t measure) const {
  double sum = 0;
  for (std::size_t s = 0; s < dice.size(); ++s) sum += mean(s, measure);
  return sum / static_cast<double>(dice.size());
}

std::optional<double> SystemScores::deviation(std::size_t measure) const {
  if (dice.size() < 2) return std::nullopt;
  const double centre = mean(measure);
  double sum = 0;
  for (std::size_t s = 0; s < dice.size(); ++s) {
    sum += (mean(s, measure) - centre) * (mean(s, measure) - centre);
  }
  return std::sqrt(sum / static_cast<double>(dice.size() - 1));
}

std::optional<Dice> published_dice(const std::string& name) {
  struct Row {
    const char* name;
    Dice dice;  // WT, TC, ET
  };
  constexpr Row rows[]{{"UNet", {.84591, .81343, .71871}},
                       {"Residual UNet", {.86415, .80872, .72585}},
                       {"Cascaded UNet", {.85654, .81129, .72197}},
                       {"Ensemble", {.87682, .81733, .74916}},
                       {"Distilled", {.87074, .82661, .75187}}};
  for (const Row& row : rows) {
    if (name == row.name) return row.dice;
  }
  return std::nullopt;
}

std::string interval_name(std::size_t seeds) {
  return seeds == 1 ? "95 % intervals over cases, of one training each"
                    : "95 % intervals over cases and seeds";
}

Comparison compare(const SystemScores& first, const SystemScores& second) {
  Comparison result{first.name, second.name, {}, first.dice.size()};
  for (std::size_t m = 0; m < measure_count; ++m) {
    std::vector<std::vector<double>> differences;
    for (std::size_t s = 0; s < first.dice.size(); ++s) {
      auto& row = differences.emplace_back();
      for (std::size_t c = 0; c < first.dice[s].size(); ++c) {
        row.push_back(measured(first.dice[s][c], m) - measured(second.dice[s][c], m));
      }
    }
    result.measures[m] = mean_difference(differences, first.cases);
  }
  return result;
}

std::string interval_text(const Difference& d) {
  return d.interval ? formatted("[%+.4f, %+.4f]", d.interval->low, d.interval->high) : "[n/a]";
}

std::string table_text(const std::vector<SystemScores>& systems) {
  std::string text = formatted("%-22s", "Dice");
  for (const std::size_t r : columns) text += formatted("  %-15s", measure_name(r).c_str());
  text += formatted("%-8s|  paper  ", "mean");
  for (const std::size_t r : columns) text += formatted("%-7s", measure_name(r).c_str());
  text += "mean\n";
  for (const SystemScores& system : systems) {
    text += formatted("%-22s", system.name.c_str());
    for (const std::size_t r : columns) {
      const auto deviation = system.deviation(r);
      text += formatted("  %.4f +- ", system.mean(r)) +
              (deviation ? formatted("%.4f ", *deviation) : "n/a    ");
    }
    text += formatted(" %.4f |         ", system.mean(mean_of_regions));
    if (system.published) {
      for (const std::size_t r : columns) text += formatted("%.4f ", (*system.published)[r]);
      text += formatted("%.4f", measured(*system.published, mean_of_regions));
    }
    text += "\n";
  }
  return text;
}

std::string comparisons_text(const std::vector<Comparison>& comparisons) {
  std::string text = "Differences, with " + interval_name(comparisons.front().seeds) + "\n";
  for (const Comparison& one : comparisons) {
    text += formatted("%-42s", (one.first + " - " + one.second).c_str());
    for (const std::size_t r : columns) {
      const Difference& d = one.measures[r];
      text += formatted("  %s %+.4f ", measure_name(r).c_str(), d.mean) + interval_text(d);
    }
    text += "\n";
  }
  return text;
}

std::string hypothesis_text(const Comparison& c) {
  std::string text = c.first + " > " + c.second + ":";
  if (const std::string none = no_verdict(c); !none.empty()) return text + " " + none + "\n";
  for (const std::size_t r : columns) {
    text += (r == columns.front() ? " " : "; ") + measure_name(r) + " " + verdict(c.measures[r]);
  }
  return text + "\n";
}

std::string results_json(const ExperimentResults& results) {
  Json document{{"library_version", GLIA_VERSION_STRING}};
  Json& seeds = document["seeds"] = Json::array();
  for (const RoundRecord& round : results.rounds) {
    if (seeds.empty() || seeds.back() != round.seed) seeds.push_back(round.seed);
  }
  for (const auto& system : results.systems) document["systems"].push_back(json_of(system));
  for (const auto& one : results.comparisons) document["differences"].push_back(json_of(one));
  document["hypothesis"] = json_of_hypothesis(results.comparisons.front());
  for (const auto& round : results.rounds) document["rounds"].push_back(json_of(round));
  // A case id that is not UTF-8 must not cost the results.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace glia::program
