#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "glia/losses/compound.hpp"
#include "glia/models/plan.hpp"
#include "glia/models/unet.hpp"
#include "support/backends.hpp"

using namespace glia;

namespace {

/// What a training step leaves behind.
template <class R>
struct StepResult {
  std::vector<double> logits;
  std::vector<R> gradients;
};

/// One step of training on `image`, whose content Counting never sees: the tensors of a trainer, in
/// its order.
template <class Net, class Set>
void train_step(Context& k, Set& parameters, Set& gradients,
                View<const typename Net::Engine::Scalar> image, View<const float> target,
                std::vector<double>* logits_out) {
  using B = typename Net::Engine;
  using T = typename B::Scalar;
  typename Net::Saved saved;
  const Shape s = with_channels(image.shape, Net::out);
  const auto logits = make_tensor<B>(k, s), gradient = make_tensor<B>(k, s);
  Net::template forward<Mode::training>(k, parameters.fields(), image, logits.view(), saved);
  const auto count = static_cast<std::size_t>(s.n * s.c);
  std::vector<RegionSums> sums(count);
  std::vector<RegionCoefficients> coefficients(count);
  B::region_sums(k, logits.view(), target, sums);
  (void)DiceAndCrossEntropy{}.evaluate(sums, s, coefficients);
  B::region_gradient(k, logits.view(), target, coefficients, gradient.view());
  Net::backward(k, parameters.fields(), saved, image, Plain<T>{gradient.view()},
                gradients.fields());
  if (logits_out) *logits_out = test::download(logits.view());
}

template <class Net>
RunPlan plan_of_step(const Context& like, Shape image) {
  using Counted = typename Net::template On<Counting<typename Net::Engine>>;
  using Set = ParameterSet<typename Counted::Parameters, typename Net::Engine::Real>;
  return plan_run(like, [&](Context& k) {
    Set parameters(false), gradients(false);
    const Shape s = with_channels(image, Net::out);
    train_step<Counted>(k, parameters, gradients, {nullptr, image, image.c}, {nullptr, s, s.c},
                        nullptr);
  });
}

/// The same network, weights, image and target for every backend.
template <class Net>
struct Case {
  using B = typename Net::Engine;
  using R = typename B::Real;
  using Set = ParameterSet<typename Net::Parameters, R>;
  Context k;
  Shape shape;
  HostTensor<typename B::Scalar> image;
  HostTensor<float> target;
  Set parameters;

  explicit Case(Shape s, int threads = 2)
      : k{{.threads = threads}}, shape(s), image(s), target(with_channels(s, Net::out)) {
    // Values that float holds exactly, so that every backend computes with the same numbers.
    const auto from = test::random_tensor<float>(s, 1);
    std::copy(from.values().begin(), from.values().end(), image.values().begin());
    Random random{2};
    for (float& g : target.values()) g = random.bernoulli(0.3) ? 1.F : 0.F;
    std::vector<float> weights(parameters.flat().size());
    test::randomise(std::span<float>(weights), 3, 0.4);
    std::copy(weights.begin(), weights.end(), parameters.flat().begin());
  }

