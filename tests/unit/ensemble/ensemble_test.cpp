#include "glia/ensemble/ensemble.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "glia/infer/sliding_window.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "support/expect.hpp"
#include "support/tensors.hpp"

using namespace glia;

namespace {

const Shape image_shape{1, 2, 2, 2, 4}, result_shape{1, 2, 2, 2, 3};

/// Answers with one number everywhere.
struct Constant {
  float value = 0;
  index_t factor = 1;
  int calls = 0;
  [[nodiscard]] index_t divisor() const { return factor; }
  void operator()(View<const float>, View<float> out) {
    ++calls;
    for (index_t v = 0; v < out.shape.voxels(); ++v) {
      for (index_t c = 0; c < out.shape.c; ++c) out.data[v * out.pitch + c] = value;
    }
  }
};

template <class P>
float answer(P&& predictor) {
  const HostTensor<float> image(image_shape);
  HostTensor<float> out(result_shape, 99);
  predictor(image.view(), out.view());
  for (const float value : out.values()) CHECK(value == out.values().front());
  return out.values().front();
}

double logit(double p) { return std::log(p / (1 - p)); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE(
    "the default is the mean of the members' probabilities, voxel by voxel and region by "
    "region") {
  HostTensor<float> image(image_shape);
  for (std::size_t i = 0; i < image.values().size(); ++i)
    image.values()[i] = static_cast<float>(i) / 64;
  const auto shifted = [](index_t channel) {
    return [channel](View<const float> x, View<float> out) {
      for (index_t v = 0; v < out.shape.voxels(); ++v) {
        for (index_t c = 0; c < 3; ++c)
          out.data[v * out.pitch + c] = x.data[v * 4 + (c + channel) % 4];
      }
    };
  };
  HostTensor<float> wide({1, 2, 2, 2, 5}, -1);  // a result with a pitch of its own
  const View<float> out{wide.values().data(), result_shape, 5};
  Ensemble{shifted(0), shifted(1), shifted(2), shifted(3)}(image.view(), out);
  for (index_t v = 0; v < 8; ++v) {
    const float mean = static_cast<float>(4 * v + 4 * v + 1 + 4 * v + 2 + 4 * v + 3) / 64 / 4;
    for (index_t c = 0; c < 3; ++c) CHECK(out.data[v * 5 + c] == mean);
    CHECK(out.data[v * 5 + 3] == -1);
  }
}

TEST_CASE("combinations follow their formulas") {
  Constant low{.value = 0.1F}, middle{.value = 0.4F}, high{.value = 0.9F};
  CHECK(answer(Ensemble{low, middle, high}) == doctest::Approx(1.4 / 3));
  CHECK(answer(Ensemble{MeanOfLogits{}, low, middle, high}) ==
        doctest::Approx(logistic((logit(0.1) + logit(0.4) + logit(0.9)) / 3)));
  CHECK(answer(Ensemble{MajorityVote{}, low, middle, high}) == doctest::Approx(1.0 / 3));
  CHECK(answer(Ensemble{MajorityVote{.threshold = 0.3F}, low, middle, high}) ==
        doctest::Approx(2.0 / 3));
  CHECK(answer(Ensemble{Weighted{{1, 0, 3}}, low, middle, high}) == doctest::Approx(2.8 / 4));
  CHECK(answer(Ensemble{Weighted{{1, 2}, MeanOfLogits{}}, low, middle}) ==
        doctest::Approx(logistic((logit(0.1) + 2 * logit(0.4)) / 3)));
  // Probabilities of exactly 0 and 1 have no finite logit; two that are as sure cancel out.
  Constant never{.value = 0}, always{.value = 1};
  CHECK(answer(Ensemble{MeanOfLogits{}, never, always}) == doctest::Approx(0.5));
  CHECK(answer(Ensemble{MeanOfLogits{}, always, middle}) > 0.9F);
}

TEST_CASE("members may be of any kind, and as many of one kind as run time says") {
  Constant model{.value = 0.2F, .factor = 4};
  std::vector<Constant> folds{{.value = 0.4F, .factor = 6}, {.value = 0.6F, .factor = 1}};
  const auto lambda = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 1.0F);
  };
  Ensemble mixed{model, folds, lambda, Mirrored(model), Ensemble{MajorityVote{}, folds}};
  static_assert(Predictor<decltype(mixed)>);
  CHECK(mixed.size() == 6);
  CHECK(divisor_of(mixed) == 12);
  CHECK(answer(mixed) == doctest::Approx((0.2 + 0.4 + 0.6 + 1 + 0.2 + 0.5) / 6));
  CHECK(model.calls == 9);  // lvalues are referred to: once, and eight mirrorings
  CHECK(folds[0].calls == 2);
  folds.push_back({.value = 0.8F, .factor = 5});
  CHECK(mixed.size() == 7);
  CHECK(divisor_of(mixed) == 60);
  Ensemble owning{Constant{.value = 0.25F}, std::vector<Constant>{{.value = 0.75F}}};
  CHECK(answer(owning) == 0.5F);
  static_assert(!EnsembleMember<int> && !EnsembleMember<std::vector<int>>);
}

