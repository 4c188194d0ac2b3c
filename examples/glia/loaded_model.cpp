#include "loaded_model.hpp"

#include <algorithm>

#include "glia/data/patch_sampler.hpp"
#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "glia/infer/whole_volume.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

std::vector<LoadedModel> load_models(const std::vector<std::filesystem::path>& paths,
                                     Context& context) {
  std::vector<LoadedModel> models;
  for (const auto& path : paths) models.push_back(load_model(path, context));
  return models;
}

/// The model averaged over 8 mirrorings if that is asked for; warns if it was trained without.
WindowPredictor with_mirroring(const LoadedModel& model, bool mirror) {
  if (!mirror) return model.predict;
  const auto mirroring = model.metadata.find("glia.mirroring");
  if (mirroring != model.metadata.end() && mirroring->second == "no") {
    complain("warning: --mirror with weights that were trained without mirroring: " +
             model.path.string());
  }
  return WindowPredictor(
      std::make_shared<Mirrored<WindowPredictor>>(WindowPredictor(model.predict)));
}

/// The window of the networks that read windows: as asked for, or the largest that one of them was
/// trained with; there is none if there are no such networks.
SlidingWindowOptions common_window(const PredictorOptions& o,
                                   const std::vector<LoadedModel>& models) {
  std::vector<WindowPredictor> members;
  for (const LoadedModel& model : models)
    if (!model.reads_whole_brains()) members.push_back(model.predict);
  SlidingWindowOptions window{.overlap = o.overlap};
  if (members.empty()) {
    if (o.patch == 0) return window;
    throw UsageError("--patch: got " + std::to_string(o.patch) +
                     ", expected none: whole brains are read on the grid of the training");
  }
  const Ensemble ensemble{members};
  if (o.patch > 0) require_patch(o.patch, ensemble.divisor());
  window.window = o.patch > 0 ? Extent{o.patch, o.patch, o.patch} : *ensemble.trained_on().patch;
  return window;
}

/// A network as a predictor of volumes of any extent.
VolumePredictor of_volumes(const LoadedModel& model, const WindowPredictor& predict,
                           const SlidingWindowOptions& window) {
  if (model.reads_whole_brains()) {
    return VolumePredictor(
        std::make_shared<WholeVolume<WindowPredictor>>(WindowPredictor(predict)));
  }
  return VolumePredictor(
      std::make_shared<Windowed<WindowPredictor>>(WindowPredictor(predict), window));
}

template <class Member>
Member combine(const PredictorOptions& o, std::vector<Member> members) {
  if (!o.weights.empty() && o.weights.size() != members.size()) {
    throw UsageError("weights of the models: got " + std::to_string(o.weights.size()) + " for " +
                     std::to_string(members.size()) + " models");
  }
  const auto ensemble = [&](auto combination) {
    using C = decltype(combination);
    return Member(std::make_shared<Ensemble<C, std::vector<Member>>>(std::move(combination),
                                                                     std::move(members)));
  };
  const auto weighted = [&](auto combination) {
    return o.weights.empty() ? ensemble(combination) : ensemble(Weighted{o.weights, combination});
  };
  if (o.combination == "logits") return weighted(MeanOfLogits{});
  if (o.combination == "vote") return weighted(MajorityVote{});
  if (members.size() == 1) return members.front();
  return weighted(MeanOfProbabilities{});
}

/// All networks as one predictor, of windows if none reads whole brains.
std::variant<WindowPredictor, VolumePredictor> as_one(const PredictorOptions& o,
                                                      const std::vector<LoadedModel>& models,
                                                      const SlidingWindowOptions& window) {
  const bool volumes = std::ranges::any_of(models, &LoadedModel::reads_whole_brains);
  std::vector<WindowPredictor> of_windows;
  std::vector<VolumePredictor> whole;
  for (const LoadedModel& model : models) {
    const WindowPredictor member = with_mirroring(model, o.mirror);
    if (volumes)
      whole.push_back(of_volumes(model, member, window));
    else
      of_windows.push_back(member);
  }
  if (volumes) return combine(o, std::move(whole));
  return combine(o, std::move(of_windows));
}

}  // namespace

bool LoadedModel::lists(const std::string& key, const std::string& case_id) const {
  const auto found = metadata.find(key);
  return found != metadata.end() &&
         ("," + found->second + ",").find("," + case_id + ",") != std::string::npos;
}

LoadedModel load_model(const std::filesystem::path& path, Context& context) {
  const Metadata metadata = SafetensorsFile::open(path).metadata();
  if (metadata.contains("glia.checkpoint")) {
    throw UsageError(path.string() +
                     ": is the state of a training run; expected its weights, best.safetensors");
  }
  for (const auto& [key, expected] :
       {std::pair{"glia.modalities", "T1,T1ce,T2,FLAIR"}, {"glia.regions", "WT,TC,ET"}}) {
    const auto found = metadata.find(key);
    if (found == metadata.end() || found->second == expected) continue;
    throw UsageError(path.string() + ": " + key + ": got " + found->second + ", expected " +
                     expected);
  }
  const std::string network = network_of(path, metadata);
  const auto load = [&]<class Net>() {
    const auto model = std::make_shared<Model<Net>>(context);
    load_weights(path, *model);
    TrainedOn& trained = model->trained_on();
    if (!trained.whole_volumes) trained.whole_volumes = reads_whole_brains(network);
    if (!trained.patch) {
      trained.patch = published_patch;
      complain("warning: " + path.string() + ": does not say on which patch it was trained; " +
               to_string(published_patch) + " is assumed, as in the paper");
    }
    return WindowPredictor(model);
  };
  return {path, metadata, with_network(network, load, path.string() + ": glia.network")};
}

LoadedPredictor::LoadedPredictor(const PredictorOptions& options, Context& context)
    : models_(load_models(options.models, context)),
      window_(common_window(options, models_)),
      predictor_(as_one(options, models_, window_)) {}

void LoadedPredictor::warn_about_spacing(const Case& whole) const {
  for (const LoadedModel& model : models_) {
    const TrainedOn& trained = model.predict.trained_on();
    if (has_trained_spacing(trained, whole.spacing)) continue;
    complain("warning: case " + whole.id + ": spacing: got " + to_string(whole.spacing) + ", " +
             model.path.string() + " was trained on " + to_string(*trained.spacing) +
             ": expect worse labels");
  }
}

void add_predictor_options(CLI::App& command, PredictorOptions& o, bool of_teacher) {
  const std::string prefix = of_teacher ? "--teacher-" : "--";
  command
      .add_option(of_teacher ? "--teacher,--model" : "--model", o.models,
                  "weights, for instance RUN/best.safetensors; several make an ensemble")
      ->required();
  command
      .add_option(prefix + "combination", o.combination,
                  "of several: mean of probabilities, of logits, or vote")
      ->check(CLI::IsMember({"mean", "logits", "vote"}))
      ->capture_default_str();
  command.add_option(prefix + "weights", o.weights, "of several: one number for each")
      ->check(non_negative());
  command.add_option(prefix + "patch", o.patch, "extent of the window [largest as trained]")
      ->check(positive());
  command.add_option(prefix + "overlap", o.overlap, "of windows")
      ->check(between(0.0, 0.9))
      ->capture_default_str();
  command.add_flag(prefix + "mirror", o.mirror, "average over 8 mirrorings: 8 times the time");
}

}  // namespace glia::program
