#include "glia/optim/optimizer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "glia/backend/reference.hpp"
#include "glia/optim/gradient_clipping.hpp"

using namespace glia;
using R = Reference<double>;

static_assert(OptimizerFor<Sgd, R> && OptimizerFor<Adam, R> && OptimizerFor<AnyOptimizer, R>);

namespace {

/// One parameter that starts at 1, after updates with the given gradients.
template <class O>
double after(const O& optimizer, const std::vector<double>& gradients) {
  Context k{{.threads = 1}};
  std::vector<double> p{1}, first{0}, second{0};
  index_t step = 0;
  for (const double gradient : gradients) {
    const std::vector<double> g{gradient};
    optimizer.template apply<R>(k, {p, g, {first, second}, optimizer.initial_rate(), ++step});
  }
  return p[0];
}

}  // namespace

TEST_CASE("SGD by hand") {
  CHECK(after(Sgd{.rate = 0.1, .momentum = 0}, {2, 3}) == doctest::Approx(1 - 0.2 - 0.3));
  // m = 2, then 0.5 * 2 + 3 = 4.
  CHECK(after(Sgd{.rate = 0.1, .momentum = 0.5}, {2, 3}) == doctest::Approx(1 - 0.2 - 0.4));
  // Nesterov: g + 0.5 m = 3, then 3 + 0.5 * 4 = 5.
  CHECK(after(Sgd{.rate = 0.1, .momentum = 0.5, .nesterov = true}, {2, 3}) ==
        doctest::Approx(1 - 0.3 - 0.5));
  // Coupled decay: g = 2 + 0.5 * 1.
  CHECK(after(Sgd{.rate = 0.1, .momentum = 0, .weight_decay = 0.5}, {2}) ==
        doctest::Approx(1 - 0.25));
}

TEST_CASE("Adam by hand: the first step is the rate whatever the size of the gradient") {
  for (const double gradient : {1e-3, -5.0, 1e4}) {
    CHECK(after(Adam{.rate = 0.1}, {gradient}) ==
          doctest::Approx(1 - std::copysign(0.1, gradient)).epsilon(1e-6));
  }
  // Two steps: m = (.9 * .1 * 2 + .1 * 4) / (1 - .81), v = (.999 * .001 * 4 + .001 * 16) / (1 -
  // .998001).
  const double m = (0.9 * 0.1 * 2 + 0.1 * 4) / 0.19,
               v = (0.999 * 0.001 * 4 + 0.001 * 16) / 0.001999;
  CHECK(after(Adam{.rate = 0.1, .epsilon = 0}, {2, 4}) ==
        doctest::Approx(1 - 0.1 - 0.1 * m / std::sqrt(v)));
  // Epsilon is added after the root: |g| / (|g| + eps).
  CHECK(after(Adam{.rate = 0.1, .epsilon = 3}, {1}) == doctest::Approx(1 - 0.1 / 4));
}

TEST_CASE("weight decay: coupled goes through the moments, decoupled shrinks the weight") {
  // Without a gradient coupled decay moves by the rate, decoupled by rate * decay.
  CHECK(after(Adam{.rate = 0.1, .weight_decay = 0.01}, {0}) ==
        doctest::Approx(1 - 0.1).epsilon(1e-5));
  CHECK(after(adam_w(0.1, 0.01), {0}) == doctest::Approx(1 - 0.1 * 0.01));
}

TEST_CASE("kernels decay, gains, offsets and biases do not unless asked for") {
  Context k{{.threads = 1}};
  const std::vector<ParameterBlock> blocks{{0, 2, true}, {2, 1, false}, {3, 1, true}};
  const auto decayed = [&](const auto& optimizer) {
    std::vector<double> p{1, 2, 4, 8}, g(4, 0), first(4, 0), second(4, 0);
    optimizer.template apply<R>(k, {p, g, {first, second}, optimizer.initial_rate(), 1, blocks});
    return p;
  };
  // Without a gradient what decays shrinks by 1 - rate * decay = 3 / 4.
  const std::vector<double> kernels{0.75, 1.5, 4, 6}, all{0.75, 1.5, 3, 6};
  const auto check = [&](auto optimizer) {
    CHECK(decayed(optimizer) == kernels);
    CHECK(decayed(AnyOptimizer{optimizer}) == kernels);
    optimizer.decay_all = true;
    CHECK(decayed(optimizer) == all);
  };
  check(adam_w(0.5, 0.5));
  check(Sgd{.rate = 0.5, .weight_decay = 0.5});
}

TEST_CASE("an optimiser chosen at run time does what the chosen one does") {
  const Sgd sgd{.rate = 0.1, .momentum = 0.5};
  const Adam adam{.rate = 0.1};
  CHECK(after(AnyOptimizer{sgd}, {2, 3}) == after(sgd, {2, 3}));
  CHECK(after(AnyOptimizer{adam}, {2, 3}) == after(adam, {2, 3}));
  CHECK(AnyOptimizer{sgd}.moments() == 1);
  CHECK(AnyOptimizer{adam}.moments() == 2);
  CHECK(AnyOptimizer{}.initial_rate() == 2e-4);
}

TEST_CASE("clipping scales a long gradient to the limit and leaves others alone") {
  Context k{{.threads = 1}};
  std::vector<double> g{3, -4};
  CHECK(clip_gradient_norm<R>(k, g, 0) == 5);
  CHECK(clip_gradient_norm<R>(k, g, 6) == 5);
  CHECK(g == std::vector<double>{3, -4});
  CHECK(clip_gradient_norm<R>(k, g, 1) == 5);
  CHECK(std::hypot(g[0], g[1]) == doctest::Approx(1).epsilon(1e-6));
  CHECK(g[0] / g[1] == doctest::Approx(-0.75));
  g = {1, std::nan("")};
  CHECK(std::isnan(clip_gradient_norm<R>(k, g, 0.5)));
  CHECK(g[0] == 1);
}
