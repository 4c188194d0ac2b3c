// glia annotate: an ensemble of teachers labels cases that nobody has labelled.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>

#include "annotation.hpp"
#include "program.hpp"

namespace glia::program {

namespace {

struct AnnotateOptions {
  std::vector<std::filesystem::path> data;
  TeacherOptions teacher;
  AnnotationJob job;
  std::string shard = "1/1";
  bool verify = false;
};

/// Every n-th case, beginning with number i, in the order of their ids: "i/n" of any set of shards
/// covers each case once.
void take_shard(std::vector<CaseFiles>& cases, const std::string& shard) {
  std::size_t index = 0, count = 0;
  const char* end = shard.data() + shard.size();
  const auto first = std::from_chars(shard.data(), end, index);
  const bool slash = first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, count) : first;
  if (!slash || second.ptr != end || index < 1 || index > count)
    throw UsageError("--shard: got " + shard + ", expected i/n with 1 <= i <= n, for instance 1/4");
  std::ranges::sort(cases, {}, &CaseFiles::id);
  std::vector<CaseFiles> own;
  for (std::size_t i = index - 1; i < cases.size(); i += count) own.push_back(std::move(cases[i]));
  cases = std::move(own);
}

int run_annotate(AnnotateOptions o, const CommonOptions& common) {
  std::size_t refused = 0;
  o.job.cases = collect_cases(o.data, o.job.reading, false, refused);
  take_shard(o.job.cases, o.shard);
  if (o.verify) {
    verify_annotations(o.job, o.teacher);
    std::printf("%zu pseudo-labels are complete and up to date\n", o.job.cases.size());
    return refused > 0 ? 7 : 0;
  }
  const int code = annotate_cases(o.job, o.teacher, common);
  return code == 0 && refused > 0 ? 7 : code;
}

}  // namespace

void add_annotate(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<AnnotateOptions>();
  CLI::App* c = app.add_subcommand("annotate", "label cases by one or several trained networks");
  c->add_option("data", o->data, "case folders or data set folders")->required();
  c->add_option("--out", o->job.out, "folder for CASE.nii.gz and CASE.json")->required();
  add_data_options(*c, o->job.reading);
  add_predictor_options(*c, o->teacher, false);
  add_labelling_options(*c, o->teacher);
  c->add_option("--shard", o->shard, "i/n: every n-th case, beginning with the i-th")
      ->capture_default_str();
  c->add_flag("--verify", o->verify, "compute nothing, check that all labels are there");
  c->callback(
      [o, &common, &action] { action = [o, &common] { return run_annotate(*o, common); }; });
}

}  // namespace glia::program
