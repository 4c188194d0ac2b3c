#include "experiment_cases.hpp"

#include <algorithm>
#include <string>

#include "glia/data/content_id.hpp"
#include "identified_cases.hpp"

namespace glia::program {

namespace {

using Files = std::vector<CaseFiles>;
using Cases = std::vector<PreparedCase>;

Files find(const std::vector<std::filesystem::path>& folders, const DataOptions& reading,
           bool labelled, std::size_t& refused) {
  if (folders.empty()) return {};
  Files files = collect_cases(folders, reading, labelled, refused);
  if (!labelled) {
    for (CaseFiles& one : files) one.label.clear();  // whatever it says, nobody looks at it
  }
  return files;
}

Cases read(Files files, const ExperimentFolders& folders, bool labelled, const char* stage,
           bool quiet, std::size_t& refused) {
  IdentifyOptions options{read_options(folders.reading), stage, folders.reading.keep_going, quiet};
  options.reading.require_label = labelled;
  options.reading.refuse_constant = true;  // all but those tested on are trained on
  return identify(files, options, refused);
}

/// The cases with these ids.
Cases named(const ExperimentCases& cases, const std::vector<std::string>& ids) {
  Cases found;
  for (const Cases* set : {&cases.labelled, &cases.train_only, &cases.unlabelled}) {
    for (const PreparedCase& one : *set) {
      if (std::ranges::binary_search(ids, one.id)) found.push_back(one);
    }
  }
  return found;
}

std::vector<std::string> ids_of(const Cases& cases) {
  std::vector<std::string> ids;
  for (const PreparedCase& one : cases) ids.push_back(one.id);
  return ids;
}

}  // namespace

CasePool ExperimentCases::pool() const {
  return {ids_of(labelled), ids_of(train_only), ids_of(unlabelled)};
}

ExperimentCases read_experiment_cases(const ExperimentFolders& folders, bool quiet) {
  ExperimentCases cases;
  DataOptions all = folders.reading;
  all.only.clear();
  Files labelled = find(folders.labelled, folders.reading, true, cases.refused),
        train_only = find(folders.train_only, all, true, cases.refused),
        unlabelled = find(folders.unlabelled, all, false, cases.refused);
  cases.labelled =
      read(std::move(labelled), folders, true, "read labelled cases", quiet, cases.refused);
  cases.train_only =
      read(std::move(train_only), folders, true, "read cases to train on", quiet, cases.refused);
  cases.unlabelled =
      read(std::move(unlabelled), folders, false, "read unlabelled cases", quiet, cases.refused);
  require_disjoint({{"labelled", cases.labelled},
                    {"--train-data", cases.train_only},
                    {"--unlabelled", cases.unlabelled}},
                   shared_patients(folders.allow_shared_patients));
  return cases;
}

void require_disjoint_parts(const ExperimentCases& cases, const Split& split,
                            SharedPatients shared) {
  const Cases labelled = named(cases, split.labelled), unlabelled = named(cases, split.unlabelled),
              test = named(cases, split.test);
  require_disjoint({{"labelled", labelled}, {"unlabelled", unlabelled}, {"test", test}}, shared);
}

}  // namespace glia::program
