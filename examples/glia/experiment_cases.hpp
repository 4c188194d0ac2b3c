#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "experiment_split.hpp"
#include "glia/data/prepared_case.hpp"
#include "program.hpp"

namespace glia::program {

/// Where an experiment's cases lie.
struct ExperimentFolders {
  std::vector<std::filesystem::path> labelled, train_only, unlabelled;
  DataOptions reading;                 ///< `only` chooses among `labelled`
  bool allow_shared_patients = false;  ///< by the three
};

/// Cases without their voxels, each of which every phase can read.
struct ExperimentCases {
  std::vector<PreparedCase> labelled, train_only, unlabelled;
  std::size_t refused = 0;  ///< left out

  [[nodiscard]] CasePool pool() const;
};

/// Finds the cases and reads every one once, so that what a phase would refuse is refused before
/// any phase. Throws DataError for that, unless reading.keep_going leaves it out, for a case that
/// two of the sets share and, unless that is allowed, for such a patient.
ExperimentCases read_experiment_cases(const ExperimentFolders& folders, bool quiet);

/// Throws DataError if two parts share a case, by its id or by the content of its images, or a
/// patient.
void require_disjoint_parts(const ExperimentCases& cases, const Split& split,
                            SharedPatients shared);

}  // namespace glia::program
