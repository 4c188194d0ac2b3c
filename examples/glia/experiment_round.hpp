#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiment_cases.hpp"
#include "experiment_phases.hpp"
#include "experiment_results.hpp"
#include "experiment_split.hpp"
#include "glia/data/patch_sampler.hpp"
#include "glia/io/json.hpp"
#include "program.hpp"

namespace glia::program {

/// One of the paper's three networks, with its recipe.
struct Role {
  const char* name;    ///< of folders and options
  const char* system;  ///< of the table
  const char* network;
  const char* optimizer;
  double decay;
  index_t every;  ///< epochs of the paper's 280 between decays
  index_t batch;
  double clip;  ///< largest norm of a gradient, 0: none; the cascade's rate of 0.1 is published for
                ///< a Dice loss alone and may diverge with cross entropy
};
inline constexpr std::array<Role, 3> roles{
    {{"unet", "UNet", "unet", "adam", 0.60, 30, 2, 0},
     {"residual", "Residual UNet", "resunet", "adam", 0.60, 30, 2, 0},
     {"cascaded", "Cascaded UNet", "cascaded", "sgd", 0.85, 10, 4, 1}}};
inline constexpr index_t published_epochs = 280;

struct ExperimentOptions {
  ExperimentFolders folders;
  std::filesystem::path out;
  Shares shares;
  std::map<std::string, std::string> networks, train_args;  ///< by role; "" of train_args: all
  std::string student = "best";
  index_t epochs = published_epochs, steps_per_epoch = 0, patch = published_patch.d, seeds = 1;
  bool resume = false, all_students = false;
};

/// Throws UsageError for a network or a recipe that `glia train` would refuse.
void check_recipes(const ExperimentOptions& options, const CommonOptions& common);

/// Which repetition of the experiment, on which cases.
struct RoundPlan {
  index_t seed, fold;
  Split split;
};

/// The folder of a round.
std::filesystem::path home_of(const ExperimentOptions& options, const RoundPlan& plan);

/// The systems of one seed and one fold, phase by phase.
class Round {
 public:
  Round(const ExperimentOptions& options, const CommonOptions& common, const RoundPlan& plan,
        PhaseMode mode);

  /// Takes every phase in its turn. Throws what Phases::perform does, and UsageError if the folder
  /// holds a round with other cases.
  void perform();

  /// Names of the systems, in the order of the table.
  [[nodiscard]] static Words systems(const ExperimentOptions& options);
  /// What `glia evaluate` wrote of the test cases.
  [[nodiscard]] detail::Json scores(const std::string& system) const;
  /// The network that is distilled: the named one, or the best by validation.
  [[nodiscard]] const Role& student() const;
  [[nodiscard]] RoundRecord record() const;

 private:
  void note_parts() const;
  [[nodiscard]] std::string in_home(const std::filesystem::path& name) const;
  [[nodiscard]] std::string weights_of(const std::string& network) const;
  [[nodiscard]] std::filesystem::path scores_of(const std::string& system) const;
  [[nodiscard]] Words training(const Role& role, std::uint64_t seed) const;
  void train(const Role& role);
  void distil(const std::string& name, const Role& role, const Words& teachers);
  void test(const std::string& system, const Words& models);

  const ExperimentOptions& o_;
  const RoundPlan& plan_;
  PhaseMode mode_;
  std::uint64_t seed_;
  std::filesystem::path home_;
  Phases phases_;
  Words reading_, labelled_;
};

}  // namespace glia::program
