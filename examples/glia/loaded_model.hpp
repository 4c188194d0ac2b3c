#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "glia/data/case.hpp"
#include "glia/infer/sliding_window.hpp"
#include "glia/tensor/context.hpp"
#include "glia/train/weights.hpp"

namespace glia::program {

/// A predictor of windows, or of whole volumes, that has forgotten its type, so that networks of
/// any kind fit into one ensemble.
template <bool WholeVolumes>
class AnyPredictor {
 public:
  static constexpr bool whole_volumes = WholeVolumes;

  template <Predictor P>
  requires(wants_whole_volumes<P> ==
           WholeVolumes) explicit AnyPredictor(std::shared_ptr<P> predictor)
      : divisor_(divisor_of(*predictor)),
        trained_on_(glia::trained_on(*predictor)),
        run_([predictor](View<const float> image, View<float> out) { (*predictor)(image, out); }) {}

  [[nodiscard]] index_t divisor() const { return divisor_; }
  [[nodiscard]] const TrainedOn& trained_on() const { return trained_on_; }
  void operator()(View<const float> image, View<float> probabilities) {
    run_(image, probabilities);
  }

 private:
  index_t divisor_;
  TrainedOn trained_on_;
  std::function<void(View<const float>, View<float>)> run_;
};
using WindowPredictor = AnyPredictor<false>;
using VolumePredictor = AnyPredictor<true>;

/// Weights in memory, ready to predict what they were trained on: patches, or whole volumes on a
/// grid.
struct LoadedModel {
  std::filesystem::path path;
  Metadata metadata;
  WindowPredictor predict;

  [[nodiscard]] bool reads_whole_brains() const {
    return predict.trained_on().whole_volumes == true;
  }
  /// A list of case ids that the file holds under a name, for instance "glia.training_cases".
  [[nodiscard]] bool lists(const std::string& key, const std::string& case_id) const;
};

/// Reads weights of any network on the menu. Those that do not say what they were trained on are
/// taken for what the menu and the paper say, and a line on stderr says so. Throws UsageError for
/// weights of another network, with other modalities or regions, or for the state of a training
/// run; DataError, IoError.
LoadedModel load_model(const std::filesystem::path& path, Context& context);

/// Who predicts and how: one network or an ensemble of several.
struct PredictorOptions {
  std::vector<std::filesystem::path> models;
  std::vector<float> weights;        ///< of the models; empty: all the same
  std::string combination = "mean";  ///< of probabilities; or logits, or vote
  index_t patch = 0;                 ///< extent of the window; 0: as trained
  double overlap = 0.5;
  bool mirror = false;
};

/// Options named "--model", "--patch", "--mirror", ...; with "--teacher-" before each for a command
/// that has such options of its own.
void add_predictor_options(CLI::App& command, PredictorOptions& options, bool of_teacher);

/// The networks of some options in memory, as one predictor. Networks of windows share one window,
/// the largest that one of them was trained with, and an ensemble of them works through a volume
/// window by window; beside a network of whole brains each has results of its own for the volume.
class LoadedPredictor {
 public:
  /// Throws as load_model does, and UsageError for a window that the networks cannot halve, or that
  /// none of them reads by, and for another number of weights than models.
  LoadedPredictor(const PredictorOptions& options, Context& context);

  [[nodiscard]] const std::vector<LoadedModel>& models() const { return models_; }
  /// A line on stderr for each model that was trained on voxels of another size than a case's.
  void warn_about_spacing(const Case& whole) const;
  /// Returns use(predictor, options), which predict a volume together.
  template <class Use>
  auto predict(Use&& use) {
    return std::visit(
        [&](auto& predictor) {
          return use(predictor, predictor.whole_volumes ? SlidingWindowOptions{} : window_);
        },
        predictor_);
  }

 private:
  std::vector<LoadedModel> models_;
  SlidingWindowOptions window_;
  std::variant<WindowPredictor, VolumePredictor> predictor_;
};

}  // namespace glia::program
