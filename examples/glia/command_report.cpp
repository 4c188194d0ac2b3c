// glia report: one HTML page about a training run and the scores of its predictions.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "glia/core/config.hpp"
#include "glia/core/error.hpp"
#include "glia/io/safetensors.hpp"
#include "page.hpp"
#include "program.hpp"
#include "scoring.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct ReportOptions : ScoringOptions {
  std::filesystem::path run, out;
  index_t worst = 6;
};

constexpr std::array<const char*, region::count> region_colours{"#35a853", "#d99a00", "#d93a3a"};

std::string fixed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// history.csv: a head, then one row of numbers per epoch, some of them empty.
struct History {
  std::vector<std::string> head;
  std::vector<std::vector<std::optional<double>>> rows;

  [[nodiscard]] page::Series series(const std::string& column, const std::string& name,
                                    const std::string& colour) const {
    page::Series result{name, colour, {}};
    const auto at = static_cast<std::size_t>(std::ranges::find(head, column) - head.begin());
    if (at == head.size()) return result;
    for (const auto& row : rows) {
      if (row[0] && row[at]) result.points.emplace_back(*row[0], *row[at]);
    }
    return result;
  }
};

History read_history(const std::filesystem::path& path) {
  History history;
  std::istringstream lines(read_text(path));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ',') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (number == 1) {
      history.head = fields;
      continue;
    }
    const std::string where = path.string() + ": line " + std::to_string(number) + ": ";
    if (fields.size() != history.head.size()) {
      throw DataError(where + "fields: got " + std::to_string(fields.size()) + ", expected " +
                      std::to_string(history.head.size()));
    }
    auto& row = history.rows.emplace_back();
    for (const std::string& field : fields) {
      double value = 0;
      const char* end = field.data() + field.size();
      const auto result = std::from_chars(field.data(), end, value);
      if (field.empty()) {
        row.emplace_back();
      } else if (result.ec == std::errc{} && result.ptr == end) {
        row.emplace_back(value);
      } else {
        throw DataError(where + "got \"" + field + "\", expected a number");
      }
    }
  }
  if (history.rows.empty()) throw DataError(path.string() + ": has no epochs");
  return history;
}

std::string curves(const History& history) {
  const page::Series loss = history.series("loss", "training loss", "#3b7dd8");
  std::vector<page::Series> dice;
  for (std::size_t r = 0; r < region::count; ++r) {
    const std::string name(region::names[r]);
    dice.push_back(history.series("dice_" + name, name, region_colours[r]));
  }
  std::string text = page::line_chart("epoch", std::span(&loss, 1), false);
  if (std::ranges::any_of(dice, [](const page::Series& s) { return !s.points.empty(); })) {
    text += "<p>Dice of the validation cases</p>\n" + page::line_chart("epoch", dice, true);
  }
  return text;
}

/// What the weights say about themselves, without the settings that config.toml holds.
std::string about_weights(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  index_t parameters = 0;
  for (const std::string& name : file.names()) {
    index_t size = 1;
    for (const index_t dim : file.find(name).shape) size *= dim;
    parameters += size;
  }
  std::vector<std::vector<std::string>> rows{{"parameters", std::to_string(parameters)}};
  for (const auto& [key, value] : file.metadata()) {
    if (key.starts_with("glia.") && key != "glia.settings" && !key.starts_with("glia.crc32")) {
      rows.push_back({page::escaped(key.substr(5)), page::escaped(value)});
    }
  }
  const std::vector<std::string> head{"weights", page::escaped(path.filename().string())};
  return page::table(head, rows, 2);
}

double mean_dice(const CaseScores& scores) {
  double sum = 0;
  for (const RegionScores& one : scores.regions) sum += one.dice / region::count;
  return sum;
}

std::string summary_table(const Report& report) {
  const std::vector<std::string> head{"", "Dice WT", "TC", "ET", "HD95 WT mm", "TC", "ET"};
  std::vector<std::vector<std::string>> rows;
  for (const SummaryRow& row : summarise(report.cases)) {
    auto& cells = rows.emplace_back(1, std::string(row.name));
    for (const RegionScores& one : row.regions) cells.push_back(fixed("%.3f", one.dice));
    for (const RegionScores& one : row.regions) cells.push_back(fixed("%.2f", one.hd95));
  }
  return page::table(head, rows);
}

