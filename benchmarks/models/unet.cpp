// Whole networks: one forward pass and one training step (loss, backward and Adam included), on
// random data.
//   bench_unet --benchmark_filter=small
#include "glia/models/unet.hpp"

#include <benchmark/benchmark.h>

#include <utility>

#include "glia/backend/cpu.hpp"
#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/train/training_step.hpp"

namespace {

using namespace glia;
using B = Cpu<Float32>;
using Paper = UNet<B, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;
using Small = UNet<B, Channels<4, 3>, Widths<16, 32, 64, 128, 160>>;

HostTensor<float> random_image(Shape shape) {
  HostTensor<float> image(shape);
  Random random(1);
  for (float& v : image.values()) v = static_cast<float>(random.normal());
  return image;
}

/// Arguments: extent, batch, threads.
template <Network Net>
void inference(benchmark::State& state) {
  Context context{{.threads = static_cast<int>(state.range(2))}};
  const Shape shape{state.range(1), state.range(0), state.range(0), state.range(0), Net::in};
  const HostTensor<float> image = random_image(shape);
  HostTensor<float> probabilities(with_channels(shape, Net::out));
  Model<Net> model{context};
  model(image.view(), probabilities.view());
  for (auto _ : state) model(image.view(), probabilities.view());
  const double flops = plan_inference<Net>(context, shape).ledger.flops;
  state.counters["GFLOP/s"] =
      benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["arena MiB"] = static_cast<double>(model.measured_bytes()) / (1024 * 1024);
}

template <Network Net>
void training_step(benchmark::State& state) {
  Context context{{.threads = static_cast<int>(state.range(2))}};
  const Shape shape{state.range(1), state.range(0), state.range(0), state.range(0), Net::in};
  const HostTensor<float> image = random_image(shape);
  const HostTensor<float> target(with_channels(shape, Net::out), 1.0F);
  Model<Net> model{context};
  GradientComputer<Net, DiceAndCrossEntropy> gradient{context, shape, {}};
  typename Model<Net>::Parameters grads, moment1, moment2;
  const Adam adam;
  index_t step = 0;
  const auto run = [&] {
    gradient(model.parameters(), image.view(), target.view(), grads);
    adam.apply<B>(context, {model.parameters().flat(),
                            grads.flat(),
                            {moment1.flat(), moment2.flat()},
                            adam.rate,
                            ++step});
  };
  run();
  for (auto _ : state) run();
  const double flops = plan_training<Net>(context, shape, DiceAndCrossEntropy{}).ledger.flops;
  state.counters["GFLOP/s"] =
      benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["arena MiB"] = static_cast<double>(gradient.measured_bytes()) / (1024 * 1024);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Unit(benchmark::kMillisecond)->UseRealTime()->ArgNames({"extent", "batch", "threads"});
  for (const int threads : {1, 2}) b->Args({64, 2, threads});
  b->Args({128, 1, 2});
}

BENCHMARK(inference<Small>)->Apply(shapes);
BENCHMARK(training_step<Small>)->Apply(shapes);
BENCHMARK(inference<Paper>)->Apply(shapes);
BENCHMARK(training_step<Paper>)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
