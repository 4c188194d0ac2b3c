// Which cases a run trains on and which it validates on.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/data/content_id.hpp"
#include "glia/data/prepare.hpp"
#include "glia/data/split.hpp"
#include "terminal.hpp"
#include "training.hpp"

namespace glia::program {

namespace {

/// Moves the validation cases out of `cases`: by id, or the given fraction, in whole patients and
/// an order that the seed decides.
std::vector<CaseFiles> take_validation(std::vector<CaseFiles>& cases, const TrainOptions& o,
                                       std::uint64_t seed) {
  if (o.validation_cases.empty() && o.validation_data.empty()) {
    CaseSplit<CaseFiles> split = split_cases(std::move(cases), o.validation_fraction, seed);
    cases = std::move(split.training);
    return std::move(split.validation);
  }
  std::vector<CaseFiles> validation;
  for (const std::string& id : o.validation_cases) {
    const auto found = std::ranges::find(cases, id, &CaseFiles::id);
    if (found == cases.end())
      throw UsageError("--validation: case " + id + " is not among the training folders' cases");
    validation.push_back(std::move(*found));
    cases.erase(found);
  }
  if (cases.empty()) throw UsageError("--validation: no case is left to train on");
  return validation;
}

}  // namespace

std::vector<PreparedCase> read_labelled_cases(const std::vector<CaseFiles>& files,
                                              const DataOptions& reading, const char* stage,
                                              bool quiet, std::size_t& refused) {
  ReadCaseOptions options = read_options(reading);
  options.require_label = options.refuse_constant = true;
  ProgressBar bar(stage, "cases", quiet);
  std::vector<PreparedCase> cases;
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      const Case whole = read_case(files[i], options, reading.keep_going);
      for (const std::string& warning : whole.warnings) bar.warn(warning);
      cases.push_back(
          prepare(whole, [&](Severity, std::string_view text) { bar.warn(std::string(text)); }));
    } catch (const DataError& error) {
      if (!reading.keep_going) throw;
      complain(error.what());
      ++refused;
    }
    bar.update(static_cast<double>(i + 1), static_cast<double>(files.size()));
  }
  if (cases.empty()) throw DataError("no usable case");
  return cases;
}

TrainingData read_training_data(const TrainOptions& o, const CommonOptions& common) {
  TrainingData data;
  std::vector<CaseFiles> files = collect_cases(o.data, o.reading, true, data.refused);
  std::vector<CaseFiles> validation_files = take_validation(files, o, common.seed);
  if (!o.validation_data.empty()) {
    for (CaseFiles& one : collect_cases(o.validation_data, o.reading, true, data.refused)) {
      if (std::ranges::find(files, one.id, &CaseFiles::id) != files.end()) {
        throw DataError("case " + one.id + " is in the training and in the validation set");
      }
      validation_files.push_back(std::move(one));
    }
  }
  data.training =
      read_labelled_cases(files, o.reading, "read training cases", common.quiet, data.refused);
  if (!validation_files.empty()) {
    data.validation = read_labelled_cases(validation_files, o.reading, "read validation cases",
                                          common.quiet, data.refused);
  }
  require_disjoint({{"training", data.training}, {"validation", data.validation}},
                   shared_patients(o.allow_shared_patients));
  return data;
}

}  // namespace glia::program
