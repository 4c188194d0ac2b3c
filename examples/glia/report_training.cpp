#include "report_training.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "glia/core/error.hpp"
#include "glia/io/safetensors.hpp"
#include "glia/metrics/report.hpp"
#include "page.hpp"
#include "program.hpp"
#include "report_charts.hpp"

namespace glia::program {

namespace {

using Path = std::filesystem::path;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == ',') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

/// A number, or nothing for an empty field.
std::optional<double> value_of(const std::string& field, const std::string& where) {
  if (field.empty()) return std::nullopt;
  double value = 0;
  const char* end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, value);
  if (result.ec == std::errc{} && result.ptr == end) return value;
  throw DataError(where + "got \"" + field + "\", expected a number");
}

EpochTable read_table(const Path& path) {
  EpochTable table;
  std::istringstream lines(read_text(path));
  std::string line;
  std::getline(lines, line);
  table.head = fields_of(line);
  for (std::size_t number = 2; std::getline(lines, line); ++number) {
    const std::string where = path.string() + ": line " + std::to_string(number) + ": ";
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != table.head.size()) {
      throw DataError(where + "fields: got " + std::to_string(fields.size()) + ", expected " +
                      std::to_string(table.head.size()));
    }
    auto& row = table.rows.emplace_back();
    for (const std::string& field : fields) row.push_back(value_of(field, where));
  }
  if (table.rows.empty()) throw DataError(path.string() + ": has no epochs");
  return table;
}

std::vector<double> read_seconds(const Path& path) {
  std::vector<double> seconds;
  if (!std::filesystem::exists(path)) return seconds;
  for (const auto& [epoch, value] : read_table(path).points("seconds")) seconds.push_back(value);
  return seconds;
}

std::string dice_column(int region) {
  return "dice_" + std::string(region::names[static_cast<std::size_t>(region)]);
}

}  // namespace

std::vector<std::pair<double, double>> EpochTable::points(const std::string& column) const {
  std::vector<std::pair<double, double>> result;
  const auto at = static_cast<std::size_t>(std::ranges::find(head, column) - head.begin());
  if (at == head.size()) return result;
  for (const auto& row : rows) {
    if (row[0] && row[at]) result.emplace_back(*row[0], *row[at]);
  }
  return result;
}

std::optional<double> TrainingRecord::best_dice() const {
  std::map<double, double> means;  // by epoch
  for (int r = 0; r < region::count; ++r) {
    for (const auto& [epoch, dice] : history.points(dice_column(r))) {
      means[epoch] += dice / region::count;
    }
  }
  if (means.empty()) return std::nullopt;
  return std::ranges::max_element(means, {}, [](const auto& one) { return one.second; })->second;
}

TrainingRecord read_training(const Path& folder) {
  TrainingRecord record;
  record.history = read_table(folder / "history.csv");
  record.seconds = read_seconds(folder / "times.csv");
  const SafetensorsFile weights = SafetensorsFile::open(folder / "best.safetensors");
  record.metadata = {weights.metadata().begin(), weights.metadata().end()};
  for (const std::string& name : weights.names()) {
    index_t size = 1;
    for (const index_t dim : weights.find(name).shape) size *= dim;
    record.parameters += size;
  }
  record.configuration = read_text(folder / "config.toml");
  return record;
}

std::string learning_curves(const std::vector<TrainingRecord>& runs) {
  std::vector<page::Series> loss, dice;
  for (const TrainingRecord& run : runs) {
    loss.push_back({"", "var(--accent)", run.history.points("loss")});
    for (const int r : detail::column_order) {
      const auto region = static_cast<std::size_t>(r);
      dice.push_back({std::string(region::names[region]), page::region_colour(region),
                      run.history.points(dice_column(r))});
    }
  }
  return "<div class=\"charts\">\n" + page::line_chart("training loss", loss, false) +
         page::line_chart("Dice of the validation cases", dice, true) + "</div>\n";
}

}  // namespace glia::program
