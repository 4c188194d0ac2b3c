#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "support/backends.hpp"

using namespace glia;

namespace {

/// What an operation wrote, by name.
using Results = std::map<std::string, std::vector<double>>;

/// The same float values for every backend.
std::vector<float> draw(index_t count, std::uint32_t name, double deviation = 1) {
  std::vector<float> values(static_cast<std::size_t>(count));
  test::randomise(std::span<float>(values), name, deviation);
  return values;
}

template <class B>
class Bench {
 public:
  using T = typename B::Scalar;
  using R = typename B::Real;

  explicit Bench(int threads = 2) : k_{{.threads = threads}} {}

  /// Random content that depends on `name` alone.
  Tensor<T>& tensor(Shape s, std::uint32_t name) {
    HostTensor<float> values(s);
    values.values() = draw(s.elements(), name);
    return *tensors_.emplace_back(std::make_unique<Tensor<T>>(test::upload<B>(k_, values)));
  }
  /// A result that starts at `value`.
  Tensor<T>& result(Shape s, const std::string& name, double value = 0.25) {
    auto& tensor =
        *tensors_.emplace_back(std::make_unique<Tensor<T>>(test::filled<B>(k_, s, value)));
    written_.emplace_back(name, [&tensor] { return test::download(tensor.view()); });
    return tensor;
  }
  template <class V = R>
  V* numbers(index_t count, std::uint32_t name) {
    auto& array = numbers_of<V>().emplace_back(std::make_unique<std::vector<V>>());
    for (const float value : draw(count, name)) array->push_back(static_cast<V>(value));
    return array->data();
  }
  template <class V = R>
  V* counted(index_t count, const std::string& name) {
    auto& array = numbers_of<V>().emplace_back(
        std::make_unique<std::vector<V>>(static_cast<std::size_t>(count), V(0.5)));
    written_.emplace_back(
        name, [&values = *array] { return std::vector<double>(values.begin(), values.end()); });
    return array->data();
  }

  Plain<T> plain(Shape s, std::uint32_t name) { return {tensor(s, name).view()}; }
  Activated<T, R> activated(Shape s, std::uint32_t name) {
    return {tensor(s, name).view(), numbers(s.n * s.c, name + 1), numbers(s.n * s.c, name + 2),
            R(0.01)};
  }
  NormGradient<T, R> norm_gradient(Shape s, std::uint32_t name) {
    return {tensor(s, name).view(), tensor(s, name + 1).view(), numbers(3 * s.n * s.c, name + 2)};
  }
  Store<T> stored(Shape s, const std::string& name, bool accumulate = false) {
    return {result(s, name).view(), accumulate};
  }
  Output<T, R> output(Shape s, const std::string& name, bool everything) {
    if (!everything) return {.y = result(s, name).view()};
    const Shape half = halved(s);
    return {.y = result(s, name).view(),
            .bias = numbers(s.c, 901),
            .addend = tensor(s, 902).view(),
            .moments = counted<double>(2 * s.n * s.c, name + ".moments"),
            .pooled = half.voxels() > 0 ? result(half, name + ".pooled").view() : View<T>{},
            .gain = numbers(s.c, 903)};
  }
  ActivatedGradient<T, R> activated_gradient(Shape s, const std::string& name, bool accumulate) {
    return {activated(s, 911),
            numbers(s.n * s.c, 914),
            numbers(s.n * s.c, 915),
            result(s, name).view(),
            counted<double>(2 * s.n * s.c, name + ".sums"),
            accumulate};
  }
  /// For a coarse result of shape `s` whose fine tensor is twice as large on each axis.
  PooledGradient<T, R> pooled_gradient(Shape s, const std::string& name) {
    const auto fine = activated_gradient(doubled(s), name, true);
    auto& pooled = *tensors_.emplace_back(std::make_unique<Tensor<T>>(test::filled<B>(k_, s, 0)));
    auto& copy =
        *tensors_.emplace_back(std::make_unique<Tensor<T>>(test::filled<B>(k_, fine.shape(), 0)));
    test::store<B>(
        k_, Plain<T>{fine.source.raw},
        Output<T, R>{.y = copy.view(), .pooled = pooled.view(), .gain = numbers(s.c, 903)});
    return {fine, pooled.view()};
  }

