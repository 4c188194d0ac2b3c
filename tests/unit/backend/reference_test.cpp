#include "glia/backend/reference.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "support/tensors.hpp"

using namespace glia;
using R = Reference<double>;

static_assert(Backend<Reference<double>>);
static_assert(Backend<Reference<float>>);

namespace {

/// The convolution of `x` with bias-free `weights`.
HostTensor<double> convolve(const ConvDescriptor& c, const HostTensor<double>& x,
                            const std::vector<double>& weights) {
  Context k{{.threads = 1}};
  HostTensor<double> y(c.output(x.shape()));
  const Plain<double> source{x.view()};
  const Store<double> sink{y.view()};
  const auto work = make_array<std::byte>(k, R::forward_workspace(k, c, source, sink));
  R::convolution(k, c, source, weights.data(), sink, work.data());
  return y;
}

}  // namespace

TEST_CASE("convolution by hand: a box of ones counts the voxels under the kernel") {
  const auto y = convolve({1, 1, 3, 1}, HostTensor<double>(Shape{1, 3, 4, 2, 1}, 1.0),
                          std::vector<double>(27, 1.0));
  CHECK(y.view().at(0, 1, 1, 0, 0) == 3 * 3 * 2);
  CHECK(y.view().at(0, 0, 0, 0, 0) == 2 * 2 * 2);
  CHECK(y.view().at(0, 1, 2, 1, 0) == 18);
  CHECK(y.view().at(0, 2, 0, 1, 0) == 8);
}

TEST_CASE(
    "convolution by hand: one tap shifts, for every tap, and does not turn the kernel round") {
  const auto x = test::random_tensor<double>({1, 3, 4, 5, 1}, 1);
  for (index_t tap = 0; tap < 27; ++tap) {
    std::vector<double> weights(27);
    weights[static_cast<std::size_t>(tap)] = 1;
    const index_t dd = tap / 9 - 1, dh = tap / 3 % 3 - 1, dw = tap % 3 - 1;
    for (const index_t stride : {1, 2}) {
      const auto y = convolve({1, 1, 3, stride}, x, weights);
      reference::for_each_voxel(y.shape(), [&](reference::Voxel v) {
        const index_t d = v.d * stride + dd, h = v.h * stride + dh, w = v.w * stride + dw;
        const bool inside = d >= 0 && d < 3 && h >= 0 && h < 4 && w >= 0 && w < 5;
        CHECK(y.view().at(0, v.d, v.h, v.w, 0) == (inside ? x.view().at(0, d, h, w, 0) : 0));
      });
    }
  }
}

TEST_CASE("convolution by hand: weights are [Out, In, taps]") {
  HostTensor<double> x(Shape{2, 1, 1, 1, 2});
  x.values() = {1, 10, 2, 20};
  const auto y = convolve({2, 3, 1, 1}, x, {1, 2, 3, 4, 5, 6});
  CHECK(y.values() == std::vector<double>{21, 43, 65, 42, 86, 130});
}

