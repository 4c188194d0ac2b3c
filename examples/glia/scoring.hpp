#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glia/data/case.hpp"
#include "glia/data/label_scheme.hpp"
#include "glia/infer/overlay.hpp"
#include "glia/metrics/report.hpp"
#include "program.hpp"

namespace glia::program {

/// Which predictions are held against which truth.
struct ScoringOptions {
  std::filesystem::path prediction;          ///< folder with CASE.nii.gz, or one file
  std::vector<std::filesystem::path> truth;  ///< data set and case folders, or one label file
  std::string prediction_scheme;  ///< label scheme of the predictions; empty: that of the truth
  DataOptions reading;
  bool allow_pseudo_labels = false;  ///< as truth, or where a teacher has seen the case
};

struct Pair {
  std::string id;
  std::filesystem::path prediction;
  CaseFiles truth;
};

/// What belongs together and what has no partner.
struct Pairing {
  std::vector<Pair> pairs;
  std::vector<std::string> left_out;       ///< cases without a prediction, or with two
  std::vector<std::string> without_truth;  ///< files of predictions that belong to no case
};

/// Finds the prediction of every case that has a truth. What has no partner goes to stderr; cases
/// without a prediction, and with `keep_going` those with two, are counted in `refused`. Where the
/// cases were chosen, predictions of others are not looked at. Throws DataError if no case has a
/// prediction, or if one of them comes from a teacher and that is not allowed.
Pairing find_pairs(const ScoringOptions& options, std::size_t& refused);

/// A case with its labels. Throws DataError if it has none.
Case read_labelled(const CaseFiles& files, const DataOptions& reading);

struct ScoredCase {
  CaseScores scores;
  std::string scheme;  ///< of the truth
};
ScoredCase score(const Pair& pair, const ScoringOptions& options);

/// FLAIR in the axial plane with most tumour, with the contours of truth (dashed) and prediction
/// (solid).
Picture draw(const Pair& pair, const ScoringOptions& options);

/// FLAIR in the axial plane where most voxels differ between the truth and the first prediction,
/// cut to the brain: with the contours of the truth, then with those of each prediction.
std::vector<Picture> draw_apart(const CaseFiles& truth,
                                const std::vector<std::filesystem::path>& predictions,
                                const ScoringOptions& options);

}  // namespace glia::program
