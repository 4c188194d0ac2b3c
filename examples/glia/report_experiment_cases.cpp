#include "report_experiment_cases.hpp"

#include <algorithm>

#include "glia/core/error.hpp"
#include "page.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Path = std::filesystem::path;

/// The mean Dice of every case by every system, in the order of the student's.
std::string overview(const ExperimentFile& file) {
  page::Table table{.head = {"case"}};
  for (const SystemScores& system : file.results.systems) {
    table.head.push_back(page::escaped(system.name));
  }
  for (const std::size_t c : worst_first(file.student())) {
    auto& row = table.rows.emplace_back(1, page::escaped(file.student().cases[c]));
    for (const SystemScores& system : file.results.systems) {
      row.push_back(page::share(case_dice(system, c, mean_of_regions)));
    }
  }
  return page::table(table);
}

/// One system's cases, by region and by seed.
std::string system_table(const SystemScores& system, const std::vector<std::uint64_t>& seeds) {
  page::Table table{.head = {"case"}, .groups = {{"", 1}, {"Dice", measure_count}}};
  for (const std::size_t m : measures) table.head.push_back(measure_name(m));
  if (seeds.size() > 1) {
    table.groups.back().first = "mean over the seeds";
    table.groups.emplace_back("mean of the regions by seed", seeds.size());
    for (const std::uint64_t seed : seeds) table.head.push_back(std::to_string(seed));
  }
  for (const std::size_t c : worst_first(system)) {
    auto& row = table.rows.emplace_back(1, page::escaped(system.cases[c]));
    for (const std::size_t m : measures) row.push_back(page::share(case_dice(system, c, m)));
    if (seeds.size() == 1) continue;
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      row.push_back(page::number("%.3f", case_dice(system, s, c, mean_of_regions)));
    }
  }
  return page::table(table);
}

/// A case as the seed sees it that does worst on it.
struct WorstCase {
  std::size_t index, seed;
};

WorstCase at_worst_seed(const SystemScores& system, std::size_t c) {
  std::size_t worst = 0;
  for (std::size_t s = 1; s < system.dice.size(); ++s) {
    if (case_dice(system, s, c, mean_of_regions) < case_dice(system, worst, c, mean_of_regions)) {
      worst = s;
    }
  }
  return {c, worst};
}

/// Where the round that tested a case left the prediction of a system.
Path prediction_of(const ExperimentFile& file, const SystemScores& system, const WorstCase& worst) {
  const std::string& id = system.cases[worst.index];
  std::string name = system.name;
  std::ranges::replace(name, ' ', '_');
  for (const RoundRecord& round : file.results.rounds) {
    if (round.seed != file.seeds[worst.seed]) continue;
    if (std::ranges::find(round.split.test, id) == round.split.test.end()) continue;
    return file.home(round) / "predictions" / name / (id + ".nii.gz");
  }
  throw DataError((file.folder / "experiment.json").string() + ": field 'rounds': case " + id +
                  " is tested in none with seed " + std::to_string(file.seeds[worst.seed]));
}

/// The systems that are shown beside each other.
std::vector<const SystemScores*> shown_systems(const ExperimentFile& file) {
  std::vector<const SystemScores*> shown{&file.student()};
  const auto ensemble = std::ranges::find(file.results.systems, "Ensemble", &SystemScores::name);
  if (ensemble != file.results.systems.end()) shown.push_back(&*ensemble);
  return shown;
}

std::string figure_of(const ExperimentFile& file, const WorstCase& worst, const CaseFiles& truth,
                      const ReportOptions& options) {
  std::vector<Path> predictions;
  std::vector<std::string> labels{"truth"};
  std::string caption =
      truth.id + ", seed " + std::to_string(file.seeds[worst.seed]) + ", mean Dice: ";
  for (const SystemScores* system : shown_systems(file)) {
    predictions.push_back(prediction_of(file, *system, worst));
    if (!std::filesystem::exists(predictions.back())) {
      throw DataError("there is no prediction " + predictions.back().string());
    }
    caption += (labels.size() > 1 ? ", " : "") + system->name + " " +
               page::number("%.3f", case_dice(*system, worst.seed, worst.index, mean_of_regions));
    labels.push_back(system->name);
  }
  std::vector<Picture> pictures = draw_apart(truth, predictions, options);
  std::vector<page::Panel> panels;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    panels.push_back({labels[i], std::move(pictures[i])});
  }
  return page::figure(panels, caption);
}

}  // namespace

std::string case_section(const ExperimentFile& file) {
  std::string text = page::note("Mean Dice of the three regions" +
                                std::string(file.seeds.size() > 1 ? " and of all seeds" : "") +
                                ", lowest of " + page::escaped(file.student().name) + " first.");
  text += overview(file);
  for (const SystemScores& system : file.results.systems) {
    text += page::details(system.name + " by region, lowest mean first",
                          system_table(system, file.seeds));
  }
  return page::section("Test cases", text);
}

std::string picture_section(const ExperimentFile& file, const ReportOptions& options,
                            std::size_t& refused) {
  const SystemScores& student = file.student();
  const std::vector<CaseFiles> truths =
      collect_cases(options.truth, options.reading, true, refused);
  std::string figures;
  std::size_t known = 0;
  std::vector<std::size_t> order = worst_first(student);
  order.resize(std::min(order.size(), static_cast<std::size_t>(options.worst)));
  for (const std::size_t c : order) {
    const std::string& id = student.cases[c];
    try {
      const auto truth = std::ranges::find(truths, id, &CaseFiles::id);
      if (truth == truths.end()) throw DataError("it is in no folder of --truth");
      ++known;
      figures += figure_of(file, at_worst_seed(student, c), *truth, options);
    } catch (const DataError& error) {
      complain("case " + id + ": no picture: " + error.what());
      ++refused;
    }
  }
  if (known == 0) {
    throw DataError("--truth: has none of the " + std::to_string(order.size()) +
                    " cases that are to be shown");
  }
  return page::section("Lowest scores of " + student.name,
                       picture_legend() + "<div class=\"figures\">\n" + figures + "</div>\n");
}

}  // namespace glia::program
