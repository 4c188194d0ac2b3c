// The page about one training run.
#include <algorithm>
#include <numeric>

#include "glia/core/error.hpp"
#include "glia/data/prepared_case.hpp"
#include "page.hpp"
#include "report_pages.hpp"
#include "report_training.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

double mean_dice(const CaseScores& scores) {
  double sum = 0;
  for (const RegionScores& one : scores.regions) sum += one.dice / region::count;
  return sum;
}

/// One cell per region, in the order of the paper's columns.
template <class Cell>
void add_cells(std::vector<std::string>& row, const std::array<RegionScores, region::count>& scores,
               const Cell& cell) {
  for (const int r : detail::column_order) row.push_back(cell(scores[static_cast<std::size_t>(r)]));
}

std::string distance(const RegionScores& one) { return page::number("%.2f", one.hd95); }

std::string summary_table(const std::vector<CaseScores>& cases) {
  page::Table table{.head = {"", "ET", "TC", "WT", "ET", "TC", "WT"},
                    .groups = {{"", 1}, {"Dice", 3}, {"HD95 in mm", 3}}};
  for (const SummaryRow& row : summarise(cases)) {
    auto& cells = table.rows.emplace_back(1, std::string(row.name));
    add_cells(cells, row.regions, [](const auto& one) { return page::number("%.3f", one.dice); });
    add_cells(cells, row.regions, distance);
  }
  return page::table(table);
}

std::string case_table(const std::vector<CaseScores>& cases) {
  page::Table table{.head = {"case", "mean", "ET", "TC", "WT", "ET", "TC", "WT", "ET", "TC", "WT"},
                    .groups = {{"", 1}, {"Dice", 4}, {"HD95 in mm", 3}, {"sensitivity", 3}}};
  for (const CaseScores& scores : cases) {
    auto& cells = table.rows.emplace_back(1, page::escaped(scores.id));
    cells.push_back(page::share(mean_dice(scores)));
    add_cells(cells, scores.regions, [](const auto& one) { return page::share(one.dice); });
    add_cells(cells, scores.regions, distance);
    add_cells(cells, scores.regions,
              [](const auto& one) { return page::number("%.3f", one.sensitivity); });
  }
  return page::table(table);
}

std::string pictures(const std::vector<Pair>& pairs, std::span<const CaseScores> worst,
                     const ScoringOptions& options) {
  std::string figures = "<div class=\"figures\">\n";
  for (const CaseScores& scores : worst) {
    const Pair& pair = *std::ranges::find(pairs, scores.id, &Pair::id);
    std::vector<Picture> drawn = draw_apart(pair.truth, {pair.prediction}, options);
    const std::array<page::Panel, 2> panels{
        {{"truth", std::move(drawn[0])}, {"prediction", std::move(drawn[1])}}};
    figures +=
        page::figure(panels, scores.id + ", mean Dice " + page::number("%.3f", mean_dice(scores)));
  }
  return picture_legend() + figures + "</div>\n";
}

/// Scores of all pairs, lowest first, and the pictures of the lowest.
std::string scores_sections(const ReportOptions& o, const CommonOptions& common,
                            std::size_t& refused) {
  const auto [pairs, left_out, without_truth] = find_pairs(o, refused);
  std::vector<CaseScores> cases;
  ProgressBar bar("score", "cases", common.quiet);
  for (const Pair& pair : pairs) {
    cases.push_back(score(pair, o).scores);
    bar.update(static_cast<double>(cases.size()), static_cast<double>(pairs.size()));
  }
  std::ranges::stable_sort(cases, {}, mean_dice);
  const auto shown = std::min(cases.size(), static_cast<std::size_t>(o.worst));
  std::string over;
  if (!left_out.empty()) {
    over = page::note(
        "Of " + std::to_string(cases.size()) + " of " +
        std::to_string(cases.size() + left_out.size()) +
        " cases. Left out for want of one prediction: " + page::escaped(ids_text(left_out)) + ".");
  }
  std::string text = page::section("Scores", over + summary_table(cases)) +
                     page::section("Cases, lowest mean Dice first", case_table(cases));
  if (shown > 0) {
    text += page::section("Lowest scores", pictures(pairs, std::span(cases).first(shown), o));
  }
  return text;
}

std::string time_facts(const TrainingRecord& run) {
  const std::vector<double>& seconds = run.seconds;
  if (seconds.empty()) return "";
  const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  const auto [least, most] = std::ranges::minmax(seconds);
  const std::vector<std::pair<std::string, std::string>> rows{
      {"epochs", std::to_string(seconds.size())},
      {"total", duration_text(total)},
      {"per epoch", page::number("%.1f s", total / static_cast<double>(seconds.size())) + " (" +
                        page::number("%.1f", least) + " to " + page::number("%.1f s)", most)}};
  return page::section("Time", page::facts(rows));
}

/// What the weights say about themselves, without the settings that config.toml holds.
std::string about_weights(const TrainingRecord& run) {
  std::vector<std::pair<std::string, std::string>> rows{
      {"parameters", std::to_string(run.parameters)}};
  for (const auto& [key, value] : run.metadata) {
    if (key.starts_with("glia.") && !key.starts_with("glia.settings.") &&
        !key.starts_with("glia.crc32")) {
      rows.emplace_back(key.substr(5), value);
    }
  }
  return page::facts(rows);
}

}  // namespace

ReportPage run_page(const ReportOptions& o, const CommonOptions& common) {
  if (o.prediction.empty() != o.truth.empty()) {
    throw UsageError("--predictions and --truth belong together: got only " +
                     std::string(o.truth.empty() ? "--predictions" : "--truth"));
  }
  const TrainingRecord run = read_training(o.folder);
  ReportPage page;
  std::string body = page_origin();
  if (!o.truth.empty()) body += scores_sections(o, common, page.refused);
  body += page::section("Training", learning_curves({run})) + time_facts(run);
  body += page::section("Weights", about_weights(run));
  body += page::section("Configuration", "<pre>" + page::escaped(run.configuration) + "</pre>\n");
  const std::string name = std::filesystem::weakly_canonical(o.folder).filename().string();
  page.html = page::document("Training run " + name, body);
  return page;
}

}  // namespace glia::program
