#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "conformance/operands.hpp"
#include "glia/backend/cpu.hpp"
#include "glia/backend/reference.hpp"
#include "support/tensors.hpp"

using namespace glia;
using test::SinkKind;

namespace {

/// Calls f.operator()<I>() for every instruction set of this processor.
template <class F>
void for_each_isa(F&& f) {
  f.template operator()<isa::Generic>();
#if defined(__x86_64__)
  if (cpu::detect_isa() >= cpu::Isa::avx2) f.template operator()<isa::Avx2>();
  if (cpu::detect_isa() >= cpu::Isa::avx512) f.template operator()<isa::Avx512>();
#endif
}

struct LogisticKernel {
  template <class I>
  [[gnu::always_inline]] static void run(const float* x, float* probability, float* complement,
                                         float* log_term, index_t count) {
    constexpr int lanes = I::bytes / 4;
    for (index_t i = 0; i < count; i += lanes) {
      cpu::Floats<lanes> v;
      cpu::load<lanes>(v, x + i);
      cpu::Logistic<lanes> result;
      cpu::logistic<lanes>(v, result);
      cpu::save<lanes>(probability + i, result.probability);
      cpu::save<lanes>(complement + i, result.complement);
      cpu::save<lanes>(log_term + i, result.log_term);
    }
  }
};

/// Largest |a - b| in units of the last place of float at b.
template <class F>
double worst_ulp(const std::vector<float>& x, const std::vector<float>& got, F&& exact) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = exact(static_cast<double>(x[i]));
    const double ulp = std::ldexp(1.0, std::ilogb(expected) - 23);
    worst = (std::max)(worst, std::abs(static_cast<double>(got[i]) - expected) / ulp);
  }
  return worst;
}

template <class B>
test::Results upsample_backward(Interpolation kind, Shape coarse, SinkKind sink, index_t padding,
                                int threads) {
  using T = typename B::Scalar;
  Context k{{.threads = threads}};
  test::Operands<T> operands(padding);
  const View<const T> fine = operands.tensor(doubled(coarse));
  operands.with_sink(sink, coarse, [&](const auto& y) {
    const index_t bytes = B::upsample_backward_workspace(k, kind, fine, y);
    const auto work = make_array<std::byte>(k, bytes);
    std::memset(work.data(), 0xff, static_cast<std::size_t>(bytes));
    B::upsample_backward(k, kind, fine, y, work.data());
  });
  return results_of(operands);
}

/// Everything that the losses' operations make of random logits and of targets that are
/// probabilities, among them exact zeros and ones and voxels that are not counted.
template <class B>
std::vector<std::vector<double>> regions(Shape s, index_t padding, int threads) {
  using T = typename B::Scalar;
  Context k{{.threads = threads}};
  test::Operands<T> operands(padding);
  const View<T> logits = operands.tensor(s, 4), grad = operands.tensor(s);
  test::Operands<float> targets(padding);
  const View<float> target = targets.tensor(s), probabilities = targets.tensor(s);
  Random random{3};
  for (index_t v = 0; v < s.n * s.voxels(); ++v) {
    for (index_t c = 0; c < s.c; ++c) {
      const double u = random.uniform(-0.6, 1.4);
      target.data[v * target.pitch + c] =
          static_cast<float>(u < -0.2 ? -1.0 : std::clamp(u, 0.0, 1.0));
    }
  }
  std::vector<RegionSums> sums(static_cast<std::size_t>(s.n * s.c));
  std::vector<RegionCoefficients> coefficients;
  for (index_t i = 0; i < s.n * s.c; ++i) {
    const auto x = static_cast<double>(i);
    const double on_softened = i % 2 == 0 ? 0.75 : 0;
    coefficients.push_back({0.5 + x, -0.25 * x, 1 - x, 0.125, on_softened, 2.5});
  }
  B::region_sums(k, logits, target, sums);
  B::divergence_sums(k, logits, target, 2.5, sums);
  B::region_gradient(k, logits, target, coefficients, grad);
  B::probabilities(k, logits, probabilities);
  std::vector<std::vector<double>> result(3);
  for (const RegionSums& sum : sums)
    result[0].insert(result[0].end(),
                     {sum.pg, sum.pp, sum.gg, sum.p, sum.g, sum.bce, sum.divergence});
  for (index_t i = 0; i < s.n * s.voxels(); ++i) {
    for (index_t c = 0; c < s.c; ++c) {
      result[1].push_back(static_cast<double>(grad.data[i * grad.pitch + c]));
      result[2].push_back(static_cast<double>(probabilities.data[i * probabilities.pitch + c]));
    }
  }
  return result;
}

