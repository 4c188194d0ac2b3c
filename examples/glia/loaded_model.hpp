#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "glia/infer/sliding_window.hpp"
#include "glia/tensor/context.hpp"
#include "glia/train/weights.hpp"

namespace glia::program {

/// A predictor that has forgotten its type, so that networks of any kind fit into one ensemble.
class AnyPredictor {
 public:
  template <Predictor P>
  explicit AnyPredictor(std::shared_ptr<P> predictor)
      : divisor_(divisor_of(*predictor)),
        run_([predictor](View<const float> image, View<float> out) { (*predictor)(image, out); }) {}

  [[nodiscard]] index_t divisor() const { return divisor_; }
  void operator()(View<const float> image, View<float> probabilities) {
    run_(image, probabilities);
  }

 private:
  index_t divisor_;
  std::function<void(View<const float>, View<float>)> run_;
};

/// Weights in memory, ready to predict.
struct LoadedModel {
  std::filesystem::path path;
  Metadata metadata;
  index_t patch;      ///< extent that it was trained with; 128 if it does not say
  bool whole_brains;  ///< `patch` is the extent of a grid, not of a window
  AnyPredictor predict;

  /// A list of case ids that the file holds under a name, for instance "glia.training_cases".
  [[nodiscard]] bool lists(const std::string& key, const std::string& case_id) const;
};

/// Reads weights of any network on the menu. Throws UsageError for weights of another network, with
/// other modalities or regions, or for the state of a training run; DataError, IoError.
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
  [[nodiscard]] AnyPredictor& predict() { return predict_; }
  [[nodiscard]] const SlidingWindowOptions& window() const { return window_; }

 private:
  std::vector<LoadedModel> models_;
  SlidingWindowOptions window_;
  AnyPredictor predict_;
};

}  // namespace glia::program
