// glia segment: cases in, label files in each case's own scheme and geometry out.
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "glia/data/prepare.hpp"
#include "glia/data/provenance.hpp"
#include "glia/infer/postprocess.hpp"
#include "glia/infer/predict_labels.hpp"
#include "labels_file.hpp"
#include "loaded_model.hpp"
#include "program.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct SegmentOptions {
  std::vector<std::filesystem::path> data;
  std::filesystem::path out;
  DataOptions reading;
  PredictorOptions predictor;
  std::string rule = "overwrite", output_scheme;
  PostprocessOptions post;
};

/// A signal asked to stop in the middle of a case.
struct Interrupted {};

class Segmenter {
 public:
  Segmenter(const SegmentOptions& options, const CommonOptions& common)
      : o_(options),
        quiet_(common.quiet),
        context_(context_options(common)),
        predictor_(options.predictor, context_),
        log_(common) {}

  void segment(CaseFiles files, const std::filesystem::path& out) {
    const auto start = std::chrono::steady_clock::now();
    const LabelScheme scheme =
        o_.output_scheme.empty() ? scheme_of_labels(files) : label_scheme(o_.output_scheme);
    files.label.clear();
    const Case whole = read_case(files, read_options(o_.reading), o_.reading.keep_going);
    for (const std::string& warning : whole.warnings) complain("warning: " + warning);
    predictor_.warn_about_spacing(whole);
    const PreparedCase prepared = prepare(whole);

    ProgressBar bar("segment " + files.id, "windows", quiet_);
    auto [labels,
          violations] = predictor_.predict([&](auto& predictor, SlidingWindowOptions window) {
      window.progress = [&](const Progress& p) {
        if (caught_signal() != 0) throw Interrupted{};
        bar.update(p.done, p.total);
      };
      return o_.rule == "hierarchical" ? predict_labels(predictor, prepared, window, Hierarchical{})
                                       : predict_labels(predictor, prepared, window, Overwrite{});
    });
    const PostprocessChanges changes = postprocess(labels, o_.post);
    remove_leftovers(out);
    const std::vector<FileStamp> teachers = teachers_of(files.id);
    // Killed at any moment, there are no labels of a teacher without the file that says so.
    if (!teachers.empty()) write_warning(files.id, out, teachers);
    write_case_labels(out, labels, prepared, whole, scheme);
    if (teachers.empty()) forget_provenance(out);

    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    nlohmann::ordered_json j{
        {"case", files.id},
        {"output", out.string()},
        {"label_scheme", scheme.name},
        {"seconds", seconds},
        {"peak_mib", static_cast<double>(peak_resident_bytes()) / (1024.0 * 1024.0)},
        {"tc_outside_wt", violations.tc_outside_wt},
        {"et_outside_tc", violations.et_outside_tc},
        {"components_removed", changes.components_removed},
        {"enhancing_relabelled", changes.enhancing_relabelled}};
    for (int r = 0; r < region::count; ++r) {
      index_t voxels = 0;
      for (const auto value : labels.voxels) voxels += in_region(value, r);
      j["voxels_" + std::string(region::names[static_cast<std::size_t>(r)])] = voxels;
    }
    log_.result(j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }

 private:
  /// The scheme of a case, which the values of its label file may decide. Segmentation needs no
  /// labels: what is wrong with them is worth a word, no more.
  [[nodiscard]] LabelScheme scheme_of_labels(CaseFiles files) const {
    if (!files.scheme_from_values) return files.scheme;
    files.images.fill({});
    const CaseReading labels = inspect_case(files, read_options(o_.reading));
    if (labels.problems.empty()) return labels.contents.scheme;
    complain("warning: case " + files.id + ": the output has label scheme " + files.scheme.name +
             ", which its own labels do not confirm: " + labels.problems.front());
    return files.scheme;
  }

  /// Those of the models that were trained with a teacher's labels of the case.
  [[nodiscard]] std::vector<FileStamp> teachers_of(const std::string& id) const {
    std::vector<FileStamp> stamps;
    for (const LoadedModel& model : predictor_.models()) {
      if (model.lists("glia.pseudo_labelled_cases", id)) stamps.push_back(stamp_of(model.path));
    }
    return stamps;
  }

  /// Labels of a case on which the weights were trained with a teacher's labels are no evidence
  /// of how good they are: a file beside them says so.
  static void write_warning(const std::string& id, const std::filesystem::path& out,
                            const std::vector<FileStamp>& teachers) {
    complain("warning: case " + id + ": the weights were trained on a teacher's labels of it");
    Provenance provenance;
    provenance.case_id = id;
    provenance.labelling = "segmented by weights that were trained on a teacher's labels of it";
    provenance.teachers = teachers;
    write_provenance(provenance_path(out), provenance);
  }

  /// Removes what told of labels that were here before; also what is too damaged to tell.
  static void forget_provenance(const std::filesystem::path& out) {
    const auto path = provenance_path(out);
    bool told = true;
    try {
      told = read_provenance(path).has_value();
    } catch (const DataError&) {
    }
    if (told) std::filesystem::remove(path);
  }

  const SegmentOptions& o_;
  bool quiet_;
  Context context_;
  LoadedPredictor predictor_;
  JsonLog log_;
};

int run_segment(const SegmentOptions& o, const CommonOptions& common) {
  std::size_t refused = 0;
  const std::vector<CaseFiles> cases = collect_cases(o.data, o.reading, false, refused);
  const auto output = [&](const CaseFiles& files) { return o.out / (files.id + ".nii.gz"); };
  std::vector<std::filesystem::path> outputs;
  for (const CaseFiles& files : cases) {
    outputs.push_back(output(files));
    require_new(outputs.back(), common);
    if (!common.overwrite) static_cast<void>(read_provenance(provenance_path(outputs.back())));
  }
  require_no_input(outputs, cases);
  Segmenter segmenter(o, common);
  if (common.dry_run) return 0;
  std::filesystem::create_directories(o.out);
  catch_signals();
  std::size_t written = 0;
  const auto stopped = [&] {
    complain("stopped by signal " + std::to_string(caught_signal()) + " after " +
             std::to_string(written) + " of " + std::to_string(cases.size()) + " cases");
    return 128 + caught_signal();
  };
  for (const CaseFiles& files : cases) {
    if (caught_signal() != 0) return stopped();
    try {
      segmenter.segment(files, output(files));
      ++written;
    } catch (const Interrupted&) {
      return stopped();
    } catch (const DataError& error) {
      if (!o.reading.keep_going) throw;
      complain(error.what());
      ++refused;
    }
  }
  return refused > 0 ? 7 : 0;
}

}  // namespace

void add_segment(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<SegmentOptions>();
  CLI::App* c = app.add_subcommand("segment", "segment cases with trained weights");
  c->add_option("data", o->data, "case folders or data set folders")->required();
  c->add_option("--out", o->out, "folder for CASE.nii.gz")->required();
  add_data_options(*c, o->reading);
  add_predictor_options(*c, o->predictor, false);
  c->add_option("--rule", o->rule, "from regions to labels")
      ->check(CLI::IsMember({"overwrite", "hierarchical"}))
      ->capture_default_str();
  c->add_option("--output-scheme", o->output_scheme, "label scheme of the output [the input's]")
      ->check(known_scheme());
  c->add_option("--min-component", o->post.min_component_voxels,
                "remove smaller tumour components, voxels")
      ->check(non_negative());
  c->add_option("--min-component-fraction", o->post.min_component_fraction,
                "the same, as share of the tumour")
      ->check(between(0.0, 1.0));
  c->add_option("--min-enhancing", o->post.min_enhancing_voxels, "call ET of fewer voxels NCR")
      ->check(non_negative());
  c->callback([o, &common, &action] { action = [o, &common] { return run_segment(*o, common); }; });
}

}  // namespace glia::program
