#include "glia/models/cascaded_unet.hpp"

#include "glia/data/resample.hpp"
#include "glia/layers/grouped.hpp"
#include "golden/golden_network.hpp"

using namespace glia;

namespace {

/// The other backends agree with these where a network is concerned: conformance tests.
using Oracles = std::tuple<Reference<double>, Cpu<Float32>>;

constexpr Sgd sgd{.rate = 1e-2, .momentum = 0.9, .weight_decay = 1e-5};

template <class B, class... Policies>
using Tiny = CascadedUNet<B, Channels<2, 3>, BaseWidth<1>, Pyramid<2, 3>, NoDropout, Policies...>;
/// Regions of one class each: losses over them are losses over classes.
using Classes = SoftmaxClasses<4, ClassSet<1>, ClassSet<2>, ClassSet<3>>;

/// Lachinov et al. 2018.
constexpr SoftDice published_loss{.squared_prediction = true,
                                  .squared_target = false,
                                  .smooth_numerator = 1,
                                  .smooth_denominator = 1,
                                  .pooling = SoftDice::Pooling::sample};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE(
    "the cascade agrees with PyTorch in logits, losses of all stages, gradients and updates", B,
    cascade) {
  if (!test::available<B>()) return;
  test::GoldenNetwork<Tiny<B>> golden("cascaded_unet.safetensors");
  golden.check_names_and_dims();
  golden.check_gradients();
  golden.check_three_steps("sgd", sgd);
}
TEST_CASE_TEMPLATE_APPLY(cascade, Oracles);

TEST_CASE_TEMPLATE_DEFINE("the cascade with the published head, maps and loss agrees with PyTorch",
                          B, published) {
  if (!test::available<B>()) return;
  test::GoldenNetwork<Tiny<B, Classes>, SoftDice> golden("cascaded_unet_softmax.safetensors",
                                                         published_loss);
  golden.check_names_and_dims();
  golden.check_gradients();
  golden.check_three_steps("sgd", sgd);
}
TEST_CASE_TEMPLATE_APPLY(published, std::tuple<Cpu<Float32>>);

TEST_CASE_TEMPLATE_DEFINE("grouped and transposed convolutions agree with PyTorch", B, layers) {
  if (!test::available<B>()) return;
  using T = typename B::Scalar;
  const test::GoldenFile file("cascade_layers.safetensors");
  Context k{{.threads = 2}};
  const auto check = [&]<class Layer>(const std::string& name, auto&& forward, auto&& backward,
                                      std::type_identity<Layer>) {
    CAPTURE(name);
    ParameterSet<typename Layer::Parameters, typename B::Real> p, grads;
    const auto weight = file.values(name + ".weight");
    std::copy(weight.begin(), weight.end(), p.flat().begin());
    const auto x = test::upload<B>(k, file.tensor(name + ".x")),
               grad_y = test::upload<B>(k, file.tensor(name + ".grad_y"));
    const auto y = test::filled<B>(k, grad_y.shape(), 99),
               grad_x = test::filled<B>(k, x.shape(), 99);
    forward(p.fields(), x.view(), y.view());
    backward(p.fields(), x.view(), grad_y.view(), Store<T>{grad_x.view()}, grads.fields());
    const auto agrees = [&](const auto& values, const std::string& key) {
      CAPTURE(key);
      CHECK(test::relative_error(values, file.values(name + key)) < 1e-6);
    };
    agrees(test::download(y.view()), ".y");
    agrees(test::download(grad_x.view()), ".grad_x");
    agrees(grads.flat(), ".grad_weight");
  };
  using Groups = GroupedConv3d<B, 6, 9, 3, 3, 2, false>;
  check(
      "grouped_conv", [&](auto& p, View<const T> x, View<T> y) { Groups::forward(k, p, x, y); },
      [&](auto& p, View<const T> x, View<const T> grad, const auto& grad_x, auto& grads) {
        Groups::backward(k, p, x, grad, grad_x, grads);
      },
      std::type_identity<Groups>{});
  using Up = TransposedConv3d<B, 3, 5>;
  const auto wire = [](View<const T> x) { return make_wire<3>(Plain<T>{x}); };
  check(
      "transposed_conv",
      [&](auto& p, View<const T> x, View<T> y) { Up::forward(k, p, wire(x), y); },
      [&](auto& p, View<const T> x, View<const T> grad, const auto& grad_x, auto& grads) {
        Up::backward(k, p, wire(x), grad, grad_x, grads);
      },
      std::type_identity<Up>{});
}
TEST_CASE_TEMPLATE_APPLY(layers, Oracles);

TEST_CASE("resampling agrees with PyTorch") {
  const test::GoldenFile file("cascade_layers.safetensors");
  const auto x = file.tensor<float>("resample.x"), expected = file.tensor<float>("resample.y");
  HostTensor<float> y(expected.shape());
  resample(x.view(), y.view());
  CHECK(test::relative_error(y.values(), expected.values()) < 1e-6);
}
