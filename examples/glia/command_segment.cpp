// glia segment: cases in, label files in each case's own scheme and geometry out.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "glia/data/prepare.hpp"
#include "glia/infer/postprocess.hpp"
#include "glia/infer/predict_labels.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "glia/io/nifti.hpp"
#include "glia/train/weights.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct SegmentOptions {
  std::vector<std::filesystem::path> data;
  std::filesystem::path model, out;
  DataOptions reading;
  std::string rule = "overwrite", output_scheme;
  index_t patch = 0;
  double overlap = 0.5;
  bool mirror = false;
  PostprocessOptions post;
};

template <Network Net>
class Segmenter {
 public:
  Segmenter(const SegmentOptions& options, const CommonOptions& common, const Metadata& metadata)
      : o_(options),
        quiet_(common.quiet),
        context_(context_options(common)),
        model_(context_),
        mirrored_(model_),
        log_(common) {
    load_weights(o_.model, model_);
    const index_t patch = o_.patch > 0 ? o_.patch : trained_patch(metadata);
    require_patch<Net>(patch);
    window_.window = {patch, patch, patch};
    window_.overlap = o_.overlap;
    const auto mirroring = metadata.find("glia.mirroring");
    if (o_.mirror && mirroring != metadata.end() && mirroring->second == "no") {
      complain("warning: --mirror with weights that were trained without mirroring");
    }
  }

  void segment(const CaseFiles& files, const std::filesystem::path& out) {
    const auto start = std::chrono::steady_clock::now();
    const Case whole = read_case(files, read_options(o_.reading));
    for (const std::string& warning : whole.warnings) complain("warning: " + warning);
    const PreparedCase prepared = prepare(whole);

    ProgressBar bar("segment " + files.id, "windows", quiet_);
    SlidingWindowOptions window = window_;
    window.progress = [&](const Progress& p) { bar.update(p.done, p.total); };
    auto [labels, violations] =
        o_.mirror ? by_rule(mirrored_, prepared, window) : by_rule(model_, prepared, window);
    const PostprocessChanges changes = postprocess(labels, o_.post);
    const LabelVolume restored =
        from_canonical(uncrop(labels, prepared.crop, prepared.original), whole.orientation);
    const LabelScheme& scheme =
        o_.output_scheme.empty() ? whole.scheme : label_scheme(o_.output_scheme);
    write_nifti_labels(out, from_internal(restored, scheme), whole.geometry);

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
    const std::string line =
        j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    log_.line(line);
  }

 private:
  /// What the weights say that they were trained with. Throws DataError for other text than a
  /// number.
  [[nodiscard]] index_t trained_patch(const Metadata& metadata) const {
    constexpr index_t unknown = 128;
    const auto trained = metadata.find("glia.patch");
    if (trained == metadata.end()) return unknown;
    const std::string& text = trained->second;
    index_t patch = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), patch).ptr;
    if (patch > 0 && end == text.data() + text.size()) return patch;
    throw DataError(o_.model.string() + ": glia.patch: got \"" + text +
                    "\", expected a positive number");
  }

  template <class P>
  PredictedLabels by_rule(P& predictor, const PreparedCase& source,
                          const SlidingWindowOptions& window) {
    return o_.rule == "hierarchical" ? predict_labels(predictor, source, window, Hierarchical{})
                                     : predict_labels(predictor, source, window, Overwrite{});
  }

  const SegmentOptions& o_;
  bool quiet_;
  Context context_;
  Model<Net> model_;
  Mirrored<Model<Net>&> mirrored_;
  SlidingWindowOptions window_;
  JsonLog log_;
};

template <Network Net>
int segment_all(const SegmentOptions& o, const CommonOptions& common, const Metadata& metadata,
                const std::vector<CaseFiles>& cases, std::size_t refused) {
  Segmenter<Net> segmenter(o, common, metadata);
  if (common.dry_run) return 0;
  std::filesystem::create_directories(o.out);
  catch_signals();
  for (const CaseFiles& files : cases) {
    if (caught_signal() != 0) return 128 + caught_signal();
    try {
      segmenter.segment(files, o.out / (files.id + ".nii.gz"));
    } catch (const DataError& error) {
      if (!o.reading.keep_going) throw;
      complain("case " + files.id + ": " + error.what());
      ++refused;
    }
  }
  return refused > 0 ? 7 : 0;
}

int run_segment(const SegmentOptions& o, const CommonOptions& common) {
  std::size_t refused = 0;
  const std::vector<CaseFiles> cases = collect_cases(o.data, o.reading, false, refused);
  for (const CaseFiles& files : cases) require_new(o.out / (files.id + ".nii.gz"), common);
  const Metadata metadata = SafetensorsFile::open(o.model).metadata();
  if (metadata.contains("glia.checkpoint")) {
    throw UsageError(o.model.string() +
                     ": is the state of a training run; expected its weights, best.safetensors");
  }
  return with_network(network_of(o.model, metadata), [&]<class Net>() {
    return segment_all<Net>(o, common, metadata, cases, refused);
  });
}

}  // namespace

void add_segment(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<SegmentOptions>();
  CLI::App* c = app.add_subcommand("segment", "segment cases with trained weights");
  c->add_option("data", o->data, "case folders or data set folders")->required();
  c->add_option("--model", o->model, "weights, for instance RUN/best.safetensors")->required();
  c->add_option("--out", o->out, "folder for CASE.nii.gz")->required();
  add_data_options(*c, o->reading);
  c->add_option("--patch", o->patch, "extent of the window [as trained]")->check(positive());
  c->add_option("--overlap", o->overlap, "of windows")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  c->add_flag("--mirror", o->mirror, "average over 8 mirrorings: 8 times the time");
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
      ->check(CLI::Range(0.0, 1.0));
  c->add_option("--min-enhancing", o->post.min_enhancing_voxels, "call ET of fewer voxels NCR")
      ->check(non_negative());
  c->callback([o, &common, &action] { action = [o, &common] { return run_segment(*o, common); }; });
}

}  // namespace glia::program
