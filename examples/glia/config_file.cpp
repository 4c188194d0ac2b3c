#include "config_file.hpp"

#include <algorithm>
#include <iterator>
#include <regex>
#include <utility>

#include "command_line.hpp"
#include "glia/core/error.hpp"
#include "toml.hpp"

namespace glia::program {

namespace {

bool takes_several(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

std::string value_text(const CLI::Option& option, const std::string& value) {
  static const std::regex number("[+-]?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  const bool bare = std::regex_match(value, number) || value == "true" || value == "false";
  return bare && !option.get_type_name().starts_with("TEXT") ? value : toml_string(value);
}

/// `name = value`, or nothing for an option without a value.
std::string line_of(const CLI::Option& option) {
  const bool flag = option.get_items_expected_max() == 0, given = option.count() > 0;
  std::string value = option.get_default_str();
  if (takes_several(option)) {
    if (!given) return {};
    value = "";
    for (const std::string& one : option.reduced_results())
      value += (value.empty() ? "" : ", ") + value_text(option, one);
    value = "[" + value + "]";
  } else {
    if (given) value = option.reduced_results().back();
    if (!given && flag) value = "false";
    if (!given && value.empty()) return {};
    value = value_text(option, value);
  }
  return option.get_single_name() + " = " + value + "\n";
}

std::string lines_of(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_configurable()) text += line_of(*option);
  }
  return text;
}

const CLI::App& command_named(const CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return *command;
    known.push_back(command->get_name());
  }
  throw UsageError("unknown command [" + name + "], the nearest is [" + nearest(known, name) + "]");
}

const CLI::Option& option_named(const CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_configurable()) continue;
    if (option->check_name(name) || option->check_name("--" + name)) return *option;
    known.push_back(option->get_single_name());
  }
  throw UsageError("unknown option " + name + ", the nearest is " + nearest(known, name));
}

/// What the entries say to CLI11, without the sections of commands that the command line does not
/// name.
std::vector<CLI::ConfigItem> items_of(const CLI::App& app, const std::vector<TomlEntry>& entries) {
  std::vector<CLI::ConfigItem> items;
  for (const TomlEntry& entry : entries) {
    try {
      const CLI::App& command = entry.section.empty() ? app : command_named(app, entry.section);
      if (entry.key.empty()) continue;
      const CLI::Option& option = option_named(command, entry.key);
      if (entry.array && !takes_several(option))
        throw UsageError(entry.key + ": got an array, expected one value");
      if (entry.values.empty() || (command.get_parent() && !app.got_subcommand(entry.section)))
        continue;
      CLI::ConfigItem& item = items.emplace_back();
      if (!entry.section.empty()) item.parents = {entry.section};
      item.name = entry.key;
      for (const std::string& value : entry.values) item.inputs.push_back(as_literal(value));
    } catch (const UsageError& error) {
      throw UsageError("line " + std::to_string(entry.line) + ": " + error.what());
    }
  }
  return items;
}

}  // namespace

std::string ConfigFile::to_config(const CLI::App* app, bool, bool, std::string) const {
  std::string text = lines_of(*app);
  for (const CLI::App* command : app->get_subcommands())
    text += "\n[" + command->get_name() + "]\n" + lines_of(*command);
  return text;
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  const auto file = app_.get_config_ptr()->as<std::string>();
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  try {
    return items_of(app_, parse_toml(text));
  } catch (const UsageError& error) {
    throw UsageError("--config: " + file + ": " + error.what());
  }
}

}  // namespace glia::program