/// Parameters, moments and the norm after some steps of every optimiser operation.
template <class B>
std::vector<double> optimise(std::size_t count, int threads) {
  using R = typename B::Real;
  Context k{{.threads = threads}};
  const auto draw = [count](std::uint32_t name) {
    std::vector<float> values(count);
    test::randomise(std::span<float>(values), name);
    return std::vector<R>(values.begin(), values.end());
  };
  std::vector<R> p = draw(1), m1(count), m2(count), average = draw(2);
  for (index_t step = 1; step <= 3; ++step) {
    const std::vector<R> g = draw(10 + static_cast<std::uint32_t>(step));
    const std::span<const R> gradient(g);
    B::sgd_step(k, {0.1, 0.9, 0.01, step % 2 == 1}, std::span(p), gradient, std::span(m1));
    B::adam_step(k, {0.01, 0.9, 0.99, 1e-6, 0.1, step % 2 == 1, step}, std::span(p), gradient,
                 std::span(m1), std::span(m2));
    B::blend(k, std::span(average), std::span<const R>(p), 0.75);
    B::scale(k, std::span(m1), 0.5);
  }
  std::vector<double> result{B::squared_norm(k, p)};
  for (const auto& values : {p, m1, m2, average})
    result.insert(result.end(), values.begin(), values.end());
  return result;
}

}  // namespace

TEST_CASE("logistic function and softplus term within a few units of the last place") {
  std::vector<float> x;
  for (float v = -86; v <= 86; v += 0.00171F) x.push_back(v);
  for (int exponent = -40; exponent < 6; ++exponent)
    x.insert(x.end(), {std::ldexp(1.3F, exponent), -std::ldexp(1.3F, exponent)});
  x.insert(x.end(), {0.0F, -0.0F});
  x.resize((x.size() + 15) / 16 * 16, 1.0F);
  for_each_isa([&]<class I>() {
    std::vector<float> probability(x.size()), complement(x.size()), log_term(x.size());
    cpu::run_on<LogisticKernel>(cpu::isa_of<I>(), x.data(), probability.data(), complement.data(),
                                log_term.data(), std::ssize(x));
    CHECK(worst_ulp(x, probability, [](double v) { return 1 / (1 + std::exp(-v)); }) < 4);
    CHECK(worst_ulp(x, complement, [](double v) { return 1 / (1 + std::exp(v)); }) < 4);
    CHECK(worst_ulp(x, log_term, [](double v) { return std::log1p(std::exp(-std::abs(v))); }) < 4);
  });
}

TEST_CASE("logistic function at infinity and of no number") {
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> x(16, infinity);
  x[1] = -infinity;
  x[2] = nan;
  for_each_isa([&]<class I>() {
    std::vector<float> probability(16), complement(16), log_term(16);
    cpu::run_on<LogisticKernel>(cpu::isa_of<I>(), x.data(), probability.data(), complement.data(),
                                log_term.data(), index_t{16});
    CHECK(probability[0] == 1);
    CHECK(complement[0] < 1e-37F);
    CHECK(log_term[0] < 1e-37F);
    CHECK(probability[1] < 1e-37F);
    CHECK(complement[1] == 1);
    CHECK(std::isnan(probability[2]));
    CHECK(std::isnan(log_term[2]));
  });
}

