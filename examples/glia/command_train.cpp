// glia train: patches of labelled cases in, best.safetensors and last.safetensors out.
#include <memory>
#include <string>

#include "program.hpp"
#include "training.hpp"

namespace glia::program {

namespace {

int run_train(const TrainOptions& o, const CommonOptions& common, const std::string& config) {
  if (!o.resume) require_new(o.out, common, " or --resume");
  check_training_options(o, common);
  return train(o, common, config, read_training_data(o, common));
}

}  // namespace

void add_train(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* c = app.add_subcommand("train", "train a network on labelled cases");
  c->add_option("data", o->data, "folders with labelled cases")->required();
  c->add_option("--out", o->out, "folder for the weights")->required();
  add_data_options(*c, o->reading);
  add_training_options(*c, *o);
  c->callback([o, c, &common, &action] {
    action = [o, &common, config = config_text(*c)] { return run_train(*o, common, config); };
  });
}

}  // namespace glia::program
