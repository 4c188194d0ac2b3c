#include "glia/source/activated.hpp"

#include <doctest/doctest.h>

#include <array>

#include "glia/backend/reference.hpp"
#include "glia/tensor/host_tensor.hpp"

using namespace glia;
using reference::Evaluate;

namespace {

// Two samples and two channels, so that a mixed-up [N, C] index shows.
struct Fixture {
  HostTensor<double> raw{Shape{2, 1, 1, 2, 2}};
  std::array<double, 4> scale{1, -2, 3, 0.5}, shift{0, 1, -1, 2}, mean{0.5, 1, 1.5, 2},
      rstd{1, 2, 3, 4};
  Fixture() { raw.values() = {1, 2, -3, 4, 5, -6, 0, 8}; }
  [[nodiscard]] Activated<double> source(double slope) const {
    return {raw.view(), scale.data(), shift.data(), slope};
  }
};

}  // namespace

TEST_CASE("Activated is the activation of scale * raw + shift per sample and channel") {
  const Fixture f;
  const auto source = f.source(0.1);
  CHECK(source.shape() == f.raw.shape());
  CHECK(source.bytes() == 8 * sizeof(double));
  using E = Evaluate<Activated<double>>;
  CHECK(E::value(source, {0, 0, 0, 0}, 0) == 1);                      // 1 * 1 + 0
  CHECK(E::value(source, {0, 0, 0, 0}, 1) == doctest::Approx(-0.3));  // -2 * 2 + 1 = -3
  CHECK(E::value(source, {0, 0, 0, 1}, 0) == doctest::Approx(-0.3));  // -3
  CHECK(E::value(source, {1, 0, 0, 0}, 0) == 14);                     // 3 * 5 - 1
  CHECK(E::value(source, {1, 0, 0, 0}, 1) == doctest::Approx(-0.1));  // 0.5 * -6 + 2 = -1
  CHECK(E::value(source, {1, 0, 0, 1}, 1) == 6);                      // 0.5 * 8 + 2
  CHECK(E::value(f.source(0), {0, 0, 0, 1}, 0) == 0);                 // ReLU
}

TEST_CASE("ActivatedGradient writes result * activation' and gains the two sums") {
  Fixture f;
  HostTensor<double> grad(f.raw.shape(), 100.0), result(f.raw.shape());
  result.values() = {1, 2, 3, 4, 5, 6, 7, 8};
  std::array<double, 8> sums{};
  Context k{{.threads = 1}};
  ActivatedGradient<double> sink{f.source(0.1), f.mean.data(), f.rstd.data(), grad.view(),
                                 sums.data()};
  CHECK(sink.shape() == f.raw.shape());
  CHECK(sink.bytes_read() == 64);
  CHECK(sink.bytes_written() == 64);
  Reference<double>::store(k, Plain<double>{std::as_const(result).view()}, sink, nullptr);
  // scale * raw + shift: sample 0 [1, -3], [-3, -7]; sample 1 [14, -1], [-1, 6].
  const std::array<double, 8> expected{1, 0.2, 0.3, 0.4, 5, 0.6, 0.7, 8};
  for (std::size_t i = 0; i < 8; ++i) CHECK(grad.values()[i] == doctest::Approx(expected[i]));
  const auto check_sum = [&](std::size_t n, std::size_t c, double times) {
    const std::size_t i = 2 * n + c;
    const double g0 = expected[4 * n + c], g1 = expected[4 * n + 2 + c];
    const double x0 = f.raw.values()[4 * n + c], x1 = f.raw.values()[4 * n + 2 + c];
    CHECK(sums[2 * i] == doctest::Approx(times * (g0 + g1)));
    CHECK(sums[2 * i + 1] ==
          doctest::Approx(times * f.rstd[i] * (g0 * (x0 - f.mean[i]) + g1 * (x1 - f.mean[i]))));
  };
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t c = 0; c < 2; ++c) check_sum(n, c, 1);

  // A second consumer adds to both.
  sink.accumulate = true;
  CHECK(sink.bytes_read() == 128);
  Reference<double>::store(k, Plain<double>{std::as_const(result).view()}, sink, nullptr);
  for (std::size_t i = 0; i < 8; ++i) CHECK(grad.values()[i] == doctest::Approx(2 * expected[i]));
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t c = 0; c < 2; ++c) check_sum(n, c, 2);
}

TEST_CASE("PooledGradient goes to the first voxel that holds the extreme, whole blocks only") {
  // One row of five columns in two planes and rows: two blocks, the fifth column belongs to none.
  HostTensor<double> raw(Shape{1, 2, 2, 5, 1}, 0.0);
  raw.view().at(0, 0, 1, 1, 0) = 7;
  raw.view().at(0, 1, 0, 0, 0) = 7;  // ties: the first in order D, H, W wins
  raw.view().at(0, 1, 1, 3, 0) = 9;
  raw.view().at(0, 0, 0, 4, 0) = 99;
  HostTensor<double> pooled(Shape{1, 1, 1, 2, 1}), coarse(Shape{1, 1, 1, 2, 1}),
      grad(raw.shape(), 1.0);
  pooled.values() = {7, 9};
  coarse.values() = {10, 20};
  const double scale = 1, shift = 0, mean = 1, rstd = 2;
  std::array<double, 2> sums{};
  const PooledGradient<double> sink{
      {{raw.view(), &scale, &shift, 0.01}, &mean, &rstd, grad.view(), sums.data(), true},
      pooled.view()};
  CHECK(sink.shape() == pooled.shape());
  CHECK(sink.bytes_read() == 8 * (2 + 20 + 20));
  CHECK(sink.bytes_written() == 8 * 20);
  Context k{{.threads = 1}};
  Reference<double>::store(k, Plain<double>{std::as_const(coarse).view()}, sink, nullptr);
  HostTensor<double> expected(raw.shape(), 1.0);
  expected.view().at(0, 0, 1, 1, 0) = 11;
  expected.view().at(0, 1, 1, 3, 0) = 21;
  CHECK(grad.values() == expected.values());
  CHECK(sums[0] == 30);
  CHECK(sums[1] == 10 * (7 - 1) * 2 + 20 * (9 - 1) * 2);
}
