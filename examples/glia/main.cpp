// The command-line program: one subcommand per file, this one parses and turns errors into exit
// codes.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "glia/core/config.hpp"
#include "glia/core/error.hpp"
#include "glia/io/atomic_file.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace {

using glia::program::complain;
using glia::program::context_options;
using glia::program::JsonLog;

/// Number of insertions, deletions and replacements between two words.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = (std::min)({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

/// The command or long option that is most like `word`.
std::string nearest(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  std::vector<const CLI::App*> apps{&app};
  for (const CLI::App* command : app.get_subcommands()) apps.push_back(command);
  for (const CLI::App* one : apps) {
    for (const CLI::Option* option : one->get_options())
      known.push_back("--" + option->get_single_name());
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
  }
  return *std::min_element(known.begin(), known.end(),
                           [&](const std::string& a, const std::string& b) {
                             return edit_distance(a, word) < edit_distance(b, word);
                           });
}

/// What is wrong with a seed; CLI11 itself takes numbers beyond the largest as the largest.
std::string seed_problem(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, seed);
  const bool octal = text.size() > 1 && text.front() == '0';  // to CLI11
  if (result.ec == std::errc{} && result.ptr == end && !octal) return {};
  return "got " + text + ", expected a whole number from 0 to 18446744073709551615";
}

/// Results must have arrived before the exit code says so.
void finish_output() {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const int code = written ? glia::detail::flush(STDOUT_FILENO) : errno;
  if (!written || code != 0)
    throw glia::IoError(std::string("standard output: cannot write: ") + std::strerror(code));
}

int run(int argc, char** argv) {
  CLI::App app{"glia: 3-D brain-tumour segmentation. Not a medical device."};
  glia::program::CommonOptions common;
  glia::program::Action action;
  app.set_version_flag("--version", "glia " GLIA_VERSION_STRING);
  app.set_config("--config", "", "options from a TOML file, one [section] per command");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--seed", common.seed, "of every random number")
      ->check(CLI::Validator(seed_problem, ""))
      ->capture_default_str();
  app.add_option("--threads", common.threads, "of computation [one per processor]")
      ->check(CLI::Range(1, 1024));
  app.add_option("--device", common.device, "cpu or auto, which is cpu")->capture_default_str();
  app.add_option("--log-json", common.log_json, "append one line of JSON per event to this file");
  app.add_flag("--dry-run", common.dry_run, "read, check and plan, write nothing");
  app.add_flag("--overwrite", common.overwrite, "replace existing output");
  app.add_flag("--quiet", common.quiet, "no progress on stderr");
  app.require_subcommand(1);
  app.fallthrough();
  glia::program::add_phantom(app, common, action);
  glia::program::add_check(app, common, action);
  glia::program::add_train(app, common, action);
  glia::program::add_segment(app, common, action);
  glia::program::add_annotate(app, common, action);
  glia::program::add_distill(app, common, action);
  glia::program::add_evaluate(app, common, action);
  glia::program::add_info(app, common, action);
  glia::program::add_report(app, common, action);
  glia::program::add_experiment(app, common, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> extra = app.remaining(true);
    if (extra.empty() || error.get_exit_code() == 0) return app.exit(error) == 0 ? 0 : 2;
    complain(extra.front() + ": unknown command, option or argument, the nearest is " +
             nearest(app, extra.front()));
    return 2;
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write
  static_cast<void>(context_options(common));
  JsonLog log(common);
  const int code = action();
  finish_output();
  log.line(nlohmann::ordered_json{
      {"event", "end"}, {"command", app.get_subcommands().front()->get_name()}, {"exit_code", code}}
               .dump());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const glia::Error& error) {
    complain(error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    complain("out of memory: a smaller --patch or --batch needs less");
    return 5;
  } catch (const std::filesystem::filesystem_error& error) {
    complain(error.path1().string() + ": " + error.code().message());
    return 4;
  } catch (const std::exception& error) {
    complain(std::string("internal error: ") + error.what());
    return 1;
  }
}
