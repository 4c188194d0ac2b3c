#include "glia/layers/dropout.hpp"

#include <doctest/doctest.h>

#include <set>

#include "support/backends.hpp"

using namespace glia;

namespace {

constexpr Shape shape{2, 4, 5, 6, 20};
using Elements = ElementDropout<std::ratio<3, 10>>;
using Channel = SpatialDropout<std::ratio<1, 5>>;

template <class B>
struct Result {
  std::vector<double> values, moments;
  DropoutMask mask;
};

/// Dropout of the constant one in its place in a network: the `ordinal`-th layer that draws.
template <class B, class Drop, Mode M = Mode::training>
Result<B> drop(int threads, std::uint64_t seed = 1, index_t step = 0, int ordinal = 0,
               Shape s = shape) {
  Context k{{.threads = threads, .seed = seed}};
  k.begin_step(step);
  for (int i = 0; i < ordinal; ++i) (void)k.draw_key();
  Result<B> result;
  auto x = make_stream<B>(k, test::filled<B>(k, s, 1));
  x = Dropout<B, Drop>::template forward<M>(k, std::move(x), result.mask);
  result.values = test::download(x.values.view());
  result.moments.assign(x.moments.data(), x.moments.data() + 2 * s.n * s.c);
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("dropout keeps the expected share and the mean, for any threads", B,
                          shares) {
  if (!test::available<B>()) return;
  const auto result = drop<B, Elements>(1);
  // 4800 draws: a standard deviation of the share of 0.0066.
  index_t zeros = 0;
  std::vector<double> sums(2 * 2 * 20);
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    const double value = result.values[i];
    zeros += value == 0;
    CHECK((value == 0 || value == doctest::Approx(1 / 0.7)));
    const std::size_t channel = i / 2400 * 20 + i % 20;
    sums[2 * channel] += value;
    sums[2 * channel + 1] += value * value;
  }
  CHECK(static_cast<double>(zeros) / 4800 == doctest::Approx(0.3).epsilon(0.07));
  CHECK(test::relative_error(result.moments, sums) < 1e-6);
  for (const int threads : {2, 3}) CHECK(drop<B, Elements>(threads).values == result.values);
  const auto same = drop<Reference<double>, Elements>(1);
  CHECK(test::relative_error(result.values, same.values) < 1e-6);
}
TEST_CASE_TEMPLATE_APPLY(shares, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("spatial dropout takes whole channels of a sample", B, channels) {
  if (!test::available<B>()) return;
  const Shape many{8, 2, 1, 3, 100};
  const auto result = drop<B, Channel>(2, 1, 0, 0, many);
  index_t zeros = 0;
  for (std::size_t n = 0; n < 8; ++n) {
    for (std::size_t c = 0; c < 100; ++c) {
      const double first = result.values[n * 600 + c];
      for (std::size_t i = 0; i < 6; ++i) CHECK(result.values[n * 600 + i * 100 + c] == first);
      CHECK((first == 0 || first == doctest::Approx(1.25)));
      zeros += first == 0;
    }
  }
  CHECK(static_cast<double>(zeros) / 800 == doctest::Approx(0.2).epsilon(0.15));
}
TEST_CASE_TEMPLATE_APPLY(channels, test::Backends);

TEST_CASE("masks depend on seed, step and layer; the same name gives the same mask") {
  using B = Reference<float>;
  const auto first = drop<B, Elements>(1).values;
  CHECK(drop<B, Elements>(1).values == first);
  CHECK(drop<B, Elements>(1, 2).values != first);
  CHECK(drop<B, Elements>(1, 1, 1).values != first);
  CHECK(drop<B, Elements>(1, 1, 0, 1).values != first);
}

TEST_CASE("backward applies the mask of forward") {
  using B = Cpu<Float32>;
  const auto result = drop<B, Elements>(1);
  Context k{{.threads = 1}};
  const auto grad = test::filled<B>(k, shape, 1), to = test::filled<B>(k, shape, 9);
  store<B>(k, Dropout<B, Elements>::backward(grad.view(), result.mask), Store<float>{to.view()});
  CHECK(test::download(to.view()) == result.values);
}

TEST_CASE("nothing is drawn at inference, nor without dropout") {
  using B = Reference<float>;
  const std::vector<double> ones(4800, 1.0);
  CHECK(drop<B, Elements, Mode::inference>(1).values == ones);
  CHECK(drop<B, NoDropout>(1).values == ones);
  Context k{{.threads = 1}};
  DropoutMask mask;
  auto x = make_stream<B>(k, test::filled<B>(k, shape, 1));
  x = Dropout<B, Elements>::forward<Mode::inference>(k, std::move(x), mask);
  x = Dropout<B, NoDropout>::forward<Mode::training>(k, std::move(x), mask);
  CHECK(k.draw_key().ordinal == 0);
}
