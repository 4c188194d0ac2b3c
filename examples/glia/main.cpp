// The command-line program: one subcommand per file, this one parses and turns errors into exit
// codes.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "config_file.hpp"
#include "glia/core/config.hpp"
#include "glia/core/error.hpp"
#include "glia/io/atomic_file.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace {

using glia::program::as_written;
using glia::program::complain;
using glia::program::context_options;
using glia::program::JsonLog;
using glia::program::nearest;
using glia::program::parse_literally;

/// The command or long option that is most like `word`.
std::string nearest_word(const CLI::App& app, const std::string& word) {
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
  return nearest(known, word);
}

/// Descriptors 0 to 2 that are closed would become those of files that are opened, which then got
/// what is printed.
void open_standard_descriptors() {
  int descriptor = 0;
  do descriptor = open("/dev/null", O_RDWR);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0) close(descriptor);
}

/// Results must have arrived before the exit code says so.
void finish_output() {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const int code = written ? glia::detail::flush(STDOUT_FILENO) : errno;
  if (!written || code != 0)
    throw glia::IoError(std::string("standard output: cannot write: ") + std::strerror(code));
}

int run(int argc, char** argv) {
  CLI::App app{"glia: 3-D brain-tumour segmentation. Not a medical device.", "glia"};
  glia::program::CommonOptions common;
  glia::program::Action action;
  app.set_version_flag("--version", "glia " GLIA_VERSION_STRING);
  app.set_config("--config", "", "options from a TOML file, one [section] per command");
  app.config_formatter(std::make_shared<glia::program::ConfigFile>(app));
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--seed", common.seed, "of every random number")->capture_default_str();
  app.add_option("--threads", common.threads, "of computation [one per processor that it may use]")
      ->check(glia::program::thread_count());
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
    parse_literally(app, {argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> extra = app.remaining(true);
    if (extra.empty() || error.get_exit_code() == 0) return app.exit(error) == 0 ? 0 : 2;
    const std::string word = as_written(extra.front());
    complain(word + ": unknown command, option or argument, the nearest is " +
             nearest_word(app, word));
    return 2;
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write
  static_cast<void>(context_options(common));
  JsonLog log(common);
  const std::string command = app.get_subcommands().front()->get_name();
  log.line(nlohmann::ordered_json{{"event", "start"}, {"command", command}}.dump());
  const int code = action();
  finish_output();
  log.line(
      nlohmann::ordered_json{{"event", "end"}, {"command", command}, {"exit_code", code}}.dump());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
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