TEST_CASE("cpu upsample_backward: shapes and sinks against the reference") {
  for (const auto kind : {Interpolation::nearest, Interpolation::trilinear}) {
    for (const Shape coarse : {Shape{1, 1, 1, 1, 2}, Shape{2, 3, 5, 2, 19}, Shape{1, 18, 4, 3, 4},
                               Shape{1, 2, 9, 7, 32}}) {
      for (const index_t padding : {0, 5}) {
        for (const auto sink : {SinkKind::store, SinkKind::accumulate, SinkKind::activated_gradient,
                                SinkKind::split}) {
          CAPTURE(to_string(coarse));
          const auto expected =
              upsample_backward<Reference<double>>(kind, coarse, sink, padding, 1);
          for_each_isa([&]<class I>() {
            const auto got = upsample_backward<Cpu<Float32, I>>(kind, coarse, sink, padding, 1);
            CHECK(got.padding_kept);
            for (std::size_t i = 0; i < expected.tensors.size(); ++i) {
              CHECK(test::relative_error(got.tensors[i], expected.tensors[i]) < 1e-6);
            }
            for (std::size_t i = 0; i < expected.sums.size(); ++i) {
              CHECK(test::relative_error(got.sums[i], expected.sums[i]) < 1e-6);
            }
            for (const int threads : {2, 3}) {
              const auto again =
                  upsample_backward<Cpu<Float32, I>>(kind, coarse, sink, padding, threads);
              CHECK(again.tensors == got.tensors);
              CHECK(again.sums == got.sums);
            }
          });
        }
      }
    }
  }
}

TEST_CASE("cpu upsample_backward is the adjoint of upsampling: <up x, y> = <x, up' y>") {
  for (const auto kind : {Interpolation::nearest, Interpolation::trilinear}) {
    for_each_isa([&]<class I>() {
      using B = Cpu<Float32, I>;
      Context k{{.threads = 2}};
      const Shape coarse{2, 19, 6, 5, 7};
      const auto x = test::random_tensor<float>(coarse, 1),
                 y = test::random_tensor<float>(doubled(coarse), 2);
      HostTensor<float> up(doubled(coarse)), down(coarse);
      const Upsampled<Plain<float>> source{{x.view()}, kind};
      const Store<float> to_up{up.view()}, to_down{down.view()};
      const auto store_work = make_array<std::byte>(k, B::store_workspace(k, source, to_up));
      B::store(k, source, to_up, store_work.data());
      const auto work =
          make_array<std::byte>(k, B::upsample_backward_workspace(k, kind, y.view(), to_down));
      B::upsample_backward(k, kind, y.view(), to_down, work.data());
      CHECK(test::dot(up.values(), y.values()) ==
            doctest::Approx(test::dot(x.values(), down.values())).epsilon(1e-5));
    });
  }
}

TEST_CASE("cpu region operations: several tasks, blocks and pitches against the reference") {
  for (const Shape s : {Shape{1, 1, 1, 1, 3}, Shape{2, 3, 5, 7, 3}, Shape{2, 17, 19, 23, 2}}) {
    for (const index_t padding : {0, 13}) {
      CAPTURE(to_string(s));
      const auto expected = regions<Reference<double>>(s, padding, 1);
      for_each_isa([&]<class I>() {
        const auto got = regions<Cpu<Float32, I>>(s, padding, 1);
        for (std::size_t i = 0; i < expected.size(); ++i)
          CHECK(test::relative_error(got[i], expected[i]) < 1e-6);
        for (const int threads : {2, 3})
          CHECK(regions<Cpu<Float32, I>>(s, padding, threads) == got);
      });
    }
  }
}

TEST_CASE("cpu region sums show a logit that is no number") {
  HostTensor<float> logits({1, 1, 1, 300, 1}, -1.0F), target({1, 1, 1, 300, 1}, 0.0F);
  logits.values()[270] = std::numeric_limits<float>::quiet_NaN();
  for_each_isa([&]<class I>() {
    Context k{{.threads = 1}};
    std::vector<RegionSums> sums(1);
    Cpu<Float32, I>::region_sums(k, logits.view(), target.view(), sums);
    CHECK(std::isnan(sums[0].bce));
    CHECK(std::isnan(sums[0].p));
  });
}

TEST_CASE(
    "cpu optimiser operations: several chunks against the reference, the same bits for any "
    "threads") {
  for (const std::size_t count : {std::size_t{1}, std::size_t{131}, std::size_t{150001}}) {
    const auto expected = optimise<Reference<double>>(count, 1);
    for_each_isa([&]<class I>() {
      const auto got = optimise<Cpu<Float32, I>>(count, 1);
      CHECK(got[0] == doctest::Approx(expected[0]).epsilon(1e-6));
      CHECK(test::relative_error(got, expected) < 1e-6);
      for (const int threads : {2, 3}) CHECK(optimise<Cpu<Float32, I>>(count, threads) == got);
    });
  }
}
