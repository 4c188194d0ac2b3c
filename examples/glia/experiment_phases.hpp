#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiment_results.hpp"
#include "program.hpp"

namespace glia::program {

using Words = std::vector<std::string>;

/// The words of all parts, one part after the other.
Words joined(std::initializer_list<Words> parts);

/// What is to be done about phases.
enum class PhaseMode {
  verify,  ///< compare them with the records of those that ended
  print,   ///< print their commands
  run      ///< run those that have not ended
};

/// Ends the experiment because a signal asked for it.
struct Stopped {
  int code;
};

/// Commands of this program, each in a process of its own: one that ended well leaves a record and
/// is not run again.
class Phases {
 public:
  Phases(const std::filesystem::path& folder, const CommonOptions& common, PhaseMode mode)
      : folder_(folder / "phases"), common_(common), mode_(mode) {}

  /// Throws UsageError if the phase ended as another command, Error with the exit code of a phase
  /// that fails, Stopped.
  void perform(const std::string& name, const Words& command);

  [[nodiscard]] bool ended(const std::string& name) const;
  /// What the phase printed.
  [[nodiscard]] std::filesystem::path output(const std::string& name) const;
  /// The phases performed so far, with the times that their records hold.
  [[nodiscard]] const std::vector<RoundRecord::Phase>& records() const { return records_; }

 private:
  [[nodiscard]] std::filesystem::path record(const std::string& name) const;
  void require_same(const std::string& name, const std::string& command) const;
  void run(const std::string& name, const Words& command) const;

  std::filesystem::path folder_;
  const CommonOptions& common_;
  PhaseMode mode_;
  std::vector<RoundRecord::Phase> records_;
};

}  // namespace glia::program
