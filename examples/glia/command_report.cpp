// glia report: one HTML page about a training run or an experiment.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "glia/core/config.hpp"
#include "glia/core/error.hpp"
#include "page.hpp"
#include "program.hpp"
#include "report_pages.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

using Path = std::filesystem::path;

/// What an experiment without experiment.json has done so far.
std::string progress_text(const Path& folder) {
  std::size_t ended = 0;
  std::string open;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    Path path = entry.path();
    if (path.parent_path().filename() != "phases" || path.extension() != ".out") continue;
    if (std::filesystem::exists(path.replace_extension(".json"))) {
      ++ended;
    } else {
      open += ", not " + path.replace_extension().lexically_relative(folder).string();
    }
  }
  return std::to_string(ended) + " phases have ended" + open;
}

/// Why a folder without experiment.json and history.csv can have no page.
[[noreturn]] void refuse_folder(const Path& folder) {
  if (std::filesystem::is_directory(folder / "seed-0")) {
    throw DataError(folder.string() +
                    ": the experiment has not ended, there is no experiment.json yet: " +
                    progress_text(folder) + "; the same command with --resume goes on");
  }
  throw DataError(folder.string() +
                  ": got neither experiment.json nor history.csv, expected the folder of an "
                  "experiment or of a training run that has ended an epoch");
}

int run_report(const ReportOptions& o, const CommonOptions& common) {
  const bool experiment = std::filesystem::exists(o.folder / "experiment.json");
  if (!experiment && !std::filesystem::exists(o.folder / "history.csv")) refuse_folder(o.folder);
  const Path out = o.out.empty() ? o.folder / "report.html" : o.out;
  require_new(out, common);
  const ReportPage page = experiment ? experiment_page(o, common) : run_page(o, common);
  if (!common.dry_run) write_text(out, page.html);
  std::printf("%s\n", out.string().c_str());
  return page.refused > 0 ? 7 : 0;
}

}  // namespace

std::string page_origin() { return page::note("glia " GLIA_VERSION_STRING ", " + today()); }

std::string picture_legend() {
  return page::note(
      "FLAIR in the axial plane where most voxels differ from the truth; whole tumour green, "
      "tumour core yellow, enhancing tumour red.");
}

void add_report(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<ReportOptions>();
  CLI::App* c = app.add_subcommand("report", "one HTML page about a run or an experiment");
  c->add_option("folder", o->folder, "folder of a training run or of an experiment")
      ->required()
      ->check(CLI::ExistingDirectory);
  c->add_option("--predictions", o->prediction, "folder with CASE.nii.gz, by a training run")
      ->check(CLI::ExistingDirectory);
  c->add_option("--truth", o->truth,
                "data set folder with the labels of these cases; may be repeated")
      ->allow_extra_args(false)
      ->check(CLI::ExistingDirectory);
  c->add_option("--prediction-scheme", o->prediction_scheme,
                "label scheme of the predictions [that of the truth]")
      ->check(known_scheme());
  add_data_options(*c, o->reading);
  c->add_option("--worst", o->worst, "cases with the lowest scores that are shown as pictures")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--out", o->out, "the page [FOLDER/report.html]");
  c->callback([o, &common, &action] { action = [o, &common] { return run_report(*o, common); }; });
}

}  // namespace glia::program
