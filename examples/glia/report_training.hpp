#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/types.hpp"

namespace glia::program {

/// A CSV file of a run: a head, then one row of numbers per epoch, some of them empty.
struct EpochTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::optional<double>>> rows;

  /// First column and the named one, where both have a value; none if there is no such column.
  [[nodiscard]] std::vector<std::pair<double, double>> points(const std::string& column) const;
};

/// What a training left in its folder.
struct TrainingRecord {
  EpochTable history;
  std::vector<double> seconds;                  ///< of the epochs; none in runs without times.csv
  std::map<std::string, std::string> metadata;  ///< of the best weights
  index_t parameters = 0;
  std::string configuration;

  /// The highest validation Dice, the mean of the regions; nothing without validation.
  [[nodiscard]] std::optional<double> best_dice() const;
};

/// Throws IoError for a file that is missing, DataError naming the file and line that is damaged.
TrainingRecord read_training(const std::filesystem::path& folder);

/// Two charts beside each other, the loss and the validation Dice, of one network in all its runs.
std::string learning_curves(const std::vector<TrainingRecord>& runs);

}  // namespace glia::program
