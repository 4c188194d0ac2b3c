#include "loaded_model.hpp"

#include <algorithm>
#include <charconv>

#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/test_time_augmentation.hpp"
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

AnyPredictor combine(const PredictorOptions& o, const std::vector<LoadedModel>& models) {
  std::vector<AnyPredictor> members;
  for (const LoadedModel& model : models) members.push_back(with_mirroring(model, o.mirror));
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
  AnyPredictor predict = with_network(network_of(path, metadata), [&]<class Net>() -> AnyPredictor {
    const auto model = std::make_shared<Model<Net>>(context);
    load_weights(path, *model);
    return AnyPredictor(model);
  });
  return {path, metadata, trained_patch(path, metadata), std::move(predict)};
}

LoadedPredictor::LoadedPredictor(const PredictorOptions& options, Context& context)
    : models_(load_models(options.models, context)), predict_(combine(options, models_)) {
  const index_t divisor = predict_.divisor();
  index_t extent = options.patch;
  if (extent == 0) {
    for (const LoadedModel& model : models_) extent = (std::max)(extent, model.patch);
    extent = (extent + divisor - 1) / divisor * divisor;
  }
  require_patch(extent, divisor);
  window_.window = {extent, extent, extent};
  window_.overlap = options.overlap;
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
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command.add_flag(prefix + "mirror", o.mirror, "average over 8 mirrorings: 8 times the time");
}

}  // namespace glia::program
