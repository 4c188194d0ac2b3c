// glia distill: teachers label the unlabelled cases, a student is trained on these and the
// labelled.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "annotation.hpp"
#include "glia/core/number_text.hpp"
#include "glia/data/content_id.hpp"
#include "glia/data/soft_target_file.hpp"
#include "identified_cases.hpp"
#include "terminal.hpp"
#include "training.hpp"

namespace glia::program {

namespace {

struct DistillOptions {
  std::vector<std::filesystem::path> unlabelled, test;
  std::filesystem::path unlabelled_only, test_only;
  TeacherOptions teacher;
  TrainOptions training;
};

/// Cases with the labels that the teachers gave them.
std::vector<PreparedCase> read_pseudo_labelled(std::vector<CaseFiles> files,
                                               const std::filesystem::path& folder,
                                               const DistillOptions& o, bool quiet,
                                               std::size_t& refused) {
  for (CaseFiles& one : files) {
    one.label = labels_path(folder, one.id);
    one.scheme_from_values = false;
  }
  std::vector<PreparedCase> cases =
      read_labelled_cases(files, o.training.reading, "read pseudo-labels", quiet, refused);
  for (PreparedCase& one : cases) {
    one.pseudo_labelled = true;
    if (o.teacher.labelling != "hard")
      one.soft = load_soft_target(soft_target_path(folder, one.id), one.crop);
  }
  return cases;
}

int run_distill(const DistillOptions& o, const CommonOptions& common, const std::string& config) {
  const TrainOptions& t = o.training;
  if (!t.resume) require_new(t.out, common, " or --resume");
  check_training_options(t, common);
  TrainingData data = read_training_data(t, common);
  const auto collect = [&](const std::vector<std::filesystem::path>& folders,
                           const std::filesystem::path& only) {
    DataOptions reading = t.reading;
    reading.only = only;
    return folders.empty() ? std::vector<CaseFiles>{}
                           : collect_cases(folders, reading, false, data.refused);
  };
  std::vector<CaseFiles> unlabelled = collect(o.unlabelled, o.unlabelled_only),
                         test = collect(o.test, o.test_only);
  const auto identified = [&](std::vector<CaseFiles>& files, const char* stage) {
    for (CaseFiles& one : files) one.label.clear();
    const IdentifyOptions options{read_options(t.reading), stage, t.reading.keep_going,
                                  common.quiet};
    return identify(files, options, data.refused);
  };
  const std::vector<PreparedCase> of_unlabelled =
      identified(unlabelled, "compare unlabelled cases");
  const std::vector<PreparedCase> of_test = identified(test, "compare test cases");
  require_disjoint({{"labelled", data.training},
                    {"validation", data.validation},
                    {"unlabelled", of_unlabelled},
                    {"test", of_test}},
                   shared_patients(t.allow_shared_patients));
  if (unlabelled.empty()) throw DataError("no usable unlabelled case");

  AnnotationJob job{unlabelled, t.out / "pseudo_labels", t.reading};
  if (const int code = annotate_cases(job, o.teacher, common); code != 0 && code != 7) return code;
  if (common.dry_run) return 0;
  std::erase_if(unlabelled, [&](const CaseFiles& files) {
    return !std::filesystem::exists(labels_path(job.out, files.id));
  });
  std::vector<PreparedCase> pseudo =
      read_pseudo_labelled(unlabelled, job.out, o, common.quiet, data.refused);
  const Metadata more{
      {"glia.pseudo_labelled_cases", ids_text(pseudo)},
      {"glia.labelling", labelling_text(o.teacher)},
      {"glia.teachers", teachers_text(o.teacher)},
      {"glia.labelled_share", t.labelled_share ? number_text(*t.labelled_share) : "as many"}};
  std::ranges::move(pseudo, std::back_inserter(data.training));
  return train(t, common, config, data, more);
}

}  // namespace

void add_distill(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<DistillOptions>();
  CLI::App* c = app.add_subcommand(
      "distill", "train a student on labelled cases and on what teachers make of unlabelled ones");
  c->add_option("labelled", o->training.data, "folders with labelled cases")->required();
  c->add_option("--unlabelled", o->unlabelled,
                "folders with cases for the teachers; their labels, "
                "if there are any, are not looked at")
      ->required();
  c->add_option("--unlabelled-only", o->unlabelled_only,
                "file with the ids of the cases to take from these, one per line");
  c->add_option("--test", o->test,
                "folders with cases that the student will be tested on: refused in the other sets");
  c->add_option("--test-only", o->test_only, "file with the ids of the cases to take from these");
  c->add_option("--out", o->training.out, "folder for the weights and pseudo_labels/")->required();
  add_data_options(*c, o->training.reading);
  add_predictor_options(*c, o->teacher, true);
  add_labelling_options(*c, o->teacher);
  c->add_option("--labelled-share", o->training.labelled_share,
                "of patches from labelled cases [each case as often]")
      ->check(between(0.0, 1.0));
  add_training_options(*c, o->training);
  c->callback([o, c, &common, &action] {
    action = [o, &common, config = config_text(*c)] { return run_distill(*o, common, config); };
  });
}

}  // namespace glia::program
