#include <zlib.h>

#include "glia/models/cascaded_unet.hpp"
#include "golden/golden_network.hpp"

using namespace glia;

namespace {

/// make_cascaded_unet.py: numbers in [-1, 1) made of their index and a name.
std::vector<double> hashed(index_t count, const std::string& name) {
  const auto first = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(name.data()), static_cast<uInt>(name.size())));
  std::vector<double> values;
  for (index_t i = 0; i < count; ++i) {
    auto x = static_cast<std::uint32_t>(i) + first;
    x = (x ^ (x >> 16)) * 0x85ebca6bU;
    x = (x ^ (x >> 13)) * 0xc2b2ae35U;
    values.push_back(static_cast<double>(x >> 16) / 32768 - 1);
  }
  return values;
}
/// Value i of a parameter: gains around 1, biases below 1/2, weights of a variance near 1 / fan-in.
double start_of(const std::string& name, std::span<const index_t> dims, double value) {
  if (name.ends_with("norm1.weight") || name.ends_with("norm2.weight")) return 1 + value / 2;
  if (dims.size() == 1) return value / 2;
  double fan_in = 1;
  for (const index_t dim : dims.subspan(1)) fan_in *= static_cast<double>(dim);
  return value * std::exp2(-std::floor(std::log2(fan_in) / 2));
}

}  // namespace

TEST_CASE("the cascade of three stages of four levels agrees with PyTorch") {
  using B = Reference<double>;  // float rounding turns single maxima and kinks
  using Net = CascadedUNet<B, Channels<4, 3>, BaseWidth<1>, NoDropout>;
  constexpr double tolerance = 1e-6;
  const test::GoldenFile file("cascaded_unet_whole.safetensors");
  Context k{{.threads = 2}};
  ParameterSet<Net::Parameters, double> parameters, gradients, moments;
  for (const auto& leaf : test::leaves(parameters)) {
    const auto values = hashed(std::ssize(leaf.values), leaf.name);
    std::transform(values.begin(), values.end(), leaf.values.begin(),
                   [&](double value) { return start_of(leaf.name, leaf.dims, value); });
  }
  const Shape shape{1, 32, 32, 64, 4};
  HostTensor<float> target(with_channels(shape, 3));
  HostTensor<double> image(shape), logits(target.shape());
  const auto pixels = hashed(shape.elements(), "image"),
             truth = hashed(target.shape().elements(), "target");
  std::copy(pixels.begin(), pixels.end(), image.values().begin());
  std::transform(truth.begin(), truth.end(), target.values().begin(),
                 [](double x) { return x > 0.25 ? 1.F : 0.F; });

  // The product with hashed numbers is as exact as the product of the norms.
  const auto agree = [&](const std::string& name, const std::string& key,
                         std::span<const double> values, double least) {
    CAPTURE(key);
    const auto expected = file.values(key), weights = hashed(std::ssize(values), name + "#");
    const double allowed = tolerance * (std::max)(expected[1], least);
    CHECK(std::abs(test::dot(values, weights) - expected[0]) <
          allowed * std::sqrt(test::dot(weights, weights)));
    CHECK(std::abs(std::sqrt(test::dot(values, values)) - expected[1]) < allowed);
  };
  const auto agree_all = [&](const std::string& prefix, auto& set) {
    const double least = 0.01 * std::sqrt(test::dot(set.flat(), set.flat()));
    for (const auto& leaf : test::leaves(set))
      agree(leaf.name, prefix + leaf.name, leaf.values, least);
  };

  Net::Saved saved;
  Net::forward<Mode::inference>(k, parameters.fields(), std::as_const(image).view(), logits.view(),
                                saved);
  agree("logits", "logits", logits.values(), 0);
  LossBuffers buffers;
  for (index_t step = 1; step <= 3; ++step) {
    std::fill(gradients.flat().begin(), gradients.flat().end(), 0.0);
    const double loss = accumulate_gradients<Net>(
        k, parameters.fields(), std::as_const(image).view(), std::as_const(target).view(),
        DiceAndCrossEntropy{}, buffers, gradients.fields());
    if (step == 1) {
      CHECK(loss == doctest::Approx(file.values("loss")[0]).epsilon(tolerance));
      agree_all("gradient.", gradients);
    }
    Sgd{.momentum = 0.9, .weight_decay = 1e-5}.apply<B>(
        k, {parameters.flat(), gradients.flat(), {moments.flat(), {}}, 1e-2, step});
  }
  agree_all("sgd.", parameters);
}
