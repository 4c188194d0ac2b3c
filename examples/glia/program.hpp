#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glia/core/log.hpp"
#include "glia/data/case.hpp"
#include "glia/data/content_id.hpp"
#include "glia/data/dataset.hpp"
#include "glia/tensor/context.hpp"

namespace glia::program {

/// Options that every command understands.
struct CommonOptions {
  std::uint64_t seed = 42;
  int threads = 0;  ///< 0: one per processor that it may use
  std::string device = "cpu";
  std::filesystem::path log_json;
  bool dry_run = false, overwrite = false, quiet = false;
};

/// What the chosen command does; the result is the program's exit code.
using Action = std::function<int()>;

void add_phantom(CLI::App& app, const CommonOptions& common, Action& action);
void add_check(CLI::App& app, const CommonOptions& common, Action& action);
void add_train(CLI::App& app, const CommonOptions& common, Action& action);
void add_segment(CLI::App& app, const CommonOptions& common, Action& action);
void add_annotate(CLI::App& app, const CommonOptions& common, Action& action);
void add_distill(CLI::App& app, const CommonOptions& common, Action& action);
void add_evaluate(CLI::App& app, const CommonOptions& common, Action& action);
void add_info(CLI::App& app, const CommonOptions& common, Action& action);
void add_report(CLI::App& app, const CommonOptions& common, Action& action);
void add_experiment(CLI::App& app, const CommonOptions& common, Action& action);

/// Checks of option values, with messages that say what was got and what was expected.
CLI::Validator positive();
CLI::Validator non_negative();
CLI::Validator between(double low, double high);
CLI::Validator known_scheme();
CLI::Validator thread_count();

/// A context for the common options; the library's messages go to stderr. Throws IoError for a
/// device that is not there.
ContextOptions context_options(const CommonOptions& common);

/// Lines of JSON, one per event, for machines; nothing is written without --log-json and in a dry
/// run. Throws IoError.
class JsonLog {
 public:
  explicit JsonLog(const CommonOptions& common);
  ~JsonLog();
  void line(const std::string& json);
  /// A result: the line goes to stdout as well.
  void result(const std::string& json);

 private:
  std::FILE* file_ = nullptr;
  std::filesystem::path path_;
};

/// How to read data sets: shared by all commands that do.
struct DataOptions {
  std::string layout = "auto", scheme;
  std::vector<std::string> scheme_of;  ///< FOLDER=SCHEME
  std::vector<std::string> file_name;  ///< PART=ENDING
  std::filesystem::path only;          ///< file of the ids to take, one per line; empty: all
  double affine_tolerance = ReadCaseOptions{}.affine_tolerance;
  bool zero_nonfinite = false, keep_going = false;
};
void add_reading_options(CLI::App& command, DataOptions& options);
/// The same and those that choose cases.
void add_data_options(CLI::App& command, DataOptions& options);

/// The option with which all commands accept sets of cases that share a patient.
void add_shared_patients_option(CLI::App& command, bool& allow);
SharedPatients shared_patients(bool allow);

/// How to search one folder for cases. Throws UsageError for options that name nothing.
FindCasesOptions find_options(const DataOptions& options, const std::filesystem::path& folder,
                              bool require_labels);
ReadCaseOptions read_options(const DataOptions& options);
/// Reads a case; where cases are left out, a file of it that cannot be opened is a DataError too.
Case read_case(const CaseFiles& files, const ReadCaseOptions& options, bool keep_going);

/// The cases below several folders, complete ones only, of the ids asked for. Every problem is
/// reported; without keep_going any problem throws DataError. `refused` counts cases left out. What
/// is not required is no problem.
std::vector<CaseFiles> collect_cases(const std::vector<std::filesystem::path>& folders,
                                     const DataOptions& options, bool require_labels,
                                     std::size_t& refused, bool require_images = true);

/// Throws UsageError if the path exists, other than as an empty folder, and may not be overwritten.
void require_new(const std::filesystem::path& path, const CommonOptions& common,
                 const std::string& alternative = "");

/// Throws UsageError if a file that is to be written is one of the files of the cases. Empty paths
/// are ignored.
void require_no_input(const std::vector<std::filesystem::path>& outputs,
                      const std::vector<CaseFiles>& cases);

/// The options of one command and those of all, as a file for --config that repeats the run.
std::string config_text(const CLI::App& command);

/// The whole of a text file. Throws IoError.
std::string read_text(const std::filesystem::path& path);

/// The date, UTC, as YYYY-MM-DD.
std::string today();

/// Writes a text file, complete or not at all. Throws IoError.
void write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace glia::program
