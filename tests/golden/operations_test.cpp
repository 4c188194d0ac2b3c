#include <doctest/doctest.h>

#include "golden/golden_file.hpp"
#include "support/backends.hpp"

using namespace glia;

namespace {

/// |a - b| / |b| of a whole tensor: float storage of the files allows 1e-7, float arithmetic 1e-5.
template <class B>
constexpr double tolerance = sizeof(typename B::Real) == 8 ? 1e-6 : 1e-5;

template <class R>
std::vector<R> cast(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

template <class B>
struct Operations {
  using T = typename B::Scalar;
  using R = typename B::Real;
  const test::GoldenFile file{"operations.safetensors"};
  Context k{{.threads = 2}};

  template <class V>
  void check(const V& values, const std::string& name) const {
    CAPTURE(name);
    CHECK(test::relative_error(values, file.values(name)) < tolerance<B>);
  }

  void convolution(index_t kernel, index_t stride) {
    const std::string name = "conv3d_k" + std::to_string(kernel) + "_s" + std::to_string(stride);
    const ConvDescriptor c{2, 3, kernel, stride};
    const auto x = test::upload<B>(k, file.tensor(name + ".x"));
    const auto grad_y = test::upload<B>(k, file.tensor(name + ".grad_y"));
    const auto weight = cast<R>(file.values(name + ".weight")),
               bias = cast<R>(file.values(name + ".bias"));
    const auto y = test::filled<B>(k, c.output(x.shape()), 99),
               grad_x = test::filled<B>(k, x.shape(), 99);
    test::convolution<B>(k, c, Plain<T>{x.view()}, weight.data(),
                         Output<T, R>{.y = y.view(), .bias = bias.data()});
    check(test::download(y.view()), name + ".y");

    std::vector<R> grad_weight(weight.size()), grad_bias(bias.size());
    test::convolution_backward<B>(k, c, Plain<T>{x.view()}, Plain<T>{grad_y.view()}, weight.data(),
                                  Store<T>{grad_x.view()}, grad_weight.data(), grad_bias.data());
    check(test::download(grad_x.view()), name + ".grad_x");
    check(grad_weight, name + ".grad_weight");
    check(grad_bias, name + ".grad_bias");
  }

  void norm(const std::string& name, index_t groups, double slope, bool pool = false) {
    test::NormAndActivation<B> block(k, file.tensor(name + ".x"), file.values(name + ".weight"),
                                     file.values(name + ".bias"), groups, slope);
    const auto output = pool ? block.pooled_output() : block.output();
    const auto y = test::filled<B>(k, output.shape(), 99),
               grad_x = test::filled<B>(k, block.norm.shape, 99);
    test::store<B>(k, output, Store<T>{y.view()});
    check(test::download(y.view()), name + ".y");

    const auto grad_y = test::upload<B>(k, file.tensor(name + ".grad_y"));
    if (pool) {
      const auto nothing = test::filled<B>(k, block.norm.shape, 0);
      test::store<B>(k, Plain<T>{nothing.view()}, block.sink());
      test::store<B>(k, Plain<T>{grad_y.view()}, block.pooled_sink());
    } else {
      test::store<B>(k, Plain<T>{grad_y.view()}, block.sink());
    }
    std::vector<R> grad_weight(4), grad_bias(4);
    test::store<B>(k, block.gradient(k, grad_weight, grad_bias), Store<T>{grad_x.view()});
    check(test::download(grad_x.view()), name + ".grad_x");
    check(grad_weight, name + ".grad_weight");
    check(grad_bias, name + ".grad_bias");
  }

  void upsampling(const std::string& name, Interpolation kind) {
    const auto x = test::upload<B>(k, file.tensor(name + ".x")),
               grad_y = test::upload<B>(k, file.tensor(name + ".grad_y"));
    const auto y = test::filled<B>(k, doubled(x.shape()), 99),
               grad_x = test::filled<B>(k, x.shape(), 99);
    test::store<B>(k, Upsampled<Plain<T>>{{x.view()}, kind}, Store<T>{y.view()});
    check(test::download(y.view()), name + ".y");
    test::upsample_backward<B>(k, kind, grad_y.view(), Store<T>{grad_x.view()});
    check(test::download(grad_x.view()), name + ".grad_x");
  }
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("operations agree with PyTorch", B, operations) {
  if (!test::available<B>()) return;
  Operations<B> golden;
  for (const index_t kernel : {1, 3}) {
    for (const index_t stride : {1, 2}) golden.convolution(kernel, stride);
  }
  golden.norm("instance_norm", 4, 0.01);
  golden.norm("group_norm", 2, 0);
  golden.norm("max_pool", 4, 0.01, true);
  golden.upsampling("trilinear", Interpolation::trilinear);
  golden.upsampling("nearest", Interpolation::nearest);
}
TEST_CASE_TEMPLATE_APPLY(operations, test::Backends);
