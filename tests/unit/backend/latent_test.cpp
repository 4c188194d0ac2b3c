#include "glia/backend/latent.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "support/backends.hpp"

using namespace glia;

TEST_CASE("the noise of a key is standard normal, and another for another key") {
  constexpr index_t count = 40000;
  const RandomKey key{1, 2, 3};
  std::array<double, 4> moments{};
  for (index_t i = 0; i < count; ++i) {
    const double x = detail::standard_normal(key, i);
    CHECK(x == detail::standard_normal(key, i));
    for (std::size_t power = 0; power < 4; ++power)
      moments[power] += std::pow(x, static_cast<double>(power + 1)) / count;
  }
  // Five standard deviations of the mean of each power: sqrt(1, 2, 15, 96) / sqrt(count).
  CHECK(std::abs(moments[0]) < 5 * std::sqrt(1.0 / count));
  CHECK(std::abs(moments[1] - 1) < 5 * std::sqrt(2.0 / count));
  CHECK(std::abs(moments[2]) < 5 * std::sqrt(15.0 / count));
  CHECK(std::abs(moments[3] - 3) < 5 * std::sqrt(96.0 / count));
  for (const RandomKey& other : {RandomKey{2, 2, 3}, RandomKey{1, 3, 3}, RandomKey{1, 2, 4}})
    CHECK(detail::standard_normal(other, 0) != detail::standard_normal(key, 0));
}

TEST_CASE_TEMPLATE_DEFINE("drawing from a code, its divergence and its gradient", B, latent) {
  if (!test::available<B>()) return;
  using T = typename B::Scalar;
  Context k{{.threads = 1}};
  const RandomKey key{5, 6, 7};
  // Two samples of two latents: means, then logarithms of variances.
  HostTensor<double> code(Shape{2, 1, 1, 1, 4}), grad_z(Shape{2, 1, 1, 1, 2});
  code.values() = {1, -2, 0, std::log(4.0), 0.5, 0, -1, 0};
  grad_z.values() = {1, 2, 3, 4};
  const auto from = test::upload<B>(k, code), grad = test::upload<B>(k, grad_z);
  const auto z = test::filled<B>(k, grad_z.shape(), 9), to = test::filled<B>(k, code.shape(), 9);

  // m^2 + s^2 - log s^2 - 1 of (1, 1), (-2, 2), (0.5, e^-1/2), (0, 1).
  const double divergence = 1 + (4 + 4 - std::log(4.0) - 1) + (0.25 + std::exp(-1.0)) + 0;
  CHECK(B::sample(k, key, View<const T>(from.view()), z.view()) ==
        doctest::Approx(divergence).epsilon(1e-6));
  std::array<double, 4> noise{};
  for (std::size_t i = 0; i < 4; ++i)
    noise[i] = detail::standard_normal(key, static_cast<index_t>(i));
  const double deviation = std::exp(-0.5);
  const std::vector<double> expected{1 + noise[0], -2 + 2 * noise[1], 0.5 + deviation * noise[2],
                                     noise[3]};
  CHECK(test::relative_error(test::download(z.view()), expected) < 1e-6);

  B::sample_backward(k, key, View<const T>(from.view()), View<const T>(grad.view()), 0.5,
                     to.view());
  const std::vector<double> gradient{1 + 1,
                                     2 - 2,
                                     1 * noise[0] / 2,
                                     2 * noise[1] + 0.5 * 3,
                                     3 + 0.5,
                                     4,
                                     3 * noise[2] * deviation / 2 + 0.5 * (std::exp(-1.0) - 1),
                                     4 * noise[3] / 2};
  CHECK(test::relative_error(test::download(to.view()), gradient) < 1e-6);

  const std::array<double, 3> sums{1, 2, 3};
  std::array<double, 2> read{};
  B::read(k, sums.data(), read);
  CHECK(read == std::array<double, 2>{1, 2});
}
TEST_CASE_TEMPLATE_APPLY(latent, test::Backends);
