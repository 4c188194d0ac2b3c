#pragma once

#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "glia/core/number_text.hpp"
#include "glia/train/events.hpp"
#include "glia/train/weights.hpp"

namespace glia {

/// Everything about a training run that its next step depends on, beside weights and schedule.
template <Network Net>
struct TrainingState {
  using Parameters = typename Model<Net>::Parameters;

  TrainingState(int moment_count, bool averages) {
    for (int i = 0; i < moment_count; ++i) moments.push_back(std::make_unique<Parameters>());
    if (averages) average = std::make_unique<Parameters>();
  }

  std::vector<std::unique_ptr<Parameters>> moments;  ///< of the optimiser
  std::unique_ptr<Parameters> average;  ///< moving average of the weights, if there is one
  index_t step = 0;  ///< steps tried; the loader's position and, with the seed, every random number
  index_t updates = 0;  ///< steps that changed the weights
  index_t epoch_steps = 0, epoch_skipped = 0, skipped_in_a_row = 0;
  double epoch_loss = 0, rate = 0, best_dice = -1;
  std::vector<EpochRecord> history;
};

namespace detail {

/// Numbers as text that reads back to the same bits.
class NumberWriter {
 public:
  void operator()(double value) { text_ += (text_.empty() ? "" : " ") + number_text(value); }
  void operator()(index_t value) { (*this)(static_cast<double>(value)); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class NumberReader {
 public:
  NumberReader(std::string text, std::string where)
      : text_(std::move(text)), where_(std::move(where)) {}
  void operator()(double& value) {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    const char* end = text_.data() + text_.size();
    const auto result = std::from_chars(text_.data() + position_, end, value);
    if (result.ec != std::errc{}) {
      throw DataError(where_ + ": got \"" + text_.substr(position_, 20) + "\", expected a number");
    }
    position_ = static_cast<std::size_t>(result.ptr - text_.data());
  }
  void operator()(index_t& value) {
    double number = 0;
    (*this)(number);
    if (!(number >= 0 && number <= 0x1p53) || number != std::trunc(number))
      throw DataError(where_ + ": got " + number_text(number) + ", expected a count");
    value = static_cast<index_t>(number);
  }
  [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }

 private:
  std::string text_, where_;
  std::size_t position_ = 0;
};

/// 2 since a run records its options.
inline constexpr const char* checkpoint_format = "2";

/// The one list of a state's numbers, for writing and reading.
template <class Visitor, class State>
void visit_numbers(Visitor&& visit, State& s) {
  visit(s.step);
  visit(s.updates);
  visit(s.epoch_steps);
  visit(s.epoch_skipped);
  visit(s.skipped_in_a_row);
  visit(s.epoch_loss);
  visit(s.rate);
  visit(s.best_dice);
}
template <class Visitor, class Record>
void visit_record(Visitor&& visit, Record& r) {
  visit(r.epoch);
  visit(r.loss);
  visit(r.rate);
  visit(r.skipped);
  for (auto& dice : r.dice) visit(dice);
}

}  // namespace detail

/// Writes weights, optimiser, average, schedule, counters and history into one file, atomically.
/// Throws IoError.
template <Network Net>
void save_checkpoint(const std::filesystem::path& path, const Model<Net>& model,
                     const TrainingState<Net>& state, std::span<const double> schedule,
                     Metadata metadata) {
  std::vector<TensorEntry> entries;
  detail::append_entries(entries, "model.", model.parameters());
  for (std::size_t i = 0; i < state.moments.size(); ++i) {
    detail::append_entries(entries, "moment" + std::to_string(i) + ".", *state.moments[i]);
  }
  if (state.average) detail::append_entries(entries, "average.", *state.average);
  detail::NumberWriter numbers, history, rates;
  detail::visit_numbers(numbers, state);
  for (const EpochRecord& record : state.history) detail::visit_record(history, record);
  for (const double value : schedule) rates(value);
  metadata["glia.version"] = GLIA_VERSION_STRING;
  metadata["glia.checkpoint"] = detail::checkpoint_format;
  metadata["glia.seed"] = std::to_string(model.context().seed());
  metadata["glia.state"] = numbers.text();
  metadata["glia.history"] = history.text();
  metadata["glia.schedule"] = rates.text();
  write_safetensors(path, metadata, entries);
}

/// Reads what `save_checkpoint` wrote and returns all that the file says about itself.
/// `description` is what it must say. Throws IoError, DataError for a damaged file, UsageError for
/// another network, optimiser, seed or description.
template <Network Net>
Metadata load_checkpoint(const std::filesystem::path& path, Model<Net>& model,
                         TrainingState<Net>& state, std::span<double> schedule,
                         const Metadata& description) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto text = [&](const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end())
      throw UsageError(path.string() + ": no checkpoint: " + key + " is missing");
    return found->second;
  };
  const auto expect = [&](const std::string& key, const std::string& expected) {
    const auto found = file.metadata().find(key);
    const std::string got = found == file.metadata().end() ? "none" : found->second;
    if (got == expected) return;
    throw UsageError(path.string() + ": " + key + ": got " + got + ", expected " + expected);
  };
  detail::require_known_version(path, file.metadata());
  static_cast<void>(text("glia.checkpoint"));
  expect("glia.checkpoint", detail::checkpoint_format);
  expect("glia.seed", std::to_string(model.context().seed()));
  for (const auto& [key, value] : description) expect(key, value);

  detail::require_entries(path, file, "model.", model.parameters());
  for (std::size_t i = 0; i < state.moments.size(); ++i) {
    detail::require_entries(path, file, "moment" + std::to_string(i) + ".", *state.moments[i]);
  }
  if (state.average) detail::require_entries(path, file, "average.", *state.average);
  std::size_t own = 0;
  visit_parameters([&](const std::string&, const auto&) { ++own; }, "",
                   model.parameters().fields());
  const std::size_t expected = own * (1 + state.moments.size() + (state.average ? 1 : 0));
  if (file.names().size() != expected) {
    throw UsageError(path.string() + ": a run with another optimiser or average: tensors: got " +
                     std::to_string(file.names().size()) + ", expected " +
                     std::to_string(expected));
  }

  detail::NumberReader numbers(text("glia.state"), path.string() + ": glia.state");
  detail::visit_numbers(numbers, state);
  detail::NumberReader history(text("glia.history"), path.string() + ": glia.history");
  state.history.clear();
  while (!history.at_end()) detail::visit_record(history, state.history.emplace_back());
  detail::NumberReader rates(text("glia.schedule"), path.string() + ": glia.schedule");
  for (double& value : schedule) rates(value);

  detail::read_entries(file, "model.", model.parameters());
  for (std::size_t i = 0; i < state.moments.size(); ++i) {
    detail::read_entries(file, "moment" + std::to_string(i) + ".", *state.moments[i]);
  }
  if (state.average) detail::read_entries(file, "average.", *state.average);
  return file.metadata();
}

}  // namespace glia
