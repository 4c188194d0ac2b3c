#include "program.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <utility>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/core/utf8.hpp"
#include "glia/data/scheme_agreement.hpp"
#include "glia/io/atomic_file.hpp"
#include "glia/io/input_file.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

/// Accepts numbers that `holds` is true for.
CLI::Validator number_check(const std::string& expected, std::function<bool(double)> holds) {
  return {[=](const std::string& text) {
            double value = 0;
            const bool good = CLI::detail::lexical_cast(text, value) && holds(value);
            return good ? std::string() : "got " + text + ", expected " + expected;
          },
          ""};
}

}  // namespace

CLI::Validator positive() {
  return number_check("a positive number", [](double x) { return x > 0 && std::isfinite(x); });
}

CLI::Validator non_negative() {
  return number_check("a number that is not negative",
                      [](double x) { return x >= 0 && std::isfinite(x); });
}

CLI::Validator between(double low, double high) {
  return number_check("a number from " + number_text(low) + " to " + number_text(high),
                      [=](double x) { return x >= low && x <= high; });
}

CLI::Validator thread_count() { return CLI::Range(1, 1024); }

CLI::Validator known_scheme() {
  return {[](const std::string& name) {
            try {
              static_cast<void>(label_scheme(name));
              return std::string();
            } catch (const UsageError& error) {
              return std::string(error.what());
            }
          },
          ""};
}

ContextOptions context_options(const CommonOptions& common) {
  if (common.device != "cpu" && common.device != "auto") {
    throw IoError("--device: got " + common.device + ", this program was built for cpu only");
  }
  return {.threads = common.threads,
          .seed = common.seed,
          .log = [](Severity, std::string_view text) { complain(text); }};
}

