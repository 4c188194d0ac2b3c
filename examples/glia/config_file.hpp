#pragma once

#include <CLI/CLI.hpp>
#include <istream>
#include <string>
#include <vector>

namespace glia::program {

/// Reads and writes the options of the program as TOML: those of all commands, then those of one
/// command in a [section] of its name.
///
/// A file may have the sections of several commands; only that of the command which the command
/// line names counts. What is written says the values in force, and is read back to them.
class ConfigFile : public CLI::Config {
 public:
  explicit ConfigFile(const CLI::App& app) : app_(app) {}

  std::string to_config(const CLI::App* app, bool, bool, std::string) const override;
  /// Throws UsageError for what is no TOML, with the nearest name for an unknown one.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App& app_;
};

}  // namespace glia::program