std::string case_table(const Report& report) {
  const std::vector<std::string> head{"case", "Dice WT",        "TC", "ET", "HD95 WT mm", "TC",
                                      "ET",   "sensitivity WT", "TC", "ET"};
  std::vector<std::vector<std::string>> rows;
  for (const CaseScores& scores : report.cases) {
    auto& cells = rows.emplace_back(1, page::escaped(scores.id));
    for (const RegionScores& one : scores.regions) cells.push_back(page::share(one.dice));
    for (const RegionScores& one : scores.regions) cells.push_back(fixed("%.2f", one.hd95));
    for (const RegionScores& one : scores.regions) cells.push_back(fixed("%.3f", one.sensitivity));
  }
  return page::table(head, rows);
}

/// Scores of all pairs, worst first, and the pictures of the worst.
std::string scores_section(const ReportOptions& o, const CommonOptions& common,
                           std::size_t& refused) {
  Report report;
  std::vector<Pair> pairs = find_pairs(o, refused);
  ProgressBar bar("score", "cases", common.quiet);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    report.cases.push_back(score(pairs[i], o).scores);
    bar.update(static_cast<double>(i + 1), static_cast<double>(pairs.size()));
  }
  std::ranges::stable_sort(report.cases, {}, mean_dice);
  std::string figures = "<div class=\"figures\">\n";
  const auto shown = std::min(report.cases.size(), static_cast<std::size_t>(o.worst));
  for (const CaseScores& scores : std::span(report.cases).first(shown)) {
    const auto pair = std::ranges::find(pairs, scores.id, &Pair::id);
    figures += page::figure(draw(*pair, o, Plane::difference),
                            scores.id + ", mean Dice " + fixed("%.3f", mean_dice(scores)));
  }
  figures +=
      "</div>\n<p>FLAIR in the axial plane where most voxels differ: whole tumour green, "
      "tumour core yellow, enhancing tumour red; truth dashed, prediction solid.</p>\n";
  std::string text = page::section("Scores", summary_table(report));
  text += page::section("Cases, lowest mean Dice first", case_table(report));
  if (shown > 0) text += page::section("Lowest scores", figures);
  return text;
}

int run_report(const ReportOptions& o, const CommonOptions& common) {
  if (o.prediction.empty() != o.truth.empty()) {
    throw UsageError("--predictions and --truth belong together: got only " +
                     std::string(o.truth.empty() ? "--predictions" : "--truth"));
  }
  const std::filesystem::path out = o.out.empty() ? o.run / "report.html" : o.out;
  require_new(out, common);
  std::size_t refused = 0;
  std::string body = "<p class=\"note\">glia " GLIA_VERSION_STRING ", " + today() + "</p>\n";
  if (!o.truth.empty()) body += scores_section(o, common, refused);
  body += page::section("Training", curves(read_history(o.run / "history.csv")));
  body += page::section("Weights", about_weights(o.run / "best.safetensors"));
  body += page::section("Configuration",
                        "<pre>" + page::escaped(read_text(o.run / "config.toml")) + "</pre>\n");
  const std::string name = std::filesystem::weakly_canonical(o.run).filename().string();
  if (!common.dry_run) write_text(out, page::document("Training run " + name, body));
  std::printf("%s\n", out.string().c_str());
  return refused > 0 ? 7 : 0;
}

}  // namespace

void add_report(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<ReportOptions>();
  CLI::App* c = app.add_subcommand("report", "one HTML page about a run and its predictions");
  c->add_option("run", o->run, "folder of a training run")
      ->required()
      ->check(CLI::ExistingDirectory);
  c->add_option("--predictions", o->prediction, "folder with CASE.nii.gz")
      ->check(CLI::ExistingDirectory);
  c->add_option("--truth", o->truth, "data set folder with the labels of these cases")
      ->check(CLI::ExistingDirectory);
  c->add_option("--prediction-scheme", o->prediction_scheme,
                "label scheme of the predictions [that of the truth]")
      ->check(known_scheme());
  add_data_options(*c, o->reading);
  c->add_option("--worst", o->worst, "cases with the lowest scores that are shown as pictures")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--out", o->out, "the page [RUN/report.html]");
  c->callback([o, &common, &action] { action = [o, &common] { return run_report(*o, common); }; });
}

}  // namespace glia::program
