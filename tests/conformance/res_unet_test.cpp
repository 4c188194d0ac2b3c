#include "glia/models/res_unet.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/train/training_step.hpp"
#include "support/backends.hpp"

using namespace glia;

namespace {

constexpr Shape odd{2, 4, 8, 12, 4};

template <class B, class... Policies>
using Small =
    ResUNet<B, Channels<4, 3>, Widths<3, 6, 12>, GroupNorm<3>, EncoderBlocks<1, 2, 1>, Policies...>;

/// The same weights, image and target for every backend: numbers that float holds exactly.
template <class Net>
struct Case {
  using B = typename Net::Engine;
  using R = typename B::Real;
  using Set = ParameterSet<typename Net::Parameters, R>;
  Context k;
  HostTensor<float> image = test::random_tensor<float>(odd, 1), target{with_channels(odd, 3)};
  Set parameters;

  explicit Case(int threads = 2) : k{{.threads = threads, .seed = 9}} {
    Random random{2};
    for (float& g : target.values()) g = random.bernoulli(0.3) ? 1.F : 0.F;
    std::vector<float> weights(parameters.flat().size());
    test::randomise(std::span<float>(weights), 3, 0.4);
    std::copy(weights.begin(), weights.end(), parameters.flat().begin());
  }

  /// The loss of training step 4, then its gradients.
  [[nodiscard]] std::vector<R> step() {
    const auto input = test::upload<B>(k, image);
    Set gradients;
    LossBuffers buffers;
    k.begin_step(4);
    const double loss = accumulate_gradients<Net>(
        k, parameters.fields(), input.view(), std::as_const(target).view(), DiceAndCrossEntropy{},
        buffers, gradients.fields());
    std::vector<R> result(gradients.flat().begin(), gradients.flat().end());
    result.push_back(static_cast<R>(loss));
    return result;
  }
};

using Others = std::tuple<Reference<float>, Materialising<Reference<float>>, Cpu<Float32>,
                          Cpu<Float32, isa::Generic>>;

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("a training step of the ResUNet agrees with the reference, dropout too",
                          B, step_agrees) {
  using Drop = ElementDropout<std::ratio<1, 4>>;
  const auto expected = Case<Small<Reference<double>, Drop>>().step();
  CHECK(test::relative_error(Case<Small<B, Drop>>().step(), expected) < 1e-5);
  // Without dropout the loss is another.
  const auto whole = Case<Small<Reference<double>, NoDropout>>().step();
  CHECK(test::relative_error(whole, expected) > 1e-2);
}
TEST_CASE_TEMPLATE_APPLY(step_agrees, Others);

TEST_CASE_TEMPLATE_DEFINE("a planned step of the ResUNet touches its plan and computes its bits", B,
                          plan_holds) {
  using Net = Small<B>;
  Case<Net> given;
  auto expected = given.step();
  expected.pop_back();
  GradientComputer<Net, DiceAndCrossEntropy> compute(given.k, odd, {});
  typename Case<Net>::Set gradients;
  for (int run = 0; run < 2; ++run) {
    compute(given.parameters, std::as_const(given.image).view(), std::as_const(given.target).view(),
            gradients, 4);
    CHECK(std::equal(expected.begin(), expected.end(), gradients.flat().begin()));
    CHECK(compute.measured_bytes() ==
          plan_training<Net>(given.k, odd, DiceAndCrossEntropy{}).memory.bytes);
  }
}
TEST_CASE_TEMPLATE_APPLY(plan_holds, Others);

TEST_CASE_TEMPLATE_DEFINE("inference of the ResUNet in place computes the bits of training", B,
                          inference_agrees) {
  using Net = Small<B, NoDropout>;
  Case<Net> given;
  Model<Net> model(given.k);
  std::copy(given.parameters.flat().begin(), given.parameters.flat().end(),
            model.parameters().flat().begin());
  HostTensor<float> got(given.target.shape()), expected(given.target.shape());
  model(std::as_const(given.image).view(), got.view());
  const std::size_t bytes = plan_inference<Net>(given.k, odd).memory.bytes;
  CHECK(model.measured_bytes() == bytes);
  CHECK(bytes < plan_training<Net>(given.k, odd, DiceAndCrossEntropy{}).memory.bytes);

  const auto input = test::upload<B>(given.k, given.image);
  const auto logits = make_tensor<B>(given.k, given.target.shape());
  typename Net::Saved saved;
  Net::template forward<Mode::training>(given.k, given.parameters.fields(), input.view(),
                                        logits.view(), saved);
  B::probabilities(given.k, logits.view(), expected.view());
  CHECK(got.values() == expected.values());
}
TEST_CASE_TEMPLATE_APPLY(inference_agrees, Others);

TEST_CASE("the ResUNet computes the same bits for any number of threads") {
  using Net = Small<Cpu<Float32>, ElementDropout<std::ratio<1, 4>>>;
  const auto one = Case<Net>(1).step();
  for (const int threads : {2, 3}) CHECK(Case<Net>(threads).step() == one);
}

TEST_CASE("the ResUNet learns an image by heart") {
  using Net = Small<Cpu<Float32>, NoDropout>;
  Case<Net> given;
  const auto& image = given.image;
  for (std::size_t i = 0; i < given.target.values().size(); ++i)
    given.target.values()[i] = image.values()[i / 3 * 4 + i % 3] > 0.5F ? 1.F : 0.F;
  given.parameters.initialise(1);
  GradientComputer<Net, DiceAndCrossEntropy> compute(given.k, odd, {});
  typename Case<Net>::Set gradients, first, second;
  const Adam adam{.rate = 1e-2};
  double before = 0, loss = 0;
  for (index_t step = 1; step <= 100; ++step) {
    loss = compute(given.parameters, image.view(), std::as_const(given.target).view(), gradients);
    if (step == 1) before = loss;
    adam.apply<Cpu<Float32>>(given.k, {given.parameters.flat(),
                                       gradients.flat(),
                                       {first.flat(), second.flat()},
                                       adam.initial_rate(),
                                       step});
  }
  CHECK(loss < 0.5 * before);
}
