#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "loaded_model.hpp"
#include "program.hpp"

namespace glia::program {

/// Who labels, and how; `glia annotate` and `glia distill` have it in common.
struct TeacherOptions : PredictorOptions {
  std::string labelling = "hard";
  double low = 0.1, high = 0.9;
};

void add_labelling_options(CLI::App& command, TeacherOptions& options);

struct AnnotationJob {
  std::vector<CaseFiles> cases;  ///< labels that they have are not looked at
  std::filesystem::path out;     ///< CASE.nii.gz, CASE.json and, unless hard, CASE.soft.safetensors
  DataOptions reading;
};

/// Labels cases one by one. Those whose labels are there and were made by the same teachers, in the
/// same way, from the same images are kept. Throws DataError for labels that are stale and
/// UsageError for those that are nobody's pseudo-labels, unless they may be overwritten. Returns
/// the exit code and prints a line of JSON per case.
int annotate_cases(const AnnotationJob& job, const TeacherOptions& teacher,
                   const CommonOptions& common);

/// Checks, without computing, that every case has labels that `annotate_cases` would keep: throws
/// DataError that lists those that have not.
void verify_annotations(const AnnotationJob& job, const TeacherOptions& teacher);

/// What a student's weights should say about its teachers.
std::string teachers_text(const TeacherOptions& teacher);

/// How probabilities become labels, as provenance records it.
std::string labelling_text(const TeacherOptions& teacher);

[[nodiscard]] std::filesystem::path labels_path(const std::filesystem::path& out,
                                                const std::string& case_id);
[[nodiscard]] std::filesystem::path soft_target_path(const std::filesystem::path& out,
                                                     const std::string& case_id);

}  // namespace glia::program
