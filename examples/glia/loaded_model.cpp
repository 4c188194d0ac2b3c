#include "loaded_model.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "glia/infer/whole_volume.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

/// What the weights say that they were trained with. Throws DataError for other text than a number.
index_t trained_patch(const std::filesystem::path& path, const Metadata& metadata) {
  constexpr index_t unknown = 128;
  const auto trained = metadata.find("glia.patch");
  if (trained == metadata.end()) return unknown;
  const std::string& text = trained->second;
  index_t patch = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), patch).ptr;
  if (patch > 0 && end == text.data() + text.size()) return patch;
  throw DataError(path.string() + ": glia.patch: got \"" + text + "\", expected a positive number");
}

std::vector<LoadedModel> load_models(const std::vector<std::filesystem::path>& paths,
                                     Context& context) {
  std::vector<LoadedModel> models;
  for (const auto& path : paths) models.push_back(load_model(path, context));
  return models;
}

/// The model averaged over 8 mirrorings if that is asked for; warns if it was trained without.
AnyPredictor with_mirroring(const LoadedModel& model, bool mirror) {
  if (!mirror) return model.predict;
  const auto mirroring = model.metadata.find("glia.mirroring");
  if (mirroring != model.metadata.end() && mirroring->second == "no") {
    complain("warning: --mirror with weights that were trained without mirroring: " +
             model.path.string());
  }
  return AnyPredictor(std::make_shared<Mirrored<AnyPredictor>>(AnyPredictor(model.predict)));
}

bool any_reads_whole_brains(const std::vector<LoadedModel>& models) {
  return std::ranges::any_of(models, &LoadedModel::whole_brains);
}

/// The window of the networks that read windows: as asked for, or the largest that one of them was
/// trained with; nothing if there are none.
SlidingWindowOptions common_window(const PredictorOptions& o,
                                   const std::vector<LoadedModel>& models) {
  index_t extent = 0, divisor = 1;
  for (const LoadedModel& model : models) {
    if (model.whole_brains) continue;
    extent = (std::max)(extent, model.patch);
    divisor = std::lcm(divisor, model.predict.divisor());
  }
  if (o.patch > 0 && extent == 0) {
    throw UsageError("--patch: got " + std::to_string(o.patch) +
                     ", expected none: whole brains are read on the grid of the training");
  }
  extent = o.patch > 0 ? o.patch : (extent + divisor - 1) / divisor * divisor;
  require_patch(extent, divisor);
  return {.window = {extent, extent, extent}, .overlap = o.overlap};
}

/// A network as a predictor of volumes of any extent.
AnyPredictor of_volumes(const LoadedModel& model, const AnyPredictor& predict,
                        const SlidingWindowOptions& window) {
  const Extent grid{model.patch, model.patch, model.patch};
  return model.whole_brains ? AnyPredictor(std::make_shared<WholeVolume<AnyPredictor>>(
                                  AnyPredictor(predict), grid))
                            : AnyPredictor(std::make_shared<Windowed<AnyPredictor>>(
                                  AnyPredictor(predict), window));
}

AnyPredictor combine(const PredictorOptions& o, const std::vector<LoadedModel>& models,
                     const SlidingWindowOptions& window) {
  const bool volumes = any_reads_whole_brains(models);
  std::vector<AnyPredictor> members;
  for (const LoadedModel& model : models) {
    const AnyPredictor member = with_mirroring(model, o.mirror);
    members.push_back(volumes ? of_volumes(model, member, window) : member);
  }
  if (!o.weights.empty() && o.weights.size() != members.size()) {
    throw UsageError("weights of the models: got " + std::to_string(o.weights.size()) + " for " +
                     std::to_string(members.size()) + " models");
  }
  const auto ensemble = [&](auto combination) {
    using C = decltype(combination);
    return AnyPredictor(std::make_shared<Ensemble<C, std::vector<AnyPredictor>>>(
        std::move(combination), std::move(members)));
  };
  const auto weighted = [&](auto combination) {
    return o.weights.empty() ? ensemble(combination) : ensemble(Weighted{o.weights, combination});
  };
  if (o.combination == "logits") return weighted(MeanOfLogits{});
  if (o.combination == "vote") return weighted(MajorityVote{});
  if (members.size() == 1) return members.front();
  return weighted(MeanOfProbabilities{});
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
  const auto load = [&]<class Net>() -> AnyPredictor {
    const auto model = std::make_shared<Model<Net>>(context);
    load_weights(path, *model);
    return AnyPredictor(model);
  };
  AnyPredictor predict = with_network(network, load, path.string() + ": glia.network");
  return {path, metadata, trained_patch(path, metadata), reads_whole_brains(network),
          std::move(predict)};
}

LoadedPredictor::LoadedPredictor(const PredictorOptions& options, Context& context)
    : models_(load_models(options.models, context)),
      window_(common_window(options, models_)),
      predict_(combine(options, models_, window_)) {
  if (any_reads_whole_brains(models_)) window_.window = whole_volume;
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
