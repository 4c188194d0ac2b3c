#include "glia/source/plain.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "glia/backend/reference.hpp"
#include "glia/source/concat.hpp"
#include "glia/source/norm_gradient.hpp"
#include "support/tensors.hpp"

using namespace glia;

static_assert(Source<Plain<float>> && !Sink<Plain<float>>);
static_assert(Sink<Store<float>> && !Source<Store<float>>);
static_assert(!Sink<NoGradient> && !Source<NoGradient>);

TEST_CASE("Store copies Plain element by element, or adds") {
  Context k{{.threads = 1}};
  const auto x = test::random_tensor<double>({2, 3, 2, 4, 3}, 1);
  HostTensor<double> y(x.shape(), 5.0);
  Store<double> sink{y.view()};
  CHECK(sink.bytes_read() == 0);
  Reference<double>::store(k, Plain<double>{x.view()}, sink, nullptr);
  CHECK(y.values() == x.values());
  sink.accumulate = true;
  CHECK(sink.bytes_read() == sink.bytes_written());
  Reference<double>::store(k, Plain<double>{x.view()}, sink, nullptr);
  for (std::size_t i = 0; i < y.values().size(); ++i) CHECK(y.values()[i] == 2 * x.values()[i]);
}

TEST_CASE("sources and sinks respect the pitch of the memory that they see") {
  Context k{{.threads = 1}};
  const Shape s{1, 2, 2, 2, 3};
  const auto x = test::random_tensor<double>(s, 1);
  std::vector<double> padded(8 * 4, -7.0);
  const View<double> view{padded.data(), s, 4};
  Reference<double>::store(k, Plain<double>{x.view()}, Store<double>{view}, nullptr);
  for (std::size_t voxel = 0; voxel < 8; ++voxel)
    CHECK(padded[4 * voxel + 3] == -7);  // padding is not touched
  HostTensor<double> back(s);
  Reference<double>::store(k, Plain<double>{view}, Store<double>{back.view()}, nullptr);
  CHECK(back.values() == x.values());
}

TEST_CASE(
    "Concat puts the channels of the first before those of the second; Split takes them apart") {
  Context k{{.threads = 1}};
  const Shape s{2, 1, 2, 3, 2};
  const auto a = test::random_tensor<double>(s, 1),
             b = test::random_tensor<double>(with_channels(s, 3), 2);
  const Concat<Plain<double>, Plain<double>> both{{a.view()}, {b.view()}};
  CHECK(both.shape() == with_channels(s, 5));
  CHECK(both.bytes() == 8 * 12 * 5);
  HostTensor<double> y(both.shape());
  Reference<double>::store(k, both, Store<double>{y.view()}, nullptr);
  reference::for_each_voxel(s, [&](reference::Voxel v) {
    for (index_t c = 0; c < 5; ++c) {
      const double expected =
          c < 2 ? a.view().at(v.n, v.d, v.h, v.w, c) : b.view().at(v.n, v.d, v.h, v.w, c - 2);
      CHECK(y.view().at(v.n, v.d, v.h, v.w, c) == expected);
    }
  });

  HostTensor<double> first(s), second(with_channels(s, 3), 1.0);
  const Split<Store<double>, Store<double>> split{{first.view()}, {second.view(), true}};
  CHECK(split.shape() == both.shape());
  CHECK(split.bytes_read() == 8 * 12 * 3);
  CHECK(split.bytes_written() == 8 * 12 * 5);
  Reference<double>::store(k, Plain<double>{std::as_const(y).view()}, split, nullptr);
  CHECK(first.values() == a.values());
  for (std::size_t i = 0; i < b.values().size(); ++i)
    CHECK(second.values()[i] == 1 + b.values()[i]);
}

TEST_CASE("NormGradient is a * grad + b * raw + c with coefficients [3, N, C]") {
  Context k{{.threads = 1}};
  HostTensor<double> grad(Shape{2, 1, 1, 1, 2}), raw(Shape{2, 1, 1, 1, 2}), y(Shape{2, 1, 1, 1, 2});
  grad.values() = {1, 2, 3, 4};
  raw.values() = {10, 20, 30, 40};
  const std::vector<double> coefficients{1, 2, 3, 4, 5, 6, 7, 8, 100, 200, 300, 400};
  const NormGradient<double> source{std::as_const(grad).view(), std::as_const(raw).view(),
                                    coefficients.data()};
  CHECK(source.bytes() == 64);
  Reference<double>::store(k, source, Store<double>{y.view()}, nullptr);
  CHECK(y.values() ==
        std::vector<double>{1 + 50 + 100, 4 + 120 + 200, 9 + 210 + 300, 16 + 320 + 400});
}
