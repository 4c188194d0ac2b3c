#include "glia/losses/distillation.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "glia/backend/reference.hpp"
#include "glia/tensor/host_tensor.hpp"
#include "glia/train/training_step.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

struct Differentiated {
  double loss;
  std::vector<double> grad;
};

/// Loss and gradient of logits against teacher probabilities, all in one region of one sample.
template <Loss L>
Differentiated differentiate(const L& loss, const std::vector<double>& logits,
                             const std::vector<double>& target) {
  Context k{{.threads = 1}};
  const Shape s{1, 1, 1, std::ssize(logits), 1};
  HostTensor<double> x(s);
  HostTensor<float> g(s);
  std::copy(logits.begin(), logits.end(), x.values().begin());
  std::transform(target.begin(), target.end(), g.values().begin(),
                 [](double v) { return static_cast<float>(v); });
  LossBuffers buffers;
  const double value = Differentiate<B, L>{k, loss, buffers}(x.view(), std::as_const(g).view());
  return {value, x.values()};
}

}  // namespace

TEST_CASE("teacher logit 2, student logit 1, T = 3: the divergence times T^2 is .115689") {
  const Distillation<> loss{.temperature = 3, .alpha = 1};
  static_assert(SoftenedLoss<Distillation<>> && !SoftenedLoss<DiceAndCrossEntropy>);
  const auto [value, grad] = differentiate(loss, {1}, {logistic(2)});
  CHECK(value == doctest::Approx(0.115689).epsilon(1e-5));
  CHECK(grad[0] == doctest::Approx(3 * (logistic(1.0 / 3) - logistic(2.0 / 3))).epsilon(1e-6));
}

TEST_CASE("a student that equals its teacher has divergence and gradient 0 at any temperature") {
  for (const double temperature : {1.0, 3.0, 20.0}) {
    const auto [value, grad] = differentiate(Distillation<>{.temperature = temperature, .alpha = 1},
                                             {-4, 0.5}, {logistic(-4), logistic(0.5)});
    CHECK(std::abs(value) < 1e-6);
    for (const double g : grad) CHECK(std::abs(g) < 1e-6);
  }
}

TEST_CASE("at temperature 1 and for targets without doubt the divergence is the cross entropy") {
  const std::vector<double> logits{-2, 0.3, 5}, truth{0, 1, 1};
  const auto divergence =
      differentiate(Distillation<>{.temperature = 1, .alpha = 1}, logits, truth);
  const auto entropy = differentiate(BinaryCrossEntropy{}, logits, truth);
  CHECK(divergence.loss == doctest::Approx(entropy.loss));
  for (std::size_t i = 0; i < logits.size(); ++i)
    CHECK(divergence.grad[i] == doctest::Approx(entropy.grad[i]));
}

TEST_CASE("alpha mixes divergence and task, in value and in gradient") {
  const std::vector<double> logits{-1, 0.5, 2}, target{0.2, 0.9, 0.4};
  const auto at = [&](double alpha) {
    return differentiate(Distillation<>{.temperature = 2, .alpha = alpha}, logits, target);
  };
  const auto task = differentiate(DiceAndCrossEntropy{}, logits, target);
  const auto none = at(0), half = at(0.25), all = at(1);
  CHECK(none.loss == task.loss);
  CHECK(none.grad == task.grad);
  CHECK(half.loss == doctest::Approx(0.25 * all.loss + 0.75 * task.loss));
  for (std::size_t i = 0; i < logits.size(); ++i)
    CHECK(half.grad[i] == doctest::Approx(0.25 * all.grad[i] + 0.75 * task.grad[i]));
}

TEST_CASE("voxels below 0 are not counted, but stay in the number of voxels") {
  const auto check = [](const auto& loss, double share) {
    const auto part = differentiate(loss, {-1, 3, 2, 0.5}, {0.2, -1, 0.7, -0.001});
    const auto alone = differentiate(loss, {-1, 2}, {0.2, 0.7});
    CHECK(part.loss == doctest::Approx(share * alone.loss));
    CHECK(part.grad[1] == 0);
    CHECK(part.grad[3] == 0);
    CHECK(part.grad[0] == doctest::Approx(share * alone.grad[0]));
    CHECK(part.grad[2] == doctest::Approx(share * alone.grad[1]));
  };
  check(BinaryCrossEntropy{}, 0.5);
  check(SoftDice{}, 1);
  check(Distillation<BinaryCrossEntropy>{.temperature = 2, .alpha = 0.5}, 0.5);
}