  Context& context() { return k_; }
  [[nodiscard]] Results results() const {
    Results all;
    for (const auto& [name, read] : written_) all[name] = read();
    return all;
  }

 private:
  template <class V>
  std::vector<std::unique_ptr<std::vector<V>>>& numbers_of() {
    return std::get<std::vector<std::unique_ptr<std::vector<V>>>>(numbers_);
  }
  using Numbers = std::conditional_t<std::is_same_v<R, double>,
                                     std::tuple<std::vector<std::unique_ptr<std::vector<double>>>>,
                                     std::tuple<std::vector<std::unique_ptr<std::vector<double>>>,
                                                std::vector<std::unique_ptr<std::vector<R>>>>>;

  Context k_;
  std::vector<std::unique_ptr<Tensor<T>>> tensors_;
  Numbers numbers_;
  std::vector<std::pair<std::string, std::function<std::vector<double>()>>> written_;
};

/// |a - b| / |b| of each result: float arithmetic allows 1e-5 on tensors of this size.
template <class B>
constexpr double tolerance = sizeof(typename B::Real) == 8 ? 1e-11 : 1e-5;

/// Runs `operation` on B and on the reference and compares all that it wrote; then on one and three
/// threads.
template <class B, class F>
void agree(F&& operation) {
  const auto run = [&]<class Backend>(Bench<Backend> bench) {
    operation(bench);
    return bench.results();
  };
  const Results expected = run(Bench<Reference<double>>{}), one = run(Bench<B>{1});
  REQUIRE(one.size() == expected.size());
  for (const auto& result : expected) {
    const std::string& name = result.first;
    const std::vector<double>& values = result.second;
    CAPTURE(name);
    CHECK(test::relative_error(one.at(name), values) < tolerance<B>);
  }
  CHECK(run(Bench<B>{3}) == one);
}

struct Sizes {
  Shape x;
  index_t out;
};
const std::vector<Sizes> table{
    {{1, 1, 1, 1, 1}, 1},  {{1, 3, 5, 7, 4}, 30},  {{2, 2, 3, 9, 7}, 5},   {{1, 2, 3, 8, 30}, 33},
    {{1, 1, 2, 33, 3}, 8}, {{2, 4, 1, 7, 16}, 16}, {{1, 5, 2, 3, 33}, 17}, {{1, 2, 2, 17, 40}, 3},
};

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("convolutions of every source into every sink", B, convolutions) {
  if (!test::available<B>()) return;
  for (const Sizes& sizes : table) {
    const Shape x = sizes.x;
    const index_t out = sizes.out;
    for (const index_t kernel : {1, 3}) {
      for (const index_t stride : {1, 2}) {
        const ConvDescriptor c{x.c, out, kernel, stride};
        CAPTURE(to_string(x));
        CAPTURE(out);
        CAPTURE(kernel);
        CAPTURE(stride);
        agree<B>([&]<class Any>(Bench<Any>& b) {
          auto& k = b.context();
          const auto* w = b.numbers(c.in * c.out * c.taps(), 1);
          const Shape y = c.output(x);
          test::convolution<Any>(k, c, b.plain(x, 10), w, b.stored(y, "plain, stored"));
          test::convolution<Any>(k, c, b.plain(x, 10), w, b.stored(y, "plain, added", true));
          test::convolution<Any>(k, c, b.plain(x, 10), w, b.output(y, "plain", false));
          test::convolution<Any>(k, c, b.activated(x, 20), w, b.output(y, "activated", true));
        });
      }
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(convolutions, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("convolutions of upsampled and joined sources, and their backward", B,
                          joins) {
  if (!test::available<B>()) return;
  for (const Shape coarse :
       {Shape{1, 1, 1, 1, 2}, Shape{2, 2, 3, 5, 5}, Shape{1, 3, 1, 9, 16}, Shape{1, 2, 2, 6, 30}}) {
    CAPTURE(to_string(coarse));
    for (const auto kind : {Interpolation::trilinear, Interpolation::nearest}) {
      const index_t skip = coarse.c + 3;
      const Shape fine = with_channels(doubled(coarse), skip), y = with_channels(fine, 7);
      const ConvDescriptor c{coarse.c + skip, 7, 3, 1}, alone{coarse.c, 7, 1, 1};
      agree<B>([&]<class Any>(Bench<Any>& b) {
        auto& k = b.context();
        using T = typename Any::Scalar;
        using Skip = Activated<T, typename Any::Real>;
        const Upsampled<Skip> up{b.activated(coarse, 10), kind};
        const Concat<Upsampled<Skip>, Skip> joined{up, b.activated(fine, 20)};
        const auto* w = b.numbers(c.in * c.out * 27, 1);
        test::convolution<Any>(k, alone, up, w, b.output(y, "upsampled", true));
        test::convolution<Any>(k, c, joined, w, b.output(y, "joined", true));
        const Split<Store<T>, decltype(b.activated_gradient(fine, "", false))> split{
            b.stored(with_channels(fine, coarse.c), "to upsampled"),
            b.activated_gradient(fine, "to skip", false)};
        test::convolution_backward<Any>(k, c, joined, b.norm_gradient(y, 30), w, split,
                                        b.counted(c.in * c.out * 27, "grad weights"),
                                        b.counted(7, "grad bias"));
      });
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(joins, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("backward of convolutions from every gradient into every sink", B,
                          backwards) {
  if (!test::available<B>()) return;
  for (const Sizes& sizes : table) {
    const Shape x = sizes.x;
    const index_t out = sizes.out;
    for (const index_t kernel : {1, 3}) {
      for (const index_t stride : {1, 2}) {
        const ConvDescriptor c{x.c, out, kernel, stride};
        CAPTURE(to_string(x));
        CAPTURE(out);
        CAPTURE(kernel);
        CAPTURE(stride);
        agree<B>([&]<class Any>(Bench<Any>& b) {
          using R = typename Any::Real;
          auto& k = b.context();
          const index_t weights = c.in * c.out * c.taps();
          const R* w = b.numbers(weights, 1);
          const Shape y = c.output(x);
          const auto backward = [&](const std::string& name, const auto& source, const auto& grad,
                                    const auto& sink) {
            test::convolution_backward<Any>(k, c, source, grad, w, sink,
                                            b.counted(weights, name + ", weights"),
                                            b.counted(c.out, name + ", bias"));
          };
          backward("nobody", b.plain(x, 10), b.norm_gradient(y, 20), NoGradient{});
          backward("store", b.plain(x, 10), b.plain(y, 20), b.stored(x, "store"));
          backward("add", b.activated(x, 10), b.norm_gradient(y, 20), b.stored(x, "add", true));
          backward("activated", b.activated(x, 10), b.norm_gradient(y, 20),
                   b.activated_gradient(x, "activated", false));
          backward("activated again", b.activated(x, 10), b.plain(y, 20),
                   b.activated_gradient(x, "activated again", true));
          backward("pooled", b.activated(x, 10), b.norm_gradient(y, 20),
                   b.pooled_gradient(x, "pooled"));
          test::convolution_backward<Any>(k, c, b.activated(x, 10), b.norm_gradient(y, 20), w,
                                          b.activated_gradient(x, "no bias", false),
                                          b.counted(weights, "no bias, weights"),
                                          static_cast<R*>(nullptr));
        });
      }
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(backwards, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("store and upsample_backward", B, stores) {
  if (!test::available<B>()) return;
  for (const Sizes& sizes : table) {
    const Shape shape = sizes.x;
    CAPTURE(to_string(shape));
    agree<B>([&]<class Any>(Bench<Any>& b) {
      auto& k = b.context();
      test::store<Any>(k, b.plain(shape, 10), b.output(shape, "output", true));
      test::store<Any>(k, b.activated(shape, 10), b.stored(shape, "activated"));
      test::store<Any>(k, b.norm_gradient(shape, 10), b.stored(shape, "norm gradient", true));
      test::store<Any>(k, b.plain(shape, 10),
                       b.activated_gradient(shape, "activated gradient", false));
      test::store<Any>(k, b.plain(shape, 10), b.pooled_gradient(shape, "pooled gradient"));
      using Fine = Upsampled<Activated<typename Any::Scalar, typename Any::Real>>;
      const Shape fine = doubled(shape);
      for (const auto kind : {Interpolation::trilinear, Interpolation::nearest}) {
        const std::string name = kind == Interpolation::nearest ? "nearest" : "trilinear";
        test::store<Any>(k, Fine{b.activated(shape, 10), kind}, b.stored(fine, name));
        const auto grad = b.plain(fine, 30).x;
        test::upsample_backward<Any>(k, kind, grad,
                                     b.stored(shape, name + " backward, added", true));
        test::upsample_backward<Any>(k, kind, grad,
                                     b.activated_gradient(shape, name + " backward", false));
        test::upsample_backward<Any>(k, kind, grad,
                                     b.activated_gradient(shape, name + " backward again", true));
      }
    });
  }
}
TEST_CASE_TEMPLATE_APPLY(stores, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("normalisation, region losses and optimisers", B, rest) {
  if (!test::available<B>()) return;
  for (const index_t groups : {1, 2, 6}) {
    const Shape s{2, 3, 4, 5, 6};
    agree<B>([&]<class Any>(Bench<Any>& b) {
      auto& k = b.context();
      double* moments = b.template numbers<double>(24, 1);
      for (int i = 0; i < 12; ++i) moments[2 * i + 1] = 60 + moments[2 * i + 1];
      const auto* gain = b.numbers(6, 2);
      auto* coefficients = b.counted(48, "coefficients");
      Any::normalise(k, {s, groups, 1e-5}, moments, gain, b.numbers(6, 3), coefficients);
      Any::normalise_backward(k, {s, groups, 1e-5}, b.template numbers<double>(24, 4), coefficients,
                              gain, b.counted(36, "backward"), b.counted(6, "grad gain"),
                              b.counted(6, "grad offset"));
    });
  }
  for (const Shape s : {Shape{2, 3, 5, 7, 3}, Shape{1, 1, 1, 1, 3}, Shape{1, 2, 16, 16, 1}}) {
    CAPTURE(to_string(s));
    HostTensor<float> target(s);
    Random random{1};
    for (float& g : target.values())
      g = static_cast<float>(random.bernoulli(0.2) ? -1 : random.uniform());
    agree<B>([&]<class Any>(Bench<Any>& b) {
      auto& k = b.context();
      const auto logits = b.plain(s, 10).x;
      std::vector<RegionSums> sums(static_cast<std::size_t>(s.n * s.c));
      Any::region_sums(k, logits, std::as_const(target).view(), sums);
      Any::divergence_sums(k, logits, std::as_const(target).view(), 3, sums);
      auto* seen = b.template counted<double>(7 * s.n * s.c, "sums");
      std::vector<RegionCoefficients> coefficients;
      for (const auto& sum : sums) {
        for (const double value : {sum.pg, sum.pp, sum.gg, sum.p, sum.g, sum.bce, sum.divergence})
          *seen++ = value;
        coefficients.push_back({0.3, -0.2, 0.1, 0.7, 0.4, 3});
      }
      Any::region_gradient(k, logits, std::as_const(target).view(), coefficients,
                           b.result(s, "gradient").view());
      HostTensor<float> probabilities(s);
      Any::probabilities(k, logits, probabilities.view());
      std::copy(probabilities.values().begin(), probabilities.values().end(),
                b.template counted<double>(s.elements(), "probabilities"));
    });
  }
  agree<B>([]<class Any>(Bench<Any>& b) {
    using R = typename Any::Real;
    auto& k = b.context();
    const index_t count = 1003;
    const std::span<const R> g(b.numbers(count, 1), static_cast<std::size_t>(count));
    const auto span = [&](const std::string& name) {
      return std::span<R>(b.counted(count, name), static_cast<std::size_t>(count));
    };
    const auto sgd = span("sgd"), moment = span("moment"), adam = span("adam"),
               first = span("first"), second = span("second"), adam_w = span("adam_w"),
               blend = span("blend");
    Any::sgd_step(k, {0.1, 0.9, 1e-3, true}, sgd, g, moment);
    Any::sgd_step(k, {0.1, 0.9, 1e-3, false}, sgd, g, moment);
    Any::adam_step(k, {0.01, 0.9, 0.999, 1e-8, 1e-2, false, 3}, adam, g, first, second);
    Any::adam_step(k, {0.01, 0.9, 0.999, 1e-8, 1e-2, true, 4}, adam_w, g, first, second);
    Any::blend(k, blend, g, 0.9);
    Any::scale(k, blend, -3);
    *b.template counted<double>(1, "squared norm") = Any::squared_norm(k, g);
    Any::fill(k, blend.data(), 10, R(7));
  });
}
TEST_CASE_TEMPLATE_APPLY(rest, test::Backends);
