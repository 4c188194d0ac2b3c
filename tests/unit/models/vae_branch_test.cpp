#include "glia/models/vae_branch.hpp"

#include <doctest/doctest.h>

#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/models/res_unet.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/train/training_step.hpp"
#include "support/backends.hpp"

using namespace glia;

namespace {

template <class B, class... Policies>
using Published = ResUNet<B, Channels<4, 3>, Widths<32, 64, 128, 256>, Policies...>;
template <class B, class... Policies>
using Small = ResUNet<B, Channels<4, 3>, Widths<4, 8>, GroupNorm<2>, EncoderBlocks<1, 1>, NoDropout,
                      Policies...>;
using Branch = VaeBranch<8, 4, 8, Latents<6>>;
constexpr Shape shape{2, 8, 4, 8, 4};

static_assert(
    HasAuxiliaryLoss<Published<Cpu<Float32>, VaeBranch<128, 128, 128>>, DiceAndCrossEntropy>);
static_assert(!HasAuxiliaryLoss<Published<Cpu<Float32>>, DiceAndCrossEntropy>);

/// A network, its gradient computer, an image and what is asked of it.
template <class Net>
struct Training {
  Context k;
  ParameterSet<typename Net::Parameters, float> parameters, gradients;
  HostTensor<float> image = test::random_tensor<float>(shape, 1), target{with_channels(shape, 3)};
  GradientComputer<Net, DiceAndCrossEntropy> compute;

  explicit Training(int threads)
      : k{{.threads = threads, .seed = 4}}, compute(k, shape, DiceAndCrossEntropy{}) {
    parameters.initialise(1);
    for (std::size_t i = 0; i < target.values().size(); ++i)
      target.values()[i] = image.values()[i / 3 * 4 + i % 3] > 0.5F ? 1.F : 0.F;
  }
  double operator()(index_t step = 0) {
    return compute(parameters, std::as_const(image).view(), std::as_const(target).view(), gradients,
                   step);
  }
};

}  // namespace

TEST_CASE("parameters of the published autoencoder") {
  using B = Reference<float>;
  const index_t without = count_parameters<Published<B>::Parameters>();
  using Whole = Published<B, VaeBranch<128, 128, 128>>;
  CHECK(count_parameters<Whole::Parameters>() == without + 4474644);  // networks.md 4.2
  using Shared = Published<B, VaeBranch<128, 128, 128, SharedDecoder>>;
  CHECK(count_parameters<Shared::Parameters>() == without + 4474644 - 918016 - 229632 - 57472);

  ParameterSet<Whole::Parameters, float> set(false);
  index_t named = 0;
  visit_parameters(
      [&](const std::string& name, const auto& leaf) {
        if (name.starts_with("vae.")) named += leaf.size;
      },
      "", set.fields());
  CHECK(named == 4474644);
}

TEST_CASE("the published autoencoder costs 408.4 GFLOP forward, in training only") {
  using B = Reference<float>;
  using Whole = Published<B, VaeBranch<128, 128, 128>>;
  const Context k{{.threads = 1}};
  const Shape image{1, 128, 128, 128, 4};
  const DiceAndCrossEntropy loss{};
  const double more = plan_training<Whole>(k, image, loss).ledger.flops -
                      plan_training<Published<B>>(k, image, loss).ledger.flops;
  CHECK(more / 3e9 == doctest::Approx(408.4).epsilon(2e-4));
  const RunPlan with = plan_inference<Whole>(k, image),
                without = plan_inference<Published<B>>(k, image);
  CHECK(with.ledger.flops == without.ledger.flops);
  CHECK(with.memory.bytes == without.memory.bytes);
}

TEST_CASE("a training step with the autoencoder touches its plan, the same bits for any threads") {
  using Net = Small<Cpu<Float32>, Branch>;
  Training<Net> one(1);
  const double loss = one();
  CHECK(one.compute.measured_bytes() ==
        plan_training<Net>(one.k, shape, DiceAndCrossEntropy{}).memory.bytes);
  for (const int threads : {2, 3}) {
    Training<Net> more(threads);
    CHECK(more() == loss);
    CHECK(std::equal(one.gradients.flat().begin(), one.gradients.flat().end(),
                     more.gradients.flat().begin()));
  }
  CHECK(one(1) != loss);  // another step draws other noise
  CHECK(one(0) == loss);
}

TEST_CASE("the autoencoder learns to rebuild the image") {
  Training<Small<Cpu<Float32>, Branch>> training(1);
  using Weighted = VaeBranch<8, 4, 8, Latents<6>, VaeWeights<std::ratio<1>, std::ratio<1, 10>>>;
  Training<Small<Cpu<Float32>, Weighted>> weighted(1);
  std::copy(training.parameters.flat().begin(), training.parameters.flat().end(),
            weighted.parameters.flat().begin());
  // The two losses differ by 0.9 mean squared errors.
  const auto error = [&] { return (weighted() - training()) / 0.9; };
  const double before = error();
  CHECK(before > 0);
  ParameterSet<Small<Cpu<Float32>, Weighted>::Parameters, float> first, second;
  const Adam adam{.rate = 1e-2};
  for (index_t step = 1; step <= 200; ++step) {
    weighted(step);
    adam.apply<Cpu<Float32>>(weighted.k, {weighted.parameters.flat(),
                                          weighted.gradients.flat(),
                                          {first.flat(), second.flat()},
                                          adam.initial_rate(),
                                          step});
  }
  std::copy(weighted.parameters.flat().begin(), weighted.parameters.flat().end(),
            training.parameters.flat().begin());
  CHECK(error() < 0.7 * before);
}

TEST_CASE("patches of another extent than the dense layers' are refused") {
  using Net = Small<Reference<float>, Branch>;
  const Context k{{.threads = 1}};
  CHECK_THROWS_WITH_AS((void)plan_training<Net>(k, {1, 8, 8, 8, 4}, DiceAndCrossEntropy{}),
                       "VaeBranch: image extent: got 8x8x8, expected 8x4x8", UsageError);
  CHECK_NOTHROW((void)plan_inference<Net>(k, {1, 8, 8, 8, 4}));
}
