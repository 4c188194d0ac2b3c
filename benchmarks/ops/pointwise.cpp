// Operations whose limit is memory: the adjoint of doubling, losses over regions, optimiser steps.
// GB/s count every tensor once, as if nothing were cached.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "glia/backend/cpu.hpp"

namespace {

using namespace glia;
using B = Cpu<Float32>;

Tensor<float> filled(Context& k, Shape s) {
  Tensor<float> t(k, s, B::channel_pitch(s.c));
  const index_t count = s.n * s.voxels() * B::channel_pitch(s.c);
  for (index_t i = 0; i < count; ++i)
    t.data()[i] = static_cast<float>((i * 7919) % 2003) / 1001.5F - 1.0F;
  return t;
}

void set_rate(benchmark::State& state, double bytes) {
  state.counters["GB/s"] =
      benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void upsample_backward(benchmark::State& state, Shape coarse, int threads) {
  Context k{{.threads = threads}};
  const Tensor<float> fine = filled(k, doubled(coarse)), y = filled(k, coarse);
  const Store<float> sink{y.view()};
  const auto work = make_array<std::byte>(
      k, B::upsample_backward_workspace(k, Interpolation::trilinear, fine.view(), sink));
  for ([[maybe_unused]] auto step : state) {
    B::upsample_backward(k, Interpolation::trilinear, fine.view(), sink, work.data());
  }
  set_rate(state, fine.view().bytes() + y.view().bytes());
}

enum class RegionOperation { sums, gradient, probabilities };

void regions(benchmark::State& state, RegionOperation operation, int threads) {
  Context k{{.threads = threads}};
  const Shape s{1, 128, 128, 128, 3};
  const Tensor<float> logits = filled(k, s), target = filled(k, s), out = filled(k, s);
  std::vector<RegionSums> sums(3);
  const std::vector<RegionCoefficients> coefficients(3, RegionCoefficients{0.1, 0.2, 0.3, 0.4});
  for ([[maybe_unused]] auto step : state) {
    switch (operation) {
      case RegionOperation::sums:
        B::region_sums(k, logits.view(), target.view(), sums);
        break;
      case RegionOperation::gradient:
        B::region_gradient(k, logits.view(), target.view(), coefficients, out.view());
        break;
      case RegionOperation::probabilities:
        B::probabilities(k, logits.view(), out.view());
        break;
    }
  }
  set_rate(state, (operation == RegionOperation::gradient ? 3 : 2) * logits.view().bytes());
}

enum class Step { sgd, adam, squared_norm, blend };

void optimiser(benchmark::State& state, Step kind, int threads) {
  Context k{{.threads = threads}};
  constexpr std::size_t count = 16'600'000;  // UNet 32 ... 320
  std::vector<float> p(count, 1), g(count, 0.5), m1(count), m2(count);
  const std::span<const float> gradient(g);
  index_t number = 0;
  for ([[maybe_unused]] auto step : state) {
    switch (kind) {
      case Step::sgd:
        B::sgd_step(k, {1e-3, 0.9, 1e-5, true}, p, gradient, m1);
        break;
      case Step::adam:
        B::adam_step(k, {1e-3, 0.9, 0.999, 1e-8, 1e-5, false, ++number}, p, gradient, m1, m2);
        break;
      case Step::squared_norm:
        benchmark::DoNotOptimize(B::squared_norm(k, gradient));
        break;
      case Step::blend:
        B::blend(k, p, gradient, 0.999);
        break;
    }
  }
  constexpr int arrays[] = {5, 7, 1, 3};  // read and written
  set_rate(state, arrays[static_cast<int>(kind)] * 4.0 * static_cast<double>(count));
}

template <class F, class... A>
void add(const std::string& name, F&& run, const A&... arguments) {
  for (const int threads : {1, 0}) {
    benchmark::RegisterBenchmark((name + (threads == 1 ? "/one_thread" : "/all_threads")).c_str(),
                                 run, arguments..., threads)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
}

}  // namespace

int main(int argc, char** argv) {
  add("upsample_backward/64/64", upsample_backward, Shape{1, 64, 64, 64, 64});
  add("upsample_backward/60/64", upsample_backward, Shape{1, 64, 64, 64, 60});
  add("upsample_backward/320/8", upsample_backward, Shape{1, 8, 8, 8, 320});
  add("region_sums/3/128", regions, RegionOperation::sums);
  add("region_gradient/3/128", regions, RegionOperation::gradient);
  add("probabilities/3/128", regions, RegionOperation::probabilities);
  add("sgd_step/16.6M", optimiser, Step::sgd);
  add("adam_step/16.6M", optimiser, Step::adam);
  add("squared_norm/16.6M", optimiser, Step::squared_norm);
  add("blend/16.6M", optimiser, Step::blend);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
