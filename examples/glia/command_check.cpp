// glia check: says everything that is wrong with a data set, a case or a file before work starts.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "glia/data/check.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct CheckCommand {
  std::filesystem::path path, json;
  DataOptions reading;
  bool require_labels = false;
};

nlohmann::ordered_json to_json(const CheckReport& report) {
  nlohmann::ordered_json document{{"path", report.path.string()},
                                  {"description", report.description},
                                  {"problems", report.problems},
                                  {"warnings", report.warnings},
                                  {"ignored", nlohmann::ordered_json::array()},
                                  {"cases", nlohmann::ordered_json::array()}};
  for (const auto& file : report.ignored) document["ignored"].push_back(file.string());
  for (const CaseCheck& check : report.cases) {
    nlohmann::ordered_json one{{"id", check.id},
                               {"layout", check.layout},
                               {"label_scheme", check.label_scheme},
                               {"extent_whd", {check.extent.w, check.extent.h, check.extent.d}},
                               {"spacing_dhw", {check.spacing.d, check.spacing.h, check.spacing.w}},
                               {"orientation", check.orientation},
                               {"problems", check.problems},
                               {"warnings", check.warnings}};
    for (const auto& [value, count] : check.label_values)
      one["labels"][std::to_string(value)] = count;
    for (std::size_t i = 0; i < check.images.size(); ++i) {
      if (!check.images[i]) continue;
      const IntensitySummary& s = *check.images[i];
      one["images"][check.image_name(i)] = {{"minimum", s.minimum},
                                            {"maximum", s.maximum},
                                            {"mean_of_nonzero", s.mean},
                                            {"nonzero_fraction", s.nonzero_fraction}};
    }
    document["cases"].push_back(one);
  }
  return document;
}

void print(const CheckReport& report) {
  std::printf("%s: %s\n", report.path.string().c_str(), report.description.c_str());
  for (const std::string& problem : report.problems)
    std::printf("  problem: %s\n", problem.c_str());
  for (const std::string& warning : report.warnings)
    std::printf("  warning: %s\n", warning.c_str());
  constexpr std::size_t most_ignored = 20;  // the file of --json names all
  for (std::size_t i = 0; i < std::min(most_ignored, report.ignored.size()); ++i)
    std::printf("  ignored: %s\n", report.ignored[i].string().c_str());
  if (report.ignored.size() > most_ignored)
    std::printf("  ignored: %zu more\n", report.ignored.size() - most_ignored);
  for (const CaseCheck& check : report.cases) {
    std::printf("%s: %s", check.id.c_str(), check.layout.c_str());
    const bool image_read = !check.orientation.empty();
    if (image_read) {
      std::printf(", %s, %s, %s", to_string(check.extent).c_str(), to_string(check.spacing).c_str(),
                  check.orientation.c_str());
    }
    if (!check.label_scheme.empty()) std::printf(", labels %s", check.label_scheme.c_str());
    for (const auto& [value, count] : check.label_values) {
      std::printf(" %s:%lld", std::to_string(value).c_str(), static_cast<long long>(count));
    }
    std::printf("\n");
    for (std::size_t i = 0; i < check.images.size(); ++i) {
      if (!check.images[i]) continue;
      const IntensitySummary& s = *check.images[i];
      std::printf("  %-6s minimum %g, maximum %g, mean of non-zero %.4g, non-zero %.1f %%\n",
                  check.image_name(i).c_str(), static_cast<double>(s.minimum),
                  static_cast<double>(s.maximum), s.mean, 100 * s.nonzero_fraction);
    }
    for (const std::string& problem : check.problems)
      std::printf("  problem: %s\n", problem.c_str());
    for (const std::string& warning : check.warnings)
      std::printf("  warning: %s\n", warning.c_str());
  }
  std::printf("%zu case(s), %zu problem(s), %zu warning(s)\n", report.cases.size(),
              report.problem_count(), report.warning_count());
}

int run_check(const CheckCommand& o, const CommonOptions& common) {
  if (!o.json.empty()) require_new(o.json, common);
  CheckOptions options;
  options.find = find_options(o.reading, o.path, o.require_labels);
  options.read = read_options(o.reading);
  ProgressBar bar("check", "cases", common.quiet);
  options.progress = [&](const Progress& p) { bar.update(p.done, p.total); };
  const CheckReport report = check_path(o.path, options);
  print(report);
  if (!o.json.empty() && !common.dry_run) {
    write_text(o.json, to_json(report).dump(2, ' ', false,
                                            nlohmann::ordered_json::error_handler_t::replace) +
                           "\n");
  }
  return report.exit_code();
}

}  // namespace

void add_check(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<CheckCommand>();
  CLI::App* c =
      app.add_subcommand("check", "look for problems in a data set, a case or one NIfTI file");
  c->add_option("path", o->path, "data set folder, case folder or NIfTI file")->required();
  add_reading_options(*c, o->reading);
  c->add_flag("--require-labels", o->require_labels, "a case without labels is a problem");
  c->add_option("--json", o->json, "write everything found to this file");
  c->callback([o, &common, &action] { action = [o, &common] { return run_check(*o, common); }; });
}

}  // namespace glia::program
