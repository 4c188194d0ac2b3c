// glia evaluate: predicted label files against true ones, by the rules of BraTS.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "glia/data/crop.hpp"
#include "glia/data/prepare.hpp"
#include "glia/infer/threshold_baseline.hpp"
#include "glia/io/png.hpp"
#include "glia/metrics/report.hpp"
#include "program.hpp"
#include "scoring.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct EvaluateOptions : ScoringOptions {
  std::filesystem::path json, csv, picture, baseline;
};

/// Scores of thresholds that were fitted to the labelled cases of a folder, on the cases of the
/// pairs and, as those of predictions, on the whole grid of their files.
Report score_baseline(const std::vector<Pair>& pairs, const EvaluateOptions& o) {
  std::size_t refused = 0;
  std::vector<PreparedCase> training;
  for (const CaseFiles& files : collect_cases({o.baseline}, o.reading, true, refused))
    training.push_back(prepare(read_labelled(files, o.reading)));
  constexpr std::size_t stride = 7;  // every seventh voxel decides as well as every voxel
  const ThresholdBaseline baseline = fit_threshold_baseline(training, stride);
  Report report;
  for (const Pair& pair : pairs) {
    const Case whole = read_labelled(pair.truth, o.reading);
    const PreparedCase source = prepare(whole);
    const LabelVolume labels = uncrop(baseline(source), source.crop, source.original);
    report.cases.push_back({pair.id, score_case(*whole.labels, labels, whole.spacing)});
  }
  return report;
}

void print_row(const std::string& name, const std::array<RegionScores, region::count>& s) {
  std::printf("%-28s %7.4f %7.4f %7.4f %9.2f %9.2f %9.2f\n", name.c_str(), s[region::WT].dice,
              s[region::TC].dice, s[region::ET].dice, s[region::WT].hd95, s[region::TC].hd95,
              s[region::ET].hd95);
}

void print_mean(const std::string& name, const Report& report) {
  for (const SummaryRow& summary : summarise(report.cases)) {
    if (summary.name == "mean") print_row(name, summary.regions);
  }
}

int run_evaluate(const EvaluateOptions& o, const CommonOptions& common) {
  for (const auto& path : {o.json, o.csv, o.picture}) {
    if (!path.empty()) require_new(path, common);
  }
  std::size_t refused = 0;
  auto [pairs, left_out, without_truth] = find_pairs(o, refused);
  std::vector<CaseFiles> inputs;
  for (const Pair& pair : pairs) {
    inputs.push_back(pair.truth);
    CaseFiles& prediction = inputs.emplace_back();
    prediction.id = pair.id;
    prediction.label = pair.prediction;
  }
  require_no_input({o.json, o.csv, o.picture}, inputs);
  Report report{.left_out = std::move(left_out), .without_truth = std::move(without_truth)};
  std::vector<Pair> scored_pairs;
  ProgressBar bar("evaluate", "cases", common.quiet);
  const auto leave_out = [&](const Pair& pair, const Error& error) {
    complain(error.what());
    report.left_out.push_back(pair.id);
    ++refused;
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    try {
      const ScoredCase scored = score(pairs[i], o);
      report.cases.push_back(scored.scores);
      scored_pairs.push_back(pairs[i]);
      report.label_scheme = scored.scheme;
    } catch (const DataError& error) {
      if (!o.reading.keep_going) throw;
      leave_out(pairs[i], error);
    } catch (const IoError& error) {
      if (!o.reading.keep_going) throw;
      leave_out(pairs[i], error);
    }
    bar.update(static_cast<double>(i + 1), static_cast<double>(pairs.size()));
  }
  std::printf("%-28s %7s %7s %7s %9s %9s %9s\n", "case", "Dice WT", "TC", "ET", "HD95 WT", "TC",
              "ET");
  for (const CaseScores& scores : report.cases) print_row(scores.id, scores.regions);
  for (const std::string& id : report.left_out) std::printf("%-28s left out\n", id.c_str());
  const std::size_t scored = report.cases.size(), all = scored + report.left_out.size();
  const std::string over = " of " + std::to_string(scored) + " of " + std::to_string(all);
  print_mean("mean" + (scored < all ? over : std::string()), report);
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(to_json(report));
  if (!o.baseline.empty()) {
    const Report baseline = score_baseline(scored_pairs, o);
    print_mean("mean of threshold baseline", baseline);
    document["baseline"] = nlohmann::ordered_json::parse(to_json(baseline))["summary"];
  }
  if (!o.picture.empty() && !common.dry_run) {
    const Picture picture = draw(pairs.front(), o);
    write_png(o.picture, picture.width, picture.height, picture.rgb);
  }
  if (!o.json.empty() && !common.dry_run) write_text(o.json, document.dump(2) + "\n");
  if (!o.csv.empty() && !common.dry_run) write_csv(o.csv, report);
  return refused > 0 ? 7 : 0;
}

}  // namespace

void add_evaluate(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<EvaluateOptions>();
  CLI::App* c =
      app.add_subcommand("evaluate", "Dice, HD95, sensitivity and specificity of predictions");
  c->add_option("prediction", o->prediction,
                "folder with CASE.nii.gz, or one file; cases without one are left out and named, "
                "exit code 7")
      ->required()
      ->check(CLI::ExistingPath);
  c->add_option("truth", o->truth, "data set folders, case folders or one label file")
      ->required()
      ->check(CLI::ExistingPath);
  add_data_options(*c, o->reading);
  c->add_option("--prediction-scheme", o->prediction_scheme,
                "label scheme of the predictions [that of the truth]")
      ->check(known_scheme());
  c->add_flag("--allow-pseudo-labels", o->allow_pseudo_labels,
              "also score cases that a teacher labelled");
  c->add_option("--baseline", o->baseline,
                "also score thresholds fitted to the labelled cases of this folder")
      ->check(CLI::ExistingDirectory);
  c->add_option("--json", o->json, "write all scores to this file");
  c->add_option("--csv", o->csv, "write all scores to this file");
  c->add_option("--picture", o->picture,
                "PNG of the first case: FLAIR with contours, truth dashed, prediction solid");
  c->callback(
      [o, &common, &action] { action = [o, &common] { return run_evaluate(*o, common); }; });
}

}  // namespace glia::program
