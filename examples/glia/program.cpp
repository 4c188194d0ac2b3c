#include "program.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "glia/core/error.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

volatile std::sig_atomic_t signal_caught = 0;

void on_signal(int number) {
  if (signal_caught != 0) _exit(128 + number);
  signal_caught = number;
}

}  // namespace

ContextOptions context_options(const CommonOptions& common) {
  if (common.device != "cpu") {
    throw IoError("--device: got " + common.device + ", this program was built for cpu only");
  }
  return {.threads = common.threads, .seed = common.seed, .log = [](Severity, std::string_view text) { complain(text); }};
}

JsonLog::JsonLog(const std::filesystem::path& path) : path_(path) {
  if (path.empty()) return;
  file_ = std::fopen(path.c_str(), "a");
  if (!file_) throw IoError(path.string() + ": cannot open the log: " + std::strerror(errno));
}

JsonLog::~JsonLog() {
  if (file_) std::fclose(file_);
}

void JsonLog::line(const std::string& json) {
  if (!file_) return;
  if (std::fprintf(file_, "%s\n", json.c_str()) < 0 || std::fflush(file_) != 0) {
    throw IoError(path_.string() + ": cannot write the log: " + std::strerror(errno));
  }
}

void add_data_options(CLI::App& command, DataOptions& options) {
  command.add_option("--layout", options.layout, "auto, brats2018 (2017 to 2021), brats2023, msd or nnunet")
      ->capture_default_str();
  command.add_option("--label-scheme", options.scheme,
                     "meaning of the values in label files, for all folders: brats2018, brats2023, msd, nnunet, ...");
  command.add_option("--scheme-of", options.scheme_of, "FOLDER=SCHEME, for one of the folders");
  command.add_flag("--zero-nonfinite", options.zero_nonfinite, "read NaN and infinite voxels as 0 instead of refusing");
  command.add_flag("--keep-going", options.keep_going, "leave cases with problems out; exit code 7 if there were any");
}

std::vector<CaseFiles> collect_cases(const std::vector<std::filesystem::path>& folders, const DataOptions& options,
                                     bool require_labels, std::size_t& refused) {
  std::vector<CaseFiles> cases;
  std::size_t problems = 0;
  std::string first;
  for (const auto& folder : folders) {
    FindCasesOptions find;
    find.layout = find_layout(options.layout);
    find.require_labels = require_labels;
    if (!options.scheme.empty()) find.scheme = label_scheme(options.scheme);
    for (const std::string& entry : options.scheme_of) {
      const auto split = entry.rfind('=');
      if (split == std::string::npos) throw UsageError("--scheme-of: got " + entry + ", expected FOLDER=SCHEME");
      std::error_code error;
      if (std::filesystem::equivalent(entry.substr(0, split), folder, error)) {
        find.scheme = label_scheme(entry.substr(split + 1));
      }
    }
    Dataset dataset = find_cases(folder, find);
    complain(folder.string() + ": " + dataset.description);
    for (const CaseProblem& problem : dataset.problems) {
      const std::string text = (problem.case_id.empty() ? "" : "case " + problem.case_id + ": ") + problem.message;
      if (problems++ == 0) first = text;
      complain(text);
    }
    refused += dataset.refused.size();
    for (CaseFiles& files : dataset.cases) {
      for (const CaseFiles& other : cases) {
        if (other.id == files.id) {
          throw DataError("case " + files.id + ": found twice, in " + folder_of(other).string() + " and in " +
                          folder_of(files).string() + "; expected unique ids");
        }
      }
      cases.push_back(std::move(files));
    }
  }
  if (problems > 0 && !options.keep_going) {
    throw DataError(std::to_string(problems) + " problem(s), the first: " + first);
  }
  if (cases.empty()) throw DataError("no usable case in the folders given");
  return cases;
}

void require_new(const std::filesystem::path& path, const CommonOptions& common, const std::string& alternative) {
  if (common.overwrite || !std::filesystem::exists(path)) return;
  throw UsageError(path.string() + ": exists already; give --overwrite" + alternative + " or another name");
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write
}

int caught_signal() { return signal_caught; }

}  // namespace glia::program
