// The page about an experiment.
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "glia/core/error.hpp"
#include "page.hpp"
#include "report_charts.hpp"
#include "report_experiment_cases.hpp"
#include "report_pages.hpp"
#include "report_results.hpp"
#include "report_training.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Path = std::filesystem::path;
using Facts = std::vector<std::pair<std::string, std::string>>;

template <class Words>
std::string listed(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string time_text(double seconds) {
  return seconds < 10 ? page::number("%.1f s", seconds) : duration_text(seconds);
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// What every phase took in each round, in the order of the phases.
std::vector<std::pair<std::string, std::vector<double>>> phase_times(const ExperimentFile& file) {
  std::vector<std::pair<std::string, std::vector<double>>> times;
  for (const RoundRecord& round : file.results.rounds) {
    for (const RoundRecord::Phase& phase : round.phases) {
      auto known = std::ranges::find(times, phase.name, [](const auto& one) { return one.first; });
      if (known == times.end()) known = times.insert(known, {phase.name, {}});
      known->second.push_back(phase.seconds);
    }
  }
  return times;
}

double total_time(const ExperimentFile& file) {
  double total = 0;
  for (const RoundRecord& round : file.results.rounds) {
    for (const RoundRecord::Phase& phase : round.phases) total += phase.seconds;
  }
  return total;
}

Facts about(const ExperimentFile& file) {
  const Split& split = file.results.rounds.front().split;
  std::set<std::string> students;
  std::vector<std::string> seeds;
  index_t folds = 0;
  for (const RoundRecord& round : file.results.rounds) {
    students.insert(round.student);
    folds = std::max(folds, round.fold + 1);
  }
  for (const std::uint64_t seed : file.seeds) seeds.push_back(std::to_string(seed));
  const std::string where = folds > 1 ? " in the first fold" : "";
  Facts facts{{"test cases", std::to_string(file.student().cases.size())},
              {"labelled cases" + where, std::to_string(split.labelled.size()) + ", " +
                                             std::to_string(split.validation.size()) +
                                             " of them for validation"},
              {"annotated cases" + where, std::to_string(split.unlabelled.size())},
              {"seeds", listed(seeds)}};
  if (folds > 1) facts.emplace_back("folds", std::to_string(folds));
  facts.emplace_back("distilled network", listed(students));
  facts.emplace_back("time of all phases", time_text(total_time(file)));
  facts.emplace_back("experiment by", "glia " + file.library_version);
  return facts;
}

/// A row of the table for a system: mean Dice of every measure, with a remark beside it.
struct ResultCells {
  std::array<double, measure_count> dice{};
  std::array<std::string, measure_count> remarks{};
};

/// Nothing for a system that has no such figures.
using ResultColumns = std::vector<std::optional<ResultCells>>;

ResultColumns own_figures(const ExperimentFile& file) {
  ResultColumns columns;
  for (const SystemScores& system : file.results.systems) {
    ResultCells& cells = columns.emplace_back(ResultCells{}).value();
    for (const std::size_t m : measures) {
      cells.dice[m] = system.mean(m);
      const auto deviation = system.deviation(m);
      if (!deviation) continue;
      cells.remarks[m] =
          " <span class=\"soft\">&plusmn; " + page::number("%.4f", *deviation) + "</span>";
    }
  }
  return columns;
}

ResultColumns published_figures(const ExperimentFile& file) {
  ResultColumns columns;
  for (const SystemScores& system : file.results.systems) {
    auto& cells = columns.emplace_back();
    if (!system.published) continue;
    cells.emplace();
    for (const std::size_t m : measures) cells->dice[m] = measured(*system.published, m);
  }
  return columns;
}

/// Adds the columns to the rows, the highest figure of each in bold.
void add_figures(page::Table& table, const ResultColumns& columns) {
  for (const std::size_t m : measures) {
    table.head.push_back(measure_name(m));
    double highest = 0;
    for (const auto& cells : columns) highest = std::max(highest, cells ? cells->dice[m] : 0);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!columns[i]) {
        table.rows[i].emplace_back("&ndash;");
        continue;
      }
      const double dice = columns[i]->dice[m];
      const std::string text = page::number("%.4f", dice);
      table.rows[i].push_back((dice == highest ? "<b>" + text + "</b>" : text) +
                              columns[i]->remarks[m]);
    }
  }
}

/// The paper's table, the paper's figures beside it.
std::string result_table(const ExperimentFile& file) {
  page::Table table{.head = {""}, .groups = {{"", 1}}};
  for (const SystemScores& system : file.results.systems) {
    table.rows.push_back({page::escaped(system.name)});
  }
  const std::string seeds = std::to_string(file.seeds.size());
  const bool several = file.seeds.size() > 1;
  table.groups.emplace_back(
      several ? "mean Dice &plusmn; deviation of " + seeds + " seeds" : "mean Dice", measure_count);
  add_figures(table, own_figures(file));
  table.groups.emplace_back("in the paper", measure_count);
  add_figures(table, published_figures(file));
  return page::table(table) +
         page::note(
             "Bold: the highest of a column. The paper is Nalwade &amp; Kisa, Table 1, with "
             "its own test cases and training.");
}