JsonLog::JsonLog(const CommonOptions& common) : path_(common.log_json) {
  if (path_.empty() || common.dry_run) return;
  file_ = std::fopen(path_.c_str(), "a");
  if (!file_) throw IoError(path_.string() + ": cannot open the log: " + std::strerror(errno));
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

void JsonLog::result(const std::string& json) {
  std::printf("%s\n", json.c_str());
  std::fflush(stdout);
  line(json);
}

void add_reading_options(CLI::App& command, DataOptions& options) {
  command
      .add_option("--layout", options.layout,
                  "auto, brats2018 (2017 to 2021), brats2023, msd or nnunet")
      ->capture_default_str();
  command
      .add_option("--label-scheme", options.scheme,
                  "meaning of the values in label files, for all folders: brats2018, brats2023, "
                  "msd, nnunet, ...")
      ->check(known_scheme());
  command.add_option("--scheme-of", options.scheme_of, "FOLDER=SCHEME, for one of the folders");
  command.add_option("--file-name", options.file_name,
                     "PART=ENDING, how names of files end that hold T1, T1ce, T2, FLAIR or label, "
                     "e.g. T1ce=bravo");
  command
      .add_option("--affine-tolerance", options.affine_tolerance,
                  "mm that voxels of two files of a case may lie apart")
      ->check(between(0.0, ReadCaseOptions::largest_affine_tolerance))
      ->capture_default_str();
  command.add_flag("--zero-nonfinite", options.zero_nonfinite,
                   "read NaN and infinite voxels as 0 instead of refusing");
}

void add_data_options(CLI::App& command, DataOptions& options) {
  add_reading_options(command, options);
  command
      .add_option("--only", options.only, "file with the ids of the cases to take, one per line")
      ->check(CLI::ExistingFile);
  command.add_flag("--keep-going", options.keep_going,
                   "leave cases with problems out; exit code 7 if there were any");
}

namespace {

FileName file_name(const std::string& entry) {
  const auto split = entry.find('=');
  const std::string part = entry.substr(0, split);
  const auto channel = find_modality(part);
  if (split == std::string::npos || split + 1 == entry.size() || (!channel && part != "label")) {
    throw UsageError("--file-name: got " + entry +
                     ", expected PART=ENDING with T1, T1ce, T2, FLAIR or label as PART");
  }
  return {entry.substr(split + 1), channel};
}

}  // namespace

void add_shared_patients_option(CLI::App& command, bool& allow) {
  command.add_flag("--allow-shared-patients", allow,
                   "accept sets that are given with scans of one patient in two of them");
}

SharedPatients shared_patients(bool allow) {
  return allow ? SharedPatients::allow : SharedPatients::refuse;
}

FindCasesOptions find_options(const DataOptions& options, const std::filesystem::path& folder,
                              bool require_labels) {
  FindCasesOptions find;
  find.layout = find_layout(options.layout);
  find.require_labels = require_labels;
  if (!options.scheme.empty()) find.scheme = label_scheme(options.scheme);
  for (const std::string& entry : options.scheme_of) {
    const auto split = entry.rfind('=');
    if (split == std::string::npos)
      throw UsageError("--scheme-of: got " + entry + ", expected FOLDER=SCHEME");
    const std::filesystem::path named = entry.substr(0, split);
    const LabelScheme& scheme = label_scheme(entry.substr(split + 1));
    if (!std::filesystem::exists(named)) {
      throw UsageError("--scheme-of: got " + entry + ", but there is no folder " + named.string());
    }
    if (std::filesystem::equivalent(named, folder)) find.scheme = scheme;
  }
  for (const std::string& entry : options.file_name) find.file_names.push_back(file_name(entry));
  return find;
}

ReadCaseOptions read_options(const DataOptions& options) {
  return {.nonfinite = options.zero_nonfinite ? NonFinite::zero : NonFinite::refuse,
          .affine_tolerance = options.affine_tolerance};
}

Case read_case(const CaseFiles& files, const ReadCaseOptions& options, bool keep_going) {
  try {
    return glia::read_case(files, options);
  } catch (const IoError& error) {
    if (!keep_going) throw;
    throw DataError(error.what());
  }
}

namespace {

/// The ids that a file lists, one per line. Throws DataError for an id that it lists twice, and for
/// text that is not UTF-8.
std::vector<std::string> listed_ids(const std::filesystem::path& file) {
  std::string text = read_text(file);
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // written by Windows' editors
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  if (!is_utf8(text) || text.find('\0') != std::string::npos)
    throw DataError(file.string() + ": got text in another encoding, expected UTF-8");
  std::istringstream lines(std::move(text));
  std::vector<std::string> ids;
  for (std::string id; std::getline(lines, id);) {
    if (id.ends_with('\r')) id.pop_back();
    if (id.empty()) continue;
    if (std::ranges::find(ids, id) != ids.end())
      throw DataError(file.string() + ": names case " + id + " twice, expected each once");
    ids.push_back(std::move(id));
  }
  return ids;
}

/// Forgets the cases that the list does not name, and what is wrong with them.
void keep_listed(Dataset& dataset, const std::vector<std::string>& ids) {
  const std::set<std::string> listed(ids.begin(), ids.end());
  const auto unlisted = [&](const CaseFiles& files) { return !listed.contains(files.id); };
  std::erase_if(dataset.cases, unlisted);
  std::erase_if(dataset.refused, unlisted);
  std::erase_if(dataset.problems, [&](const CaseProblem& problem) {
    return !problem.case_id.empty() && !listed.contains(problem.case_id);
  });
}

/// Puts cases in the order of the list, without those that were refused. Throws DataError for an id
/// that no case has.
void order_as_listed(std::vector<CaseFiles>& cases, const std::vector<std::string>& ids,
                     const std::set<std::string>& refused, const std::filesystem::path& file) {
  std::vector<CaseFiles> ordered;
  for (const std::string& id : ids) {
    const auto found = std::ranges::find(cases, id, &CaseFiles::id);
    if (found != cases.end()) {
      ordered.push_back(std::move(*found));
      cases.erase(found);
    } else if (!refused.contains(id)) {
      throw DataError(file.string() + ": case " + id + " is in none of the folders given");
    }
  }
  cases = std::move(ordered);
}

}  // namespace

std::vector<CaseFiles> collect_cases(const std::vector<std::filesystem::path>& folders,
                                     const DataOptions& options, bool require_labels,
                                     std::size_t& refused, bool require_images) {
  const std::vector<std::string> ids =
      options.only.empty() ? std::vector<std::string>{} : listed_ids(options.only);
  std::vector<CaseFiles> cases;
  std::set<std::string> refused_ids;
  std::size_t problems = 0;
  for (const auto& folder : folders) {
    FindCasesOptions find = find_options(options, folder, require_labels);
    find.ignore_labels = !require_labels;
    find.require_images = require_images;
    Dataset dataset = find_cases(folder, find);
    if (require_labels) require_agreed_schemes(dataset, find);
    complain(folder.string() + ": " + dataset.description);
    if (!options.only.empty()) keep_listed(dataset, ids);
    for (const CaseProblem& problem : dataset.problems) {
      complain((problem.case_id.empty() ? "" : "case " + problem.case_id + ": ") + problem.message);
    }
    problems += dataset.problems.size();
    refused += dataset.refused.size();
    refused += static_cast<std::size_t>(
        std::ranges::count(dataset.problems, std::string(), &CaseProblem::case_id));
    for (const CaseFiles& files : dataset.refused) refused_ids.insert(files.id);
    for (CaseFiles& files : dataset.cases) {
      for (const CaseFiles& other : cases) {
        if (other.id == files.id) {
          throw DataError("case " + files.id + ": found twice, in " + folder_of(other).string() +
                          " and in " + folder_of(files).string() + "; expected unique ids");
        }
      }
      cases.push_back(std::move(files));
    }
  }
  if (problems > 0 && !options.keep_going) {
    throw DataError(std::to_string(problems) +
                    " problem(s), see above; --keep-going leaves these cases out");
  }
  if (!options.only.empty()) order_as_listed(cases, ids, refused_ids, options.only);
  if (cases.empty()) throw DataError("no usable case in the folders given");
  return cases;
}

void require_new(const std::filesystem::path& path, const CommonOptions& common,
                 const std::string& alternative) {
  const bool empty_folder = std::filesystem::is_directory(path) && std::filesystem::is_empty(path);
  if (common.overwrite || empty_folder || !std::filesystem::exists(path)) return;
  throw UsageError(path.string() + ": exists already; give --overwrite" + alternative +
                   " or another name");
}

void require_no_input(const std::vector<std::filesystem::path>& outputs,
                      const std::vector<CaseFiles>& cases) {
  using File = std::pair<dev_t, ino_t>;  // the same by any name
  const auto file_at = [](const std::filesystem::path& path) -> std::optional<File> {
    struct stat status {};
    if (path.empty() || stat(path.c_str(), &status) != 0) return std::nullopt;
    return File{status.st_dev, status.st_ino};
  };
  std::map<File, const std::filesystem::path*> existing;
  for (const auto& out : outputs) {
    if (const auto file = file_at(out)) existing[*file] = &out;
  }
  if (existing.empty()) return;
  const auto require_other = [&](const CaseFiles& files, const std::filesystem::path& input) {
    const auto file = file_at(input);
    if (!file || !existing.contains(*file)) return;
    throw UsageError(existing[*file]->string() + ": got a file of case " + files.id +
                     ", expected another place for the output");
  };
  for (const CaseFiles& files : cases) {
    for (const auto& image : files.images) require_other(files, image);
    require_other(files, files.label);
  }
}

std::string config_text(const CLI::App& command) { return command.get_parent()->config_to_str(); }

std::string read_text(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace glia::program
