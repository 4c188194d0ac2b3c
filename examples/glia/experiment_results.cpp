#include "experiment_results.hpp"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "glia/core/config.hpp"

namespace glia::program {

namespace {

using Json = nlohmann::ordered_json;

/// The paper's order of columns.
constexpr std::array<std::size_t, region::count> columns{region::ET, region::TC, region::WT};

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[160];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string name_of(std::size_t index) { return std::string(region::names[index]); }

}  // namespace

double SystemScores::mean(std::size_t seed, std::size_t region) const {
  double sum = 0;
  for (const auto& one : dice[seed]) sum += one[region];
  return sum / static_cast<double>(dice[seed].size());
}

double SystemScores::mean(std::size_t region) const {
  double sum = 0;
  for (std::size_t s = 0; s < dice.size(); ++s) sum += mean(s, region);
  return sum / static_cast<double>(dice.size());
}

double SystemScores::deviation(std::size_t region) const {
  if (dice.size() < 2) return 0;
  const double centre = mean(region);
  double sum = 0;
  for (std::size_t s = 0; s < dice.size(); ++s) {
    sum += (mean(s, region) - centre) * (mean(s, region) - centre);
  }
  return std::sqrt(sum / static_cast<double>(dice.size() - 1));
}

std::optional<std::array<double, region::count>> published_dice(const std::string& name) {
  struct Row {
    const char* name;
    std::array<double, region::count> dice;  // WT, TC, ET
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

Comparison compare(const SystemScores& first, const SystemScores& second) {
  Comparison result{first.name, second.name, {}};
  for (std::size_t r = 0; r < region::count; ++r) {
    std::vector<std::vector<double>> differences;
    for (std::size_t s = 0; s < first.dice.size(); ++s) {
      auto& row = differences.emplace_back();
      for (std::size_t c = 0; c < first.dice[s].size(); ++c) {
        row.push_back(first.dice[s][c][r] - second.dice[s][c][r]);
      }
    }
    result.regions[r] = bootstrap_mean(differences);
  }
  return result;
}

std::string table_text(const std::vector<SystemScores>& systems) {
  std::string text = formatted("%-22s", "Dice");
  for (const std::size_t r : columns) text += formatted("  %-15s", name_of(r).c_str());
  text += formatted("%-8s|  paper  ", "mean");
  for (const std::size_t r : columns) text += formatted("%-7s", name_of(r).c_str());
  text += "mean\n";
  for (const SystemScores& system : systems) {
    text += formatted("%-22s", system.name.c_str());
    double sum = 0;
    for (const std::size_t r : columns) {
      text += formatted("  %.4f +- %.4f", system.mean(r), system.deviation(r)) + " ";
      sum += system.mean(r) / region::count;
    }
    text += formatted(" %.4f |         ", sum);
    if (system.published) {
      double published = 0;
      for (const std::size_t r : columns) {
        text += formatted("%.4f ", (*system.published)[r]);
        published += (*system.published)[r] / region::count;
      }
      text += formatted("%.4f", published);
    }
    text += "\n";
  }
  return text;
}

std::string comparisons_text(const std::vector<Comparison>& comparisons) {
  std::string text = "Differences, with 95 % intervals by bootstrap over cases and seeds\n";
  for (const Comparison& one : comparisons) {
    text += formatted("%-42s", (one.first + " - " + one.second).c_str());
    for (const std::size_t r : columns) {
      const Difference& d = one.regions[r];
      text += formatted("  %s %+.4f [%+.4f, %+.4f]", name_of(r).c_str(), d.mean, d.low, d.high);
    }
    text += "\n";
  }
  return text;
}

std::string hypothesis_text(const Comparison& c) {
  std::string text = c.first + " > " + c.second + ":";
  for (const std::size_t r : columns) {
    const Difference& d = c.regions[r];
    const char* verdict = d.low > 0    ? "holds"
                          : d.high < 0 ? "does not hold, it is worse"
                          : d.mean > 0 ? "higher, but the interval holds zero"
                                       : "not higher, and the interval holds zero";
    text += (r == columns.front() ? " " : "; ") + name_of(r) + " " + verdict;
  }
  return text + "\n";
}

std::string results_json(const std::vector<SystemScores>& systems,
                         const std::vector<Comparison>& comparisons) {
  Json document;
  document["library_version"] = GLIA_VERSION_STRING;
  for (const SystemScores& system : systems) {
    Json j{{"name", system.name}};
    for (const std::size_t r : columns) {
      Json& one = j["dice"][name_of(r)];
      one["mean"] = system.mean(r);
      one["deviation"] = system.deviation(r);
      if (system.published) one["paper"] = (*system.published)[r];
      for (std::size_t s = 0; s < system.dice.size(); ++s)
        one["seeds"].push_back(system.mean(s, r));
    }
    document["systems"].push_back(j);
  }
  for (const Comparison& one : comparisons) {
    Json j{{"first", one.first}, {"second", one.second}};
    for (const std::size_t r : columns) {
      const Difference& d = one.regions[r];
      j[name_of(r)] = {{"mean", d.mean}, {"low", d.low}, {"high", d.high}};
    }
    document["differences"].push_back(j);
  }
  return document.dump(2) + "\n";
}

}  // namespace glia::program
