// glia evaluate: predicted label files against true ones, by the rules of BraTS.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "glia/data/case.hpp"
#include "glia/data/prepare.hpp"
#include "glia/data/threshold_baseline.hpp"
#include "glia/infer/overlay.hpp"
#include "glia/io/nifti.hpp"
#include "glia/io/png.hpp"
#include "glia/metrics/report.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct EvaluateOptions {
  std::filesystem::path prediction, truth, json, csv, picture, baseline;
  std::string prediction_scheme;
  DataOptions reading;
};

struct Pair {
  std::string id;
  std::filesystem::path prediction;
  CaseFiles truth;
};

std::filesystem::path find_prediction(const std::filesystem::path& folder, const std::string& id) {
  for (const char* ending : {".nii.gz", ".nii"}) {
    if (std::filesystem::exists(folder / (id + ending))) return folder / (id + ending);
  }
  return {};
}

/// Labels of one file in canonical order, with the spacing of the file.
LabelVolume read_labels(const std::filesystem::path& path, const LabelScheme& scheme,
                        std::array<double, 3>& spacing) {
  const NiftiImage image = read_nifti(path);
  if (image.frames.size() != 1) {
    throw DataError(path.string() + ": frames: got " + std::to_string(image.frames.size()) +
                    ", expected 1");
  }
  const Orientation orientation = orientation_of(image.header.affine);
  spacing = canonical_spacing(image.header.spacing, orientation);
  return to_canonical(to_internal(image.frames.front(), scheme, path), orientation);
}

Case read_labelled(const CaseFiles& files, const DataOptions& reading) {
  ReadCaseOptions options = read_options(reading);
  options.require_label = true;
  return read_case(files, options);
}

CaseScores score(const Pair& pair, const EvaluateOptions& o, std::string& scheme_name, bool draw) {
  LabelVolume truth;
  std::array<double, 3> spacing{};
  LabelScheme scheme = pair.truth.scheme;
  std::optional<Case> whole;
  if (draw) {
    whole = read_labelled(pair.truth, o.reading);
    truth = *whole->labels;
    spacing = whole->spacing;
    scheme = whole->scheme;
  } else {
    scheme = choose_scheme(
        pair.truth,
        count_label_values(read_nifti(pair.truth.label).frames.front(), pair.truth.label));
    truth = read_labels(pair.truth.label, scheme, spacing);
  }
  scheme_name = scheme.name;
  std::array<double, 3> predicted_spacing{};
  const LabelVolume prediction = read_labels(
      pair.prediction, o.prediction_scheme.empty() ? scheme : label_scheme(o.prediction_scheme),
      predicted_spacing);
  if (prediction.extent != truth.extent) {
    throw DataError("case " + pair.id + ": extent: " + pair.prediction.string() + " got " +
                    to_string(prediction.extent) + ", expected " + to_string(truth.extent) +
                    " as in " + pair.truth.label.string());
  }
  if (whole) {
    const Picture picture =
        draw_overlay(whole->images[modality::FLAIR], largest_plane(truth), &truth, &prediction);
    write_png(o.picture, picture.width, picture.height, picture.rgb);
  }
  return {pair.id, score_case(truth, prediction, spacing)};
}

std::vector<Pair> find_pairs(const EvaluateOptions& o, std::size_t& refused) {
  std::vector<Pair> pairs;
  if (std::filesystem::is_regular_file(o.truth)) {
    CaseFiles files;
    files.id = o.truth.filename().string();
    files.label = o.truth;
    if (!o.reading.scheme.empty()) files.scheme = label_scheme(o.reading.scheme);
    files.scheme_from_values = o.reading.scheme.empty();
    pairs.push_back({files.id, o.prediction, files});
    return pairs;
  }
  std::size_t missing = 0;
  for (CaseFiles& files : collect_cases({o.truth}, o.reading, true, refused)) {
    const std::filesystem::path prediction = std::filesystem::is_directory(o.prediction)
                                                 ? find_prediction(o.prediction, files.id)
                                                 : o.prediction;
    if (prediction.empty()) {
      ++missing;
      continue;
    }
    pairs.push_back({files.id, prediction, std::move(files)});
  }
  if (pairs.empty())
    throw DataError(o.prediction.string() + ": has no prediction CASE.nii.gz for any case of " +
                    o.truth.string());
  if (missing > 0)
    complain(std::to_string(missing) + " case(s) of " + o.truth.string() +
             " have no prediction and are not scored");
  if (!std::filesystem::is_directory(o.prediction) && pairs.size() != 1) {
    throw UsageError(o.prediction.string() + " is one file, but " + o.truth.string() + " has " +
                     std::to_string(pairs.size()) + " cases");
  }
  return pairs;
}

/// Scores of thresholds that were fitted to the labelled cases of a folder, on the cases of the
/// pairs.
Report score_baseline(const std::vector<Pair>& pairs, const EvaluateOptions& o) {
  const auto prepared = [&](const CaseFiles& files) {
    return prepare(read_labelled(files, o.reading));
  };
  std::size_t refused = 0;
  std::vector<PreparedCase> training;
  for (const CaseFiles& files : collect_cases({o.baseline}, o.reading, true, refused))
    training.push_back(prepared(files));
  constexpr std::size_t stride = 7;  // every seventh voxel decides as well as every voxel
  const ThresholdBaseline baseline = fit_threshold_baseline(training, stride);
  Report report;
  for (const Pair& pair : pairs) {
    const PreparedCase source = prepared(pair.truth);
    report.cases.push_back({pair.id, score_case(*source.labels, baseline(source), source.spacing)});
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
  const std::vector<Pair> pairs = find_pairs(o, refused);
  Report report;
  ProgressBar bar("evaluate", "cases", common.quiet);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    try {
      const bool draw = !o.picture.empty() && i == 0 && !common.dry_run;
      report.cases.push_back(score(pairs[i], o, report.label_scheme, draw));
    } catch (const DataError& error) {
      if (!o.reading.keep_going) throw;
      complain(error.what());
      ++refused;
    }
    bar.update(static_cast<double>(i + 1), static_cast<double>(pairs.size()));
  }
  std::printf("%-28s %7s %7s %7s %9s %9s %9s\n", "case", "Dice WT", "TC", "ET", "HD95 WT", "TC",
              "ET");
  for (const CaseScores& scores : report.cases) print_row(scores.id, scores.regions);
  print_mean("mean", report);
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(to_json(report));
  if (!o.baseline.empty()) {
    const Report baseline = score_baseline(pairs, o);
    print_mean("mean of threshold baseline", baseline);
    document["baseline"] = nlohmann::ordered_json::parse(to_json(baseline))["summary"];
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
  c->add_option("prediction", o->prediction, "folder with CASE.nii.gz, or one file")
      ->required()
      ->check(CLI::ExistingPath);
  c->add_option("truth", o->truth, "data set folder, case folder or one label file")
      ->required()
      ->check(CLI::ExistingPath);
  add_data_options(*c, o->reading);
  c->add_option("--prediction-scheme", o->prediction_scheme,
                "label scheme of the predictions [that of the truth]")
      ->check(known_scheme());
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