TEST_CASE("normalise: scale, shift, mean and rstd of each sample and group") {
  Context k{{.threads = 1}};
  const Shape s{2, 2, 3, 2, 4};
  const auto x = test::random_tensor<double>(s, 1);
  const std::array<double, 4> gain{1, -2, 0.5, 0}, offset{0, 1, 2, 3};
  for (const index_t groups : {4, 2, 1}) {
    std::vector<double> moments(16), out(32);
    reference::for_each_voxel(s, [&](reference::Voxel v) {
      for (index_t c = 0; c < 4; ++c) {
        const double value = x.view().at(v.n, v.d, v.h, v.w, c);
        moments[static_cast<std::size_t>(2 * (v.n * 4 + c))] += value;
        moments[static_cast<std::size_t>(2 * (v.n * 4 + c) + 1)] += value * value;
      }
    });
    R::normalise(k, {s, groups, 1e-3}, moments.data(), gain.data(), offset.data(), out.data());
    const index_t size = 4 / groups;
    for (index_t n = 0; n < 2; ++n)
      for (index_t c = 0; c < 4; ++c) {
        // Two passes over the group's values, population variance.
        std::vector<double> values;
        reference::for_each_voxel(with_channels(s, 1), [&](reference::Voxel v) {
          if (v.n != n) return;
          for (index_t j = c / size * size; j < (c / size + 1) * size; ++j) {
            values.push_back(x.view().at(n, v.d, v.h, v.w, j));
          }
        });
        const auto count = static_cast<double>(values.size());
        const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
        double variance = 0;
        for (const double value : values) variance += (value - mean) * (value - mean) / count;
        const double rstd = 1 / std::sqrt(variance + 1e-3);
        const auto i = static_cast<std::size_t>(n * 4 + c), channel = static_cast<std::size_t>(c);
        CHECK(out[i] == doctest::Approx(gain[channel] * rstd));
        CHECK(out[8 + i] == doctest::Approx(offset[channel] - gain[channel] * rstd * mean));
        CHECK(out[16 + i] == doctest::Approx(mean));
        CHECK(out[24 + i] == doctest::Approx(rstd));
      }
  }
}

TEST_CASE(
    "normalise: a constant channel keeps a finite scale although its variance rounds below zero") {
  Context k{{.threads = 1}};
  const double x = 0.1, gain = 1, offset = 0;
  const std::array<double, 2> moments{3 * x, 3 * x * x * (1 - 1e-13)};
  std::array<double, 4> out{};
  R::normalise(k, {{1, 1, 1, 3, 1}, 1, 0}, moments.data(), &gain, &offset, out.data());
  CHECK(out[0] > 0);
  R::normalise(k, {{1, 1, 1, 3, 1}, 1, 1e-5}, moments.data(), &gain, &offset, out.data());
  CHECK(out[3] == doctest::Approx(1 / std::sqrt(1e-5)));
}

TEST_CASE("region sums are those of the sigmoid, and survive extreme logits") {
  Context k{{.threads = 1}};
  HostTensor<double> logits(Shape{1, 1, 1, 2, 1});
  HostTensor<float> target(logits.shape());
  logits.values() = {std::log(4.0), std::log(2.0 / 3)};  // p = 0.8, 0.4
  target.values() = {1, 0};
  std::array<RegionSums, 1> sums;
  sums[0].p = 1e9;  // earlier content does not count
  R::region_sums(k, std::as_const(logits).view(), std::as_const(target).view(), sums);
  CHECK(sums[0].pg == doctest::Approx(0.8));
  CHECK(sums[0].pp == doctest::Approx(0.8));
  CHECK(sums[0].gg == 1);
  CHECK(sums[0].p == doctest::Approx(1.2));
  CHECK(sums[0].g == 1);
  CHECK(sums[0].bce == doctest::Approx(0.733969).epsilon(1e-6));

  logits.values() = {-1000, 1000};
  R::region_sums(k, std::as_const(logits).view(), std::as_const(target).view(), sums);
  CHECK(sums[0].bce == 2000);
  CHECK(sums[0].p == 1);
  HostTensor<float> p(logits.shape());
  R::probabilities(k, std::as_const(logits).view(), p.view());
  CHECK(p.values() == std::vector<float>{0, 1});
}

TEST_CASE("whole-model operations: squared norm, scale, blend, fill") {
  Context k{{.threads = 1}};
  std::vector<double> p{3, -4}, other{1, 2};
  CHECK(R::squared_norm(k, p) == 25);
  R::scale(k, p, 0.5);
  CHECK(p == std::vector<double>{1.5, -2});
  R::blend(k, p, other, 0.75);
  CHECK(p == std::vector<double>{0.75 * 1.5 + 0.25, -1.5 + 0.5});
  R::fill(k, p.data(), 1, 9.0);
  CHECK(p == std::vector<double>{9, -1});
}
