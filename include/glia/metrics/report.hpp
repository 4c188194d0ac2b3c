#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/core/config.hpp"
#include "glia/core/number_text.hpp"
#include "glia/core/percentile.hpp"
#include "glia/io/atomic_file.hpp"
#include "glia/metrics/region_scores.hpp"

namespace glia {

/// Scores of one case: WT, TC, ET.
struct CaseScores {
  std::string id{};
  std::array<RegionScores, region::count> regions{};
};

/// The scores of a data set and what they were made with.
struct Report {
  std::vector<CaseScores> cases{};
  std::vector<std::string> left_out{};       ///< cases that have no scores: nothing counts them
  std::vector<std::string> without_truth{};  ///< predictions that belong to no case
  std::string label_scheme{};                ///< of the files compared
  std::string hausdorff_definition{PooledPercentile::name};
};

/// One statistic over the cases, for WT, TC, ET.
struct SummaryRow {
  std::string_view name;
  std::array<RegionScores, region::count> regions;
};

namespace detail {

/// The four scores with the names that the BraTS evaluation gives their columns.
struct ScoreColumn {
  std::string_view name;
  double RegionScores::*score;
};
inline constexpr std::array<ScoreColumn, 4> score_columns{{
    {"Dice", &RegionScores::dice},
    {"Hausdorff95", &RegionScores::hd95},
    {"Sensitivity", &RegionScores::sensitivity},
    {"Specificity", &RegionScores::specificity},
}};
inline constexpr std::array<int, region::count> column_order{region::ET, region::TC, region::WT};

inline double mean_of(std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}
inline double standard_deviation(std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double centre = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - centre) * (value - centre);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

/// A CSV field, quoted where RFC 4180 asks for it.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

inline std::string csv_row(const std::string& id, std::span<const RegionScores> regions) {
  std::string row = csv_field(id);
  for (const auto& column : score_columns) {
    for (const int r : column_order) {
      row += ',' + number_text(regions[static_cast<std::size_t>(r)].*column.score);
    }
  }
  return row + '\n';
}

inline nlohmann::ordered_json json_scores(std::span<const RegionScores> regions) {
  nlohmann::ordered_json scores;
  for (const auto& column : score_columns) {
    for (const int r : column_order) {
      const auto index = static_cast<std::size_t>(r);
      scores[std::string(column.name) + "_" + std::string(region::names[index])] =
          regions[index].*column.score;
    }
  }
  return scores;
}

}  // namespace detail

/// Mean, standard deviation (n - 1; 0 for a single case), quartiles (linear interpolation) of every
/// score over the cases; no rows if there are no cases.
[[nodiscard]] inline std::vector<SummaryRow> summarise(std::span<const CaseScores> cases) {
  if (cases.empty()) return {};
  using Statistic = double (*)(std::vector<double>&);
  constexpr std::array<std::pair<std::string_view, Statistic>, 5> statistics{{
      {"mean", detail::mean_of},
      {"std", detail::standard_deviation},
      {"25quantile", [](std::vector<double>& values) { return detail::percentile(values, 25); }},
      {"median", [](std::vector<double>& values) { return detail::percentile(values, 50); }},
      {"75quantile", [](std::vector<double>& values) { return detail::percentile(values, 75); }},
  }};
  std::vector<SummaryRow> rows;
  for (const auto& [name, statistic] : statistics) {
    SummaryRow row{name, {}};
    for (std::size_t r = 0; r < row.regions.size(); ++r) {
      for (const auto& column : detail::score_columns) {
        std::vector<double> values;
        for (const CaseScores& scores : cases) values.push_back(scores.regions[r].*column.score);
        row.regions[r].*column.score = statistic(values);
      }
    }
    rows.push_back(row);
  }
  return rows;
}

/// The report as a table: one row per case in the given order, empty ones for those left out, then
/// the summary rows; columns as the BraTS evaluation names them (scan_id, Dice_ET, Dice_TC,
/// Dice_WT, Hausdorff95_ET, ...).
[[nodiscard]] inline std::string to_csv(const Report& report) {
  std::string text = "scan_id";
  for (const auto& column : detail::score_columns) {
    for (const int r : detail::column_order) {
      text += ',' + std::string(column.name) + '_' +
              std::string(region::names[static_cast<std::size_t>(r)]);
    }
  }
  text += '\n';
  for (const CaseScores& scores : report.cases) text += detail::csv_row(scores.id, scores.regions);
  const std::string empty(detail::score_columns.size() * detail::column_order.size(), ',');
  for (const std::string& id : report.left_out) text += detail::csv_field(id) + empty + '\n';
  for (const SummaryRow& row : summarise(report.cases)) {
    text += detail::csv_row(std::string(row.name), row.regions);
  }
  return text;
}

/// The report as JSON: `rules`, `hausdorff_definition`, `label_scheme`, `library_version`, `cases`,
/// `left_out`, `predictions_without_truth` and `summary`, which is over `cases` alone.
[[nodiscard]] inline std::string to_json(const Report& report) {
  using Json = nlohmann::ordered_json;
  Json document;
  document["rules"] = "brats2020";
  document["hausdorff_definition"] = report.hausdorff_definition;
  document["label_scheme"] = report.label_scheme;
  document["library_version"] = GLIA_VERSION_STRING;
  document["cases"] = Json::array();
  for (const CaseScores& scores : report.cases) {
    Json entry;
    entry["scan_id"] = scores.id;
    entry.update(detail::json_scores(scores.regions));
    document["cases"].push_back(std::move(entry));
  }
  document["left_out"] = report.left_out;
  document["predictions_without_truth"] = report.without_truth;
  document["summary"] = Json::object();
  for (const SummaryRow& row : summarise(report.cases)) {
    document["summary"][std::string(row.name)] = detail::json_scores(row.regions);
  }
  // A case id that is not UTF-8 must not cost the report.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

/// Writes `to_csv`; complete or not at all. Throws IoError.
inline void write_csv(const std::filesystem::path& path, const Report& report) {
  const std::string text = to_csv(report);
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace glia