std::string result_section(const ExperimentFile& file) {
  const std::vector<Comparison>& comparisons = file.results.comparisons;
  std::string text = result_table(file);
  text += "<p class=\"verdict\">" + page::escaped(hypothesis_text(comparisons.front())) + "</p>\n";
  text +=
      "<h3>Differences of Dice</h3>\n" +
      page::note("With " + interval_name(comparisons.front().seeds) +
                 ", coloured where they leave zero out; on the right of zero the first system is "
                 "better. " +
                 (file.old_intervals ? "Those that this file holds are of an older version, too "
                                       "narrow, and not shown."
                                     : "Fewer than six patients leave open which is."));
  return page::section("Result", text + page::forest_plot(comparisons));
}

/// The runs of one network, of all seeds and folds.
struct TrainedNetwork {
  std::string name;
  std::vector<TrainingRecord> runs;
};

std::vector<TrainedNetwork> read_networks(const ExperimentFile& file) {
  const std::string training = "train-";
  std::vector<TrainedNetwork> networks;
  for (const RoundRecord& round : file.results.rounds) {
    for (const RoundRecord::Phase& phase : round.phases) {
      if (!phase.name.starts_with(training)) continue;
      const std::string name = phase.name.substr(training.size());
      auto known = std::ranges::find(networks, name, &TrainedNetwork::name);
      if (known == networks.end()) known = networks.insert(known, {name, {}});
      known->runs.push_back(read_training(file.home(round) / name));
    }
  }
  return networks;
}

std::string best_dice(const TrainedNetwork& network) {
  std::vector<double> values;
  for (const TrainingRecord& run : network.runs) {
    if (const auto dice = run.best_dice()) values.push_back(*dice);
  }
  return values.empty() ? "&ndash;" : page::number("%.4f", mean_of(values));
}

std::string epoch_time(const TrainedNetwork& network) {
  std::vector<double> seconds;
  for (const TrainingRecord& run : network.runs) {
    seconds.insert(seconds.end(), run.seconds.begin(), run.seconds.end());
  }
  return seconds.empty() ? "&ndash;" : time_text(mean_of(seconds));
}

std::string training_section(const std::vector<TrainedNetwork>& networks) {
  page::Table table{.head = {"training", "network", "parameters", "runs", "epochs",
                             "best validation Dice", "time per epoch"},
                    .first_number = 2};
  std::string curves = page::note("A line for each run, of all seeds and folds.");
  for (const TrainedNetwork& network : networks) {
    const TrainingRecord& run = network.runs.front();
    const auto architecture = run.metadata.find("glia.network");
    table.rows.push_back(
        {page::escaped(network.name),
         architecture == run.metadata.end() ? "" : page::escaped(architecture->second),
         std::to_string(run.parameters), std::to_string(network.runs.size()),
         std::to_string(run.history.rows.size()), best_dice(network), epoch_time(network)});
    curves += "<h3>" + page::escaped(network.name) + "</h3>\n" + learning_curves(network.runs);
  }
  return page::section("Training", page::table(table) + curves);
}

std::string time_section(const ExperimentFile& file) {
  const double all = total_time(file);
  page::Table table{.head = {"phase", "runs", "mean", "total", "share"}};
  for (const auto& [name, seconds] : phase_times(file)) {
    const double mean = mean_of(seconds), total = mean * static_cast<double>(seconds.size());
    table.rows.push_back({page::escaped(name), std::to_string(seconds.size()), time_text(mean),
                          time_text(total), page::share(all > 0 ? total / all : 0)});
  }
  return page::section("Time", page::table(table));
}

std::string preformatted(const std::string& text) {
  return "<pre>" + page::escaped(text) + "</pre>\n";
}

std::string configuration_section(const std::vector<TrainedNetwork>& networks, const Path& folder) {
  std::string text;
  const Path config = folder / "config.toml";
  if (std::filesystem::exists(config)) text += preformatted(read_text(config));
  for (const TrainedNetwork& network : networks) {
    text +=
        page::details("train-" + network.name, preformatted(network.runs.front().configuration));
  }
  return page::section("Configuration", text);
}

std::string split_section(const ExperimentFile& file) {
  std::string text;
  for (const RoundRecord& round : file.results.rounds) {
    const Split& split = round.split;
    const Facts facts{{"labelled", listed(split.labelled)},
                      {"of these for validation", listed(split.validation)},
                      {"annotated", listed(split.unlabelled)},
                      {"test", listed(split.test)}};
    text += page::details(file.home(round).lexically_relative(file.folder).string(),
                          page::facts(facts));
  }
  return page::section("Cases of each round", text);
}

}  // namespace

ReportPage experiment_page(const ReportOptions& o, const CommonOptions&) {
  if (!o.prediction.empty()) {
    throw UsageError("--predictions: got " + o.prediction.string() +
                     ", but an experiment has its own; expected --truth alone");
  }
  const ExperimentFile file = read_results(o.folder);
  const std::vector<TrainedNetwork> networks = read_networks(file);
  ReportPage page;
  std::string body =
      page_origin() + page::facts(about(file)) + result_section(file) + case_section(file);
  if (!o.truth.empty() && o.worst > 0) body += picture_section(file, o, page.refused);
  body += training_section(networks) + time_section(file) +
          configuration_section(networks, o.folder) + split_section(file);
  const std::string name = std::filesystem::weakly_canonical(o.folder).filename().string();
  page.html = page::document("Experiment " + name, body);
  return page;
}

}  // namespace glia::program
