#include "annotation.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "glia/data/prepare.hpp"
#include "glia/data/provenance.hpp"
#include "glia/data/soft_target_file.hpp"
#include "glia/distill/annotate.hpp"
#include "labels_file.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

/// Calls body(labelling) with the labelling that the options name.
template <class Body>
auto with_labelling(const TeacherOptions& o, Body&& body) {
  if (o.labelling == "soft") return body(SoftLabels{});
  if (o.labelling == "confident") {
    return body(Confident{HardLabels{}, static_cast<float>(o.low), static_cast<float>(o.high)});
  }
  return body(HardLabels{});
}

std::vector<FileStamp> stamps_of(const std::vector<std::filesystem::path>& paths) {
  std::vector<FileStamp> stamps;
  for (const auto& path : paths) stamps.push_back(stamp_of(path));
  return stamps;
}

/// The images of a case, each file once: a 4-D file holds all four.
std::vector<FileStamp> images_of(const CaseFiles& files) {
  std::vector<std::filesystem::path> paths(files.images.begin(), files.images.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return stamps_of(paths);
}

/// Everything beside teachers, labelling and images that decides a case's label file.
std::string settings_text(const TeacherOptions& o, const DataOptions& reading,
                          const CaseFiles& files) {
  nlohmann::ordered_json j{{"label_scheme", files.scheme.name},
                           {"zero_nonfinite", reading.zero_nonfinite},
                           {"patch", o.patch},
                           {"overlap", o.overlap},
                           {"mirror", o.mirror},
                           {"combination", o.combination}};
  if (!o.weights.empty()) j["weights"] = o.weights;
  return j.dump();
}

/// What there is of a case's labels.
enum class State { finished, unfinished, stale, foreign };
struct Found {
  State state;
  std::string reason{};
};

/// What a folder of pseudo-labels should hold.
class Expectation {
 public:
  Expectation(const AnnotationJob& job, const TeacherOptions& teacher)
      : job_(job),
        teacher_(teacher),
        labelling_(labelling_text(teacher)),
        teachers_(stamps_of(teacher.models)),
        hard_(teacher.labelling == "hard") {}

  [[nodiscard]] Provenance of(const CaseFiles& files) const {
    Provenance p;
    p.case_id = files.id;
    p.date = today();
    p.labelling = labelling_;
    p.settings = settings_text(teacher_, job_.reading, files);
    p.teachers = teachers_;
    p.images = images_of(files);
    return p;
  }

  [[nodiscard]] Found inspect(const CaseFiles& files) const {
    const auto labels = labels_path(job_.out, files.id);
    std::optional<Provenance> recorded;
    try {
      recorded = read_provenance(provenance_path(labels));
    } catch (const DataError& error) {
      return {State::stale, error.what()};
    }
    if (!recorded) {
      if (!std::filesystem::exists(labels)) return {State::unfinished, "there is none"};
      return {State::foreign, labels.string() + " has no provenance"};
    }
    if (!recorded->labels) return {State::unfinished, "it was begun, not finished"};
    if (std::string why = staleness(*recorded, of(files)); !why.empty())
      return {State::stale, std::move(why)};
    const auto same = [](const std::filesystem::path& path, const FileStamp& stamp) {
      return std::filesystem::exists(path) && stamp_of(path) == stamp;
    };
    const auto soft = soft_target_path(job_.out, files.id);
    if (!same(labels, *recorded->labels)) return {State::stale, labels.string() + " was changed"};
    if (!hard_ && (!recorded->soft_target || !same(soft, *recorded->soft_target)))
      return {State::stale, soft.string() + " was changed"};
    return {State::finished};
  }

 private:
  const AnnotationJob& job_;
  const TeacherOptions& teacher_;
  std::string labelling_;
  std::vector<FileStamp> teachers_;
  bool hard_;
};

/// The models in memory and everything to label one case after another.
class Annotator {
 public:
  Annotator(const AnnotationJob& job, const TeacherOptions& options, const CommonOptions& common)
      : job_(job),
        options_(options),
        quiet_(common.quiet),
        context_(context_options(common)),
        teacher_(options, context_),
        log_(common) {
    for (const LoadedModel& model : teacher_.models()) {
      for (const CaseFiles& files : job.cases) {
        if (model.lists("glia.training_cases", files.id))
          complain("warning: case " + files.id + ": " + model.path.string() + " was trained on it");
      }
    }
  }

  void annotate(CaseFiles files, Provenance provenance) {
    const auto start = std::chrono::steady_clock::now();
    files.label.clear();  // what it is, a teacher must not know
    files.scheme_from_values = false;
    const auto labels = labels_path(job_.out, files.id),
               soft = soft_target_path(job_.out, files.id);
    for (const auto& path : {labels, soft, provenance_path(labels)}) remove_leftovers(path);
    const Case whole = read_case(files, read_options(job_.reading), job_.reading.keep_going);
    for (const std::string& warning : whole.warnings) complain("warning: " + warning);
    teacher_.warn_about_spacing(whole);
    PreparedCase prepared = prepare(whole);

    ProgressBar bar("annotate " + files.id, "windows", quiet_);
    const Annotation found = teacher_.predict([&](auto& teacher, SlidingWindowOptions window) {
      window.progress = [&](const Progress& p) { bar.update(p.done, p.total); };
      return with_labelling(options_, [&](const auto& labelling) {
        return glia::annotate(teacher, prepared, labelling, window);
      });
    });

    // Without a stamp of its labels a provenance file says: begun. Killed at any moment, a case is
    // begun, or finished, or there is nothing of it.
    provenance.voxels = found.voxels;
    provenance.not_counted = found.not_counted;
    write_provenance(provenance_path(labels), provenance);
    if (prepared.soft) {
      save_soft_target(soft, *prepared.soft, prepared.crop);
      provenance.soft_target = stamp_of(soft);
    }
    write_case_labels(labels, *prepared.labels, prepared, whole, whole.scheme);
    provenance.labels = stamp_of(labels);
    write_provenance(provenance_path(labels), provenance);
    report(files.id, provenance, "made", found.empty(),
           std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  void report(const std::string& id, const Provenance& p, const char* state, bool empty,
              double seconds) {
    if (empty) complain("warning: case " + id + ": the teacher found no tumour");
    nlohmann::ordered_json j{{"case", id},
                             {"output", labels_path(job_.out, id).string()},
                             {"state", state},
                             {"seconds", seconds},
                             {"empty", empty}};
    for (std::size_t r = 0; r < region::count; ++r) {
      const std::string name(region::names[r]);
      j["voxels_" + name] = p.voxels[r];
      if (options_.labelling == "confident") j["not_counted_" + name] = p.not_counted[r];
    }
    log_.result(j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }

 private:
  const AnnotationJob& job_;
  const TeacherOptions& options_;
  bool quiet_;
  Context context_;
  LoadedPredictor teacher_;
  JsonLog log_;
};

}  // namespace

std::filesystem::path labels_path(const std::filesystem::path& out, const std::string& case_id) {
  return out / (case_id + ".nii.gz");
}
std::filesystem::path soft_target_path(const std::filesystem::path& out,
                                       const std::string& case_id) {
  return out / (case_id + ".soft.safetensors");
}

std::string labelling_text(const TeacherOptions& teacher) {
  return with_labelling(teacher, [](const auto& labelling) { return options_text(labelling); });
}

std::string teachers_text(const TeacherOptions& teacher) {
  std::string text;
  for (const FileStamp& stamp : stamps_of(teacher.models))
    text += (text.empty() ? "" : ",") + stamp.name + ":" + hexadecimal(stamp.crc);
  return text;
}

int annotate_cases(const AnnotationJob& job, const TeacherOptions& teacher,
                   const CommonOptions& common) {
  Annotator annotator(job, teacher, common);
  const Expectation expectation(job, teacher);
  std::vector<std::filesystem::path> outputs;
  for (const CaseFiles& files : job.cases) outputs.push_back(labels_path(job.out, files.id));
  require_no_input(outputs, job.cases);
  std::map<std::string, State> states;
  for (const CaseFiles& files : job.cases) {
    const Found found = expectation.inspect(files);
    states[files.id] = found.state;
    if (common.overwrite) continue;
    if (found.state == State::stale) {
      throw DataError("case " + files.id + ": its pseudo-label is stale: " + found.reason +
                      "; --overwrite makes it anew");
    }
    if (found.state == State::foreign) {
      throw UsageError("case " + files.id + ": " + found.reason +
                       ", so it is not from here; give --overwrite or another folder");
    }
  }
  if (common.dry_run) return 0;
  std::filesystem::create_directories(job.out);
  catch_signals();
  std::size_t failed = 0;
  for (const CaseFiles& files : job.cases) {
    if (caught_signal() != 0) {
      complain("stopped by signal " + std::to_string(caught_signal()) +
               "; what is finished is kept by the next run");
      return 128 + caught_signal();
    }
    if (states[files.id] == State::finished) {
      const auto recorded = read_provenance(provenance_path(labels_path(job.out, files.id)));
      annotator.report(files.id, *recorded, "kept", recorded->voxels[region::WT] == 0, 0);
      continue;
    }
    try {
      annotator.annotate(files, expectation.of(files));
    } catch (const DataError& error) {
      if (!job.reading.keep_going) throw;
      complain(error.what());
      ++failed;
    }
  }
  return failed > 0 ? 7 : 0;
}

void verify_annotations(const AnnotationJob& job, const TeacherOptions& teacher) {
  const Expectation expectation(job, teacher);
  std::string problems;
  for (const CaseFiles& files : job.cases) {
    const Found found = expectation.inspect(files);
    if (found.state != State::finished)
      problems += "\n  case " + files.id + ": pseudo-label: " + found.reason;
  }
  if (!problems.empty()) throw DataError(job.out.string() + ": is not complete:" + problems);
}

void add_labelling_options(CLI::App& command, TeacherOptions& o) {
  command
      .add_option("--labelling", o.labelling,
                  "hard labels, soft (probabilities), or confident: hard, without what is unsure")
      ->check(CLI::IsMember({"hard", "soft", "confident"}))
      ->capture_default_str();
  command.add_option("--unsure-above", o.low, "of confident: smallest probability that is unsure")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--unsure-below", o.high, "of confident: largest probability that is unsure")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
}

}  // namespace glia::program
