// glia phantom: a synthetic data set in the layout of BraTS 2023.
#include <cstdio>
#include <filesystem>
#include <string>

#include "glia/data/phantom_dataset.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct PhantomCommand {
  std::filesystem::path out;
  std::string extent = "240x240x155";
  PhantomDatasetOptions dataset;
  bool unlabelled = false;
};

/// "96x96x80": W x H x D.
Extent parse_extent(const std::string& text) {
  long long w = 0, h = 0, d = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%lldx%lldx%lld%c", &w, &h, &d, &rest) != 3 || w < 1 || h < 1 ||
      d < 1) {
    throw UsageError("--extent: got " + text + ", expected WxHxD, for instance 240x240x155");
  }
  return {d, h, w};
}

int run_phantom(PhantomCommand o, const CommonOptions& common) {
  o.dataset.phantom.extent = parse_extent(o.extent);
  o.dataset.seed = common.seed;
  o.dataset.labels = !o.unlabelled;
  o.dataset.overwrite = common.overwrite;
  if (common.dry_run) return 0;
  ProgressBar bar("phantom", "cases", common.quiet);
  o.dataset.progress = [&](const Progress& p) { bar.update(p.done, p.total); };
  for (const std::string& id : write_phantom_dataset(o.out, o.dataset))
    std::printf("%s\n", id.c_str());
  return 0;
}

}  // namespace

void add_phantom(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<PhantomCommand>();
  CLI::App* c =
      app.add_subcommand("phantom", "make a synthetic data set in the layout of BraTS 2023");
  c->add_option("out", o->out, "folder to write to")->required();
  c->add_option("--count", o->dataset.count, "cases")->check(positive())->capture_default_str();
  c->add_option("--first", o->dataset.first,
                "number of the first case; other numbers are other cases")
      ->check(non_negative())
      ->capture_default_str();
  c->add_option("--extent", o->extent, "WxHxD in voxels of 1 mm")->capture_default_str();
  c->add_option("--without-enhancement", o->dataset.phantom.without_enhancement,
                "share of cases without ET")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  c->add_option("--several-tumours", o->dataset.phantom.several_tumours,
                "share of cases with two or three")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  c->add_option("--noise", o->dataset.phantom.noise, "relative to white matter in T1")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  c->add_flag("--unlabelled", o->unlabelled, "write no label files");
  c->callback([o, &common, &action] { action = [o, &common] { return run_phantom(*o, common); }; });
}

}  // namespace glia::program