  [[nodiscard]] StepResult<R> step() {
    Set gradients;
    StepResult<R> result;
    train_step<Net>(k, parameters, gradients, std::as_const(image).view(),
                    std::as_const(target).view(), &result.logits);
    result.gradients.assign(gradients.flat().begin(), gradients.flat().end());
    return result;
  }
  [[nodiscard]] std::vector<double> infer() {
    typename Net::Saved saved;
    const auto logits = make_tensor<B>(k, with_channels(shape, Net::out));
    Net::template forward<Mode::inference>(k, parameters.fields(), std::as_const(image).view(),
                                           logits.view(), saved);
    return test::download(logits.view());
  }
};

template <class B>
using Default = UNet<B, Channels<4, 3>, Widths<3, 5, 6>>;
template <class B>
using Other = UNet<B, Channels<4, 3>, Widths<4, 6, 8>, GroupNorm<2>, ReLU, StridedConvolution,
                   NearestUpsample, ConvBlocks<1>>;
constexpr Shape odd{2, 4, 8, 12, 4};

template <class B>
constexpr double tolerance = sizeof(typename B::Real) == 8 ? 1e-10 : 1e-5;

template <template <class> class Net, class B>
void check_agreement() {
  const auto expected = Case<Net<Reference<double>>>(odd).step();
  const auto result = Case<Net<B>>(odd).step();
  CHECK(test::relative_error(result.logits, expected.logits) < tolerance<B>);
  CHECK(test::relative_error(result.gradients, expected.gradients) < tolerance<B>);
}

template <class Net>
void check_plan() {
  Case<Net> given(odd);
  const auto on_heap = given.step();
  const RunPlan plan = plan_of_step<Net>(given.k, odd);
  Arena arena(plan.memory);
  for (int round = 0; round < 2; ++round) {
    const ArenaScope run(given.k, arena);
    const auto planned = given.step();
    CHECK(arena.peak() == plan.memory.bytes);
    CHECK(planned.logits == on_heap.logits);
    CHECK(planned.gradients == on_heap.gradients);
  }
}

template <class Net>
void check_inference() {
  Case<Net> given(odd);
  const auto training = given.step();
  CHECK(given.infer() == training.logits);

  const RunPlan plan = plan_inference<Net>(given.k, odd);
  CHECK(plan.memory.bytes < plan_of_step<Net>(given.k, odd).memory.bytes);
  Arena arena(plan.memory);
  {
    const ArenaScope run(given.k, arena);
    CHECK(given.infer() == training.logits);
    CHECK(arena.peak() == plan.memory.bytes);
  }
  // Another shape, and training, depart from this plan.
  {
    const ArenaScope run(given.k, arena);
    CHECK_THROWS_AS((void)given.step(), Error);
  }
  Case<Net> larger({2, 4, 8, 16, 4});
  const ArenaScope run(larger.k, arena);
  CHECK_THROWS_AS((void)larger.infer(), Error);
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("a training step agrees with the reference in logits and gradients", B,
                          step_agrees) {
  if (!test::available<B>()) return;
  check_agreement<Default, B>();
  check_agreement<Other, B>();
}
TEST_CASE_TEMPLATE_APPLY(step_agrees, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("a planned step touches exactly its plan and computes the same bits", B,
                          plan_holds) {
  if (!test::available<B>()) return;
  check_plan<Default<B>>();
  check_plan<Other<B>>();
}
TEST_CASE_TEMPLATE_APPLY(plan_holds, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("inference computes the bits of training in less memory", B,
                          inference_agrees) {
  if (!test::available<B>()) return;
  check_inference<Default<B>>();
  check_inference<Other<B>>();
}
TEST_CASE_TEMPLATE_APPLY(inference_agrees, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("results are the same bits for any number of threads", B, threads_agree) {
  if (!test::available<B>()) return;
  const auto one = Case<Default<B>>(odd, 1).step();
  for (const int threads : {2, 3}) {
    const auto more = Case<Default<B>>(odd, threads).step();
    CHECK(more.logits == one.logits);
    CHECK(more.gradients == one.gradients);
  }
}
TEST_CASE_TEMPLATE_APPLY(threads_agree, test::Backends);

TEST_CASE("storing every source before its kernel changes no bit") {
  const auto direct = Case<Default<Reference<float>>>(odd).step();
  const auto stored = Case<Default<Materialising<Reference<float>>>>(odd).step();
  CHECK(stored.logits == direct.logits);
  CHECK(stored.gradients == direct.gradients);
}

TEST_CASE("the plan of the published network needs at most 0.01 % more than the live bytes") {
  using Net = UNet<Reference<float>, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;
  const Context k{{.threads = 1}};
  for (const RunPlan& plan :
       {plan_of_step<Net>(k, {2, 64, 64, 64, 4}), plan_inference<Net>(k, {1, 64, 64, 64, 4})}) {
    std::size_t bound = 0;
    for (const Lifetime& at : plan.memory.lifetimes) {
      std::size_t live = 0;
      for (const Lifetime& life : plan.memory.lifetimes) {
        if (life.birth <= at.birth && at.birth < life.death) live += life.bytes;
      }
      bound = (std::max)(bound, live);
    }
    CHECK(plan.memory.bytes >= bound);
    CHECK(static_cast<double>(plan.memory.bytes) < 1.0001 * static_cast<double>(bound));
  }
  // A step costs three forward passes less the gradient of the image: 4 -> 30 channels on 2 x 64^3.
  const double forward = 2 * 782.6 / 8, image = 2 * 2 * 6.795 / 8;
  CHECK(plan_of_step<Net>(k, {2, 64, 64, 64, 4}).ledger.flops * 1e-9 ==
        doctest::Approx(3 * forward - image).epsilon(1e-4));
}