TEST_CASE("every member sees the image once, the sliding window sees one predictor") {
  Constant a{.value = 0.25F, .factor = 2}, b{.value = 0.75F, .factor = 3};
  Ensemble both{a, b};
  const HostTensor<float> image({1, 6, 12, 6, 4}, 1.0F);
  sliding_window(both, image.view(), {.window = {6, 6, 6}}, [](index_t, View<const float> planes) {
    for (index_t i = 0; i < planes.shape.elements(); ++i)
      CHECK(planes.data[i] == doctest::Approx(0.5));
  });
  CHECK(a.calls == 3);
  CHECK(b.calls == 3);
  CHECK_THROWS_AS(
      sliding_window(both, image.view(), {.window = {4, 6, 6}}, [](index_t, View<const float>) {}),
      UsageError);
}

TEST_CASE("an ensemble's window is the largest of its members', made a multiple of its divisor") {
  struct Trained : Constant {
    TrainedOn on{};
    [[nodiscard]] const TrainedOn& trained_on() const { return on; }
  };
  Trained wide{{.factor = 4}, {Extent{8, 32, 12}, false}},
      deep{{.factor = 6}, {Extent{18, 6, 6}, {}}};
  Constant unknown;
  CHECK(Ensemble{wide, unknown}.trained_on() == wide.on);
  CHECK(Ensemble{unknown}.trained_on() == TrainedOn{});
  CHECK(Ensemble{unknown, wide, Mirrored(deep)}.trained_on() ==
        TrainedOn{Extent{24, 36, 12}, false});
  std::vector<Trained> several{deep, wide};
  CHECK(Ensemble{several}.trained_on().patch == Extent{24, 36, 12});
  deep.on.whole_volumes = true;
  CHECK(Ensemble{deep, wide}.trained_on().whole_volumes == true);
  CHECK(Ensemble{wide, deep}.trained_on().whole_volumes == true);
}

TEST_CASE("no members, and weights that fit nothing, are refused") {
  Constant a, b;
  std::vector<Constant> none;
  CHECK_THROWS_WITH_AS(answer(Ensemble{none}), "ensemble: expected at least one member, got none",
                       UsageError);
  CHECK_THROWS_WITH_AS(answer(Ensemble{Weighted{{1, 2, 3}}, a, b}),
                       "ensemble: got 3 weights for 2 members", UsageError);
  for (const std::vector<float>& weights :
       {std::vector<float>{}, {0, 0}, {1, -1}, {1, std::nanf("")}, {1, INFINITY}})
    CHECK_THROWS_AS(Weighted<>{weights}, UsageError);
}

TEST_CASE("every image of a batch gets what it gets alone") {
  const auto by_channel = [](index_t channel) {
    return [channel](View<const float> x, View<float> out) {
      for (index_t v = 0; v < out.shape.n * out.shape.voxels(); ++v)
        for (index_t c = 0; c < 3; ++c)
          out.data[v * out.pitch + c] =
              1 / (1 + std::exp(-x.data[v * x.pitch + (c + channel) % 4]));
    };
  };
  Ensemble members{MeanOfLogits{}, by_channel(0), by_channel(1), by_channel(3)};
  const auto images = test::random_tensor<float>({2, 2, 2, 2, 4}, 1);
  HostTensor<float> both({2, 2, 2, 2, 3}, -1), alone(result_shape);
  members(images.view(), both.view());
  for (index_t n = 0; n < 2; ++n) {
    members({images.view().row(n, 0, 0), image_shape, 4}, alone.view());
    CHECK(std::ranges::equal(
        alone.values(), std::span(both.values()).subspan(static_cast<std::size_t>(24 * n), 24)));
  }
  CHECK(both.view().at(1, 1, 0, 1, 2) ==
        doctest::Approx(logistic((static_cast<double>(images.view().at(1, 1, 0, 1, 2)) +
                                  static_cast<double>(images.view().at(1, 1, 0, 1, 3)) +
                                  static_cast<double>(images.view().at(1, 1, 0, 1, 1))) /
                                 3)));
}
