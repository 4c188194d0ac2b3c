#include "experiment_phases.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "child.hpp"
#include "glia/core/error.hpp"
#include "glia/io/json.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Json = nlohmann::ordered_json;

std::string json_text(const Json& j) {
  return j.dump(2, ' ', false, Json::error_handler_t::replace);
}

/// A command in one line, as its record holds it: JSON has no bytes that are not UTF-8.
std::string text_of(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return Json::parse(json_text(text));
}

/// The options of all commands that a phase is given; they do not change its result.
Words common_words(const CommonOptions& common) {
  Words words;
  if (common.threads > 0) words = {"--threads", std::to_string(common.threads)};
  if (common.quiet) words.emplace_back("--quiet");
  return words;
}

void stop_if_asked() {
  if (caught_signal() != 0) throw Stopped{128 + caught_signal()};
}

}  // namespace

Words joined(std::initializer_list<Words> parts) {
  Words all;
  for (const Words& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::filesystem::path Phases::record(const std::string& name) const {
  return folder_ / (name + ".json");
}
std::filesystem::path Phases::output(const std::string& name) const {
  return folder_ / (name + ".out");
}
bool Phases::ended(const std::string& name) const { return std::filesystem::exists(record(name)); }

void Phases::perform(const std::string& name, const Words& command) {
  if (mode_ == PhaseMode::print) {
    std::printf("glia %s\n", text_of(command).c_str());
    return;
  }
  if (ended(name)) require_same(name, text_of(command));
  if (mode_ == PhaseMode::verify) return;
  if (!ended(name)) run(name, command);
  records_.push_back({name, detail::parse_json(record(name)).at("seconds")});
}

void Phases::require_same(const std::string& name, const std::string& command) const {
  const std::string before = detail::parse_json(record(name)).at("command");
  if (before == command) return;
  throw UsageError(record(name).string() + ": the phase was run as \"" + before +
                   "\", now it is \"" + command + "\"; give another --out");
}

void Phases::run(const std::string& name, const Words& command) const {
  stop_if_asked();
  complain("phase " + name);
  const auto start = std::chrono::steady_clock::now();
  std::filesystem::create_directories(folder_);
  const int code = run_child(joined({command, common_words(common_)}), output(name));
  if (code != 0) {
    stop_if_asked();
    throw Error(code < 128 ? code : 1, "phase " + name + " ended with code " +
                                           std::to_string(code) + ": glia " + text_of(command));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  write_text(record(name),
             json_text({{"command", text_of(command)}, {"seconds", seconds.count()}}) + "\n");
}

}  // namespace glia::program
