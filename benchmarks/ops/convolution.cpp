// Convolutions of two UNets, level by level: forward, backward data, backward weights. GFLOP/s
// count taps on padding too.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "glia/backend/cpu.hpp"

namespace {

using namespace glia;
using B = Cpu<Float32>;

Tensor<float> random_tensor(Context& k, Shape s) {
  Tensor<float> t(k, s, B::channel_pitch(s.c));
  const index_t count = s.n * s.voxels() * B::channel_pitch(s.c);
  for (index_t i = 0; i < count; ++i)
    t.data()[i] = static_cast<float>((i * 7919) % 2003) / 1001.5F - 1.0F;
  return t;
}

enum class Pass { forward, backward_data, backward_weights };

/// Norm and activation are read on the way in and statistics taken on the way out, as in a network.
void convolution(benchmark::State& state, Pass pass, ConvDescriptor c, index_t extent,
                 int threads) {
  Context k{{.threads = threads}};
  const Shape in{1, extent, extent, extent, c.in}, out = c.output(in);
  const Tensor<float> raw = random_tensor(k, in), grad = random_tensor(k, in),
                      y = random_tensor(k, out);
  const Tensor<float> weights = random_tensor(k, {1, 1, 1, 1, c.in * c.out * c.taps()});
  const Tensor<float> dw = random_tensor(k, weights.shape());
  const std::vector<float> ones(static_cast<std::size_t>(3 * (c.in + c.out)), 1.0F);
  std::vector<double> sums(static_cast<std::size_t>(2 * (c.in + c.out)));

  const bool scans = c.in <= 8;
  const Plain<float> plain{raw.view()}, g{y.view()};
  const Activated<float> activated{raw.view(), ones.data(), ones.data(), 0.01F};
  Output<float> sink{y.view()};
  sink.moments = sums.data();
  const ActivatedGradient<float> gradient{activated, ones.data(), ones.data(), grad.view(),
                                          sums.data()};

  const auto run = [&](const auto& x) {
    if (pass == Pass::forward) {
      const auto work = make_array<std::byte>(k, B::forward_workspace(k, c, x, sink));
      for ([[maybe_unused]] auto step : state)
        B::convolution(k, c, x, weights.data(), sink, work.data());
    } else if (pass == Pass::backward_data) {
      const cpu::Isa isa = cpu::detect_isa();
      const cpu::AnySource from = cpu::any_source(g, isa);
      const cpu::AnySink to = cpu::any_sink(gradient, isa);
      const auto work = make_array<std::byte>(k, cpu::convolution_workspace(k, c, true, from, to));
      for ([[maybe_unused]] auto step : state)
        cpu::convolve(k, c, true, from, weights.data(), to, work.data());
    } else {
      const auto work = make_array<std::byte>(k, B::backward_workspace(k, c, x, g, NoGradient{}));
      for ([[maybe_unused]] auto step : state) {
        B::convolution_backward(k, c, x, g, weights.data(), NoGradient{}, dw.data(), nullptr,
                                work.data());
      }
    }
  };
  if (scans) {
    run(plain);
  } else {
    run(activated);
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(c.flops(out) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void add(ConvDescriptor c, index_t extent) {
  static constexpr const char* names[] = {"forward", "backward_data", "backward_weights"};
  for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
    if (pass == Pass::backward_data && c.in <= 8) continue;
    const std::string name = std::string(names[static_cast<int>(pass)]) + "/" +
                             std::to_string(c.in) + "->" + std::to_string(c.out) + "/k" +
                             std::to_string(c.kernel) + "s" + std::to_string(c.stride) + "/" +
                             std::to_string(extent);
    for (const int threads : {1, 0}) {
      benchmark::RegisterBenchmark((name + (threads == 1 ? "/one_thread" : "/all_threads")).c_str(),
                                   convolution, pass, c, extent, threads)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::vector<index_t>& widths :
       {std::vector<index_t>{32, 64, 128, 256, 320}, std::vector<index_t>{30, 60, 120, 240, 480}}) {
    add({4, widths[0], 3, 1}, 128);
    index_t extent = 128;
    for (std::size_t level = 0; level < widths.size(); ++level, extent /= 2) {
      add({widths[level], widths[level], 3, 1}, extent);
      if (level > 0) add({widths[level - 1] + widths[level], widths[level - 1], 3, 1}, 2 * extent);
      if (level + 1 < widths.size()) add({widths[level], widths[level + 1], 3, 2}, extent);
    }
    add({widths[0], 3, 1, 1}, 128);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
