#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiment_split.hpp"
#include "glia/data/region.hpp"
#include "glia/metrics/difference.hpp"

namespace glia::program {

/// What systems are compared by: Dice of each region and the mean of these.
inline constexpr std::size_t mean_of_regions = region::count, measure_count = region::count + 1;
/// In the order of the paper's columns.
inline constexpr std::array<std::size_t, measure_count> measures{region::ET, region::TC, region::WT,
                                                                 mean_of_regions};
std::string measure_name(std::size_t measure);
double measured(const std::array<double, region::count>& dice, std::size_t measure);

/// Dice of one system on every test case, for every seed.
struct SystemScores {
  std::string name;
  std::vector<std::string> cases;
  std::vector<std::vector<std::array<double, region::count>>> dice;  ///< [seed][case][region]
  std::optional<std::array<double, region::count>> published;        ///< the paper's means

  /// Mean over cases of one seed.
  [[nodiscard]] double mean(std::size_t seed, std::size_t measure) const;
  /// Mean over cases and seeds.
  [[nodiscard]] double mean(std::size_t measure) const;
  /// Standard deviation of the seeds' means (n - 1); nothing for a single seed.
  [[nodiscard]] std::optional<double> deviation(std::size_t measure) const;
};

/// What the paper's table says of a system; nothing if it has no such row. Nalwade & Kisa, Table 1.
std::optional<std::array<double, region::count>> published_dice(const std::string& name);

/// One system minus another, with 95 % intervals.
struct Comparison {
  std::string first, second;
  std::array<Difference, measure_count> measures;
  std::size_t seeds = 1;
};
/// What the intervals are over, for people; cases of one patient count as one.
std::string interval_name(std::size_t seeds);

/// The interval as text, [n/a] if there is none.
std::string interval_text(const Difference& difference);

/// Requires: both were scored on the same cases with the same seeds.
Comparison compare(const SystemScores& first, const SystemScores& second);

/// The table in the paper's form, ET, TC, WT and their mean, the paper's figures beside it.
std::string table_text(const std::vector<SystemScores>& systems);
std::string comparisons_text(const std::vector<Comparison>& comparisons);

/// In words, per region, whether `distilled - alone` is above zero and whether its interval is; or
/// why no verdict is given.
std::string hypothesis_text(const Comparison& distilled_against_alone);

/// How one seed and fold came to its scores.
struct RoundRecord {
  struct Phase {
    std::string name;
    double seconds;
  };
  std::uint64_t seed;
  index_t fold;
  std::string student;  ///< the network that was distilled
  Split split;
  std::vector<Phase> phases;
};

struct ExperimentResults {
  std::vector<SystemScores> systems;    ///< rows of the table
  std::vector<Comparison> comparisons;  ///< the hypothesis first
  std::vector<RoundRecord> rounds;
};

/// All of it as JSON.
std::string results_json(const ExperimentResults& results);

}  // namespace glia::program
