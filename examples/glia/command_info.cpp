// glia info: what a network is, costs and needs.
#include <cstdio>
#include <string>
#include <vector>

#include "glia/data/patch_sampler.hpp"
#include "glia/losses/compound.hpp"
#include "glia/train/training_step.hpp"
#include "glia/train/weights.hpp"
#include "networks.hpp"
#include "program.hpp"
#include "terminal.hpp"

namespace glia::program {

namespace {

struct InfoOptions {
  std::string network = "unet";
  std::filesystem::path model;
  index_t patch = published_patch.d, batch = 1;
  bool measure = false;
};

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

/// The convolutions of the forward pass with the names of their weights.
template <Network Net>
void print_layers(const RunPlan& plan) {
  ParameterSet<typename Net::Parameters, float> named(false);
  std::printf("%-24s %10s %8s %-22s %12s %10s\n", "layer", "channels", "kernel", "output WxHxD",
              "parameters", "GFLOP");
  std::vector<std::string> names;
  visit_parameters(
      [&](const std::string& path, const auto& leaf) {
        if (leaf.dims.size() > 1) names.push_back(path.substr(0, path.rfind('.')));
      },
      "", named.fields());
  for (const auto& layer : plan.ledger.convolutions) {
    std::string name = "?";
    index_t parameters = 0;
    visit_parameters(
        [&](const std::string& path, const auto& leaf) {
          if (leaf.data == layer.weights) name = path.substr(0, path.rfind('.'));
        },
        "", named.fields());
    visit_parameters(
        [&](const std::string& path, const auto& leaf) {
          if (path.starts_with(name + ".")) parameters += std::remove_cvref_t<decltype(leaf)>::size;
        },
        "", named.fields());
    const std::string channels = std::to_string(layer.in.c) + "->" + std::to_string(layer.out.c);
    const std::string kernel = std::to_string(layer.kernel) + "^3/" + std::to_string(layer.stride);
    std::printf("%-24s %10s %8s %-22s %12lld %10.3f\n", name.c_str(), channels.c_str(),
                kernel.c_str(), to_string(layer.out.extent()).c_str(),
                static_cast<long long>(parameters), layer.flops * 1e-9);
  }
}

template <Network Net>
int info(const InfoOptions& o, const CommonOptions& common) {
  require_patch(o.patch, Net::divisor);
  Context context{context_options(common)};
  const Shape image{o.batch, o.patch, o.patch, o.patch, Net::in};
  const RunPlan inference = plan_inference<Net>(context, image);
  const DiceAndCrossEntropy loss;
  const RunPlan training = plan_training<Net>(context, image, loss);
  std::printf("network              %s\n", o.network.c_str());
  std::printf("modalities           T1, T1ce, T2, FLAIR\nregions              WT, TC, ET\n");
  std::printf("parameters           %lld\n",
              static_cast<long long>(count_parameters<typename Net::Parameters>()));
  std::printf("image                %s (N, D, H, W, C)\n", to_string(image).c_str());
  std::printf("forward              %.1f GFLOP\n", inference.ledger.flops * 1e-9);
  std::printf("training step        %.1f GFLOP\n", training.ledger.flops * 1e-9);
  std::printf("planned inference    %zu bytes (%.1f MiB)\n", inference.memory.bytes,
              mebibytes(inference.memory.bytes));
  std::printf("planned training     %zu bytes (%.1f MiB)\n", training.memory.bytes,
              mebibytes(training.memory.bytes));
  if (o.measure) {
    Model<Net> model{context};
    HostTensor<float> x(image), target(with_channels(image, Net::out)), p(target.shape());
    Random random(context.seed());
    for (float& v : x.values()) v = static_cast<float>(random.normal());
    model(x.view(), p.view());
    std::printf("measured inference   %zu bytes\n", model.measured_bytes());
    GradientComputer<Net, DiceAndCrossEntropy> gradient(context, image, loss);
    typename Model<Net>::Parameters grads;
    gradient(model.parameters(), x.view(), target.view(), grads);
    std::printf("measured training    %zu bytes\n", gradient.measured_bytes());
    std::printf("peak resident        %.1f MiB\n", mebibytes(peak_resident_bytes()));
  }
  std::printf("\n");
  print_layers<Net>(inference);
  return 0;
}

int run_info(InfoOptions o, const CommonOptions& common) {
  std::string where = "--network";
  if (!o.model.empty()) {
    const SafetensorsFile file = SafetensorsFile::open(o.model);
    std::printf("file                 %s\n", o.model.string().c_str());
    for (const auto& [key, value] : file.metadata()) {
      if (key.starts_with("glia.") && value.size() < 2000)
        std::printf("%-20s %s\n", key.c_str(), value.c_str());
    }
    o.network = network_of(o.model, file.metadata());
    where = o.model.string() + ": glia.network";
  }
  const auto run = [&]<class Net>() { return info<Net>(o, common); };
  return with_network(o.network, run, where);
}

}  // namespace

void add_info(CLI::App& app, const CommonOptions& common, Action& action) {
  auto o = std::make_shared<InfoOptions>();
  CLI::App* c = app.add_subcommand("info", "architecture, parameters, FLOPs and planned memory");
  auto* network =
      c->add_option("--network", o->network, std::string(network_help))->capture_default_str();
  c->add_option("--model", o->model, "file of weights to describe")
      ->check(CLI::ExistingFile)
      ->excludes(network);
  c->add_option("--patch", o->patch, "extent of the cubic image")
      ->check(positive())
      ->capture_default_str();
  c->add_option("--batch", o->batch, "images")->check(positive())->capture_default_str();
  c->add_flag("--measure", o->measure, "run a step on random data and print what it needed");
  c->callback([o, &common, &action] { action = [o, &common] { return run_info(*o, common); }; });
}

}  // namespace glia::program
