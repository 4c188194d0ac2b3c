#include "glia/models/cascaded_unet.hpp"

#include "glia/losses/compound.hpp"
#include "glia/train/training_step.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

/// |numeric - analytic| / max(|numeric|) over `count` elements drawn from a gradient.
template <class F>
double error_of_some(std::span<double> values, std::span<const double> analytic, int count,
                     F&& loss) {
  constexpr double step = 1e-6;
  double worst = 0, largest = 0;
  Random random{17};
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(random.uniform() * static_cast<double>(values.size()));
    const double before = values[at];
    values[at] = before + step;
    const double above = loss();
    values[at] = before - step;
    const double below = loss();
    values[at] = before;
    const double numeric = (above - below) / (2 * step);
    worst = (std::max)(worst, std::abs(numeric - analytic[at]));
    largest = (std::max)(largest, std::abs(numeric));
  }
  return worst / largest;
}

/// The gradient of the sum of all stages' losses, and that of the image.
template <class... Policies>
void check_cascade(const std::string& name, Shape shape, int count) {
  using Net = CascadedUNet<B, Channels<2, 3>, BaseWidth<1>, Policies...>;
  CAPTURE(name);
  Context k{{.threads = 1}};
  using Set = ParameterSet<typename Net::Parameters, double>;
  Set p, grads, none;
  test::randomise(p.flat(), 1, 0.5);
  auto x = test::random_tensor<double>(shape, 2);
  HostTensor<float> target(with_channels(shape, 3));
  Random random{3};
  for (float& g : target.values()) g = random.bernoulli(0.3) ? 1.F : 0.F;
  LossBuffers buffers;
  const DiceAndCrossEntropy dice_and_cross_entropy;
  const auto image = std::as_const(x).view();
  const auto truth = std::as_const(target).view();
  HostTensor<double> y(with_channels(shape, 3)), grad_x(shape);
  k.begin_step(5);
  accumulate_gradients<Net>(k, p.fields(), image, truth, dice_and_cross_entropy, buffers,
                            grads.fields());

  typename Net::Saved saved;
  const auto forward = [&] {
    k.begin_step(5);
    saved = {};
    Net::template forward<Mode::training>(k, p.fields(), image, y.view(), saved);
  };
  const auto loss = [&] {
    forward();
    const Differentiate<B, DiceAndCrossEntropy> differentiate{k, dice_and_cross_entropy, buffers};
    const double coarser = Net::auxiliary_loss(k, p.fields(), saved, image, truth, differentiate);
    return differentiate(y.view(), truth) + coarser;
  };
  CHECK(error_of_some(p.flat(), grads.flat(), count, loss) < test::gradient_tolerance);

  const auto weights = test::random_tensor<double>(y.shape(), 4);
  const auto product = [&] {
    forward();
    return test::dot(weights.values(), y.values());
  };
  forward();
  Net::backward(k, p.fields(), saved, image, Plain<double>{weights.view()}, none.fields(),
                Store<double>{grad_x.view()});
  CHECK(error_of_some(x.values(), grad_x.values(), count / 4, product) < test::gradient_tolerance);
}

}  // namespace

TEST_CASE("gradients of the cascade: context at one level, dropout, batch of two, not a cube") {
  check_cascade<Pyramid<2, 3>>("two stages of three levels", {2, 8, 8, 8, 2}, 150);
}

TEST_CASE("gradients of the cascade with softmax maps and weighted stages") {
  check_cascade<Pyramid<2, 3>, SoftmaxLabels, StageWeights<std::ratio<3, 4>>, LeakyReLU<>,
                GroupNorm<1>, NoDropout>("all others", {1, 8, 16, 8, 2}, 150);
}

TEST_CASE("gradients of the cascade of three stages, and of one") {
  check_cascade<Pyramid<3, 3>>("three stages", {1, 16, 16, 16, 2}, 40);
  check_cascade<Pyramid<1, 2>>("one stage", {1, 4, 2, 4, 2}, 100);
}
