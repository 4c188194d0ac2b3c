#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "experiment_results.hpp"

namespace glia::program {

/// What the experiment.json of a folder holds.
struct ExperimentFile {
  std::filesystem::path folder;  ///< it lies in
  std::string library_version;
  std::vector<std::uint64_t> seeds;
  ExperimentResults results;
  bool old_intervals = false;  ///< of a version whose intervals did not cover; left out

  /// The system that the hypothesis is about.
  [[nodiscard]] const SystemScores& student() const;
  /// Where a round left its files.
  [[nodiscard]] std::filesystem::path home(const RoundRecord& round) const;
};

/// Throws DataError that names the file, the field, what was got and what was expected; IoError.
ExperimentFile read_results(const std::filesystem::path& folder);

/// Dice of one case with one seed.
double case_dice(const SystemScores& system, std::size_t seed, std::size_t c, std::size_t measure);
/// Mean over the seeds.
double case_dice(const SystemScores& system, std::size_t c, std::size_t measure);
/// Indices of the cases, lowest mean Dice first.
std::vector<std::size_t> worst_first(const SystemScores& system);

}  // namespace glia::program
