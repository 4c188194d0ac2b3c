#include "glia/models/model.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "glia/backend/reference.hpp"
#include "glia/losses/soft_dice.hpp"
#include "glia/models/unet.hpp"
#include "glia/train/training_step.hpp"
#include "support/expect.hpp"
#include "support/tensors.hpp"

using namespace glia;
using test::holds;
using test::message_of;

TEST_CASE("a model refuses probabilities of another shape and writes nothing into them") {
  using Net = UNet<Reference<float>, Channels<4, 3>, Widths<2, 4>>;
  Context context{{.threads = 1}};
  Model<Net> model{context};
  auto image = test::random_tensor<float>({1, 4, 6, 8, 4}, 1);
  for (const Shape wrong : {Shape{1, 4, 6, 8, 4}, Shape{1, 4, 6, 6, 3}, Shape{1, 8, 6, 4, 3},
                            Shape{2, 4, 6, 8, 3}, Shape{0, 0, 0, 0, 0}}) {
    HostTensor<float> probabilities(wrong, 7.0F);
    CHECK(holds(message_of<UsageError>([&] { model(image.view(), probabilities.view()); }),
                "probabilities", "got " + to_string(wrong), "expected [1, 4, 6, 8, 3]"));
    CHECK(std::ranges::all_of(probabilities.values(), [](float p) { return p == 7; }));
  }
  HostTensor<float> probabilities({1, 4, 6, 8, 3}, 7.0F);
  model(image.view(), probabilities.view());
  CHECK(std::ranges::all_of(probabilities.values(), [](float p) { return p > 0 && p < 1; }));
}

TEST_CASE("no images are refused, before a pass and in plans") {
  using Net = UNet<Reference<float>, Channels<4, 3>, Widths<2, 4>>;
  Context context{{.threads = 1}};
  Model<Net> model{context};
  const HostTensor<float> none({0, 4, 4, 4, 4});
  HostTensor<float> probabilities({0, 4, 4, 4, 3});
  CHECK(holds(message_of<UsageError>([&] { model(none.view(), probabilities.view()); }),
              "images: got 0, expected at least 1"));
  for (const index_t n : {index_t{0}, index_t{-1}}) {
    const Shape image{n, 4, 4, 4, 4};
    const std::string got = "images: got " + std::to_string(n);
    CHECK(holds(message_of<UsageError>([&] { (void)plan_inference<Net>(context, image); }), got));
    CHECK(
        holds(message_of<UsageError>([&] { (void)plan_training<Net>(context, image, SoftDice{}); }),
              got));
  }
}

TEST_CASE(
    "models of one context start apart and the same in every run, or from a seed of their own") {
  using Net = UNet<Reference<float>, Channels<4, 3>, Widths<2, 4>>;
  Context context{{.threads = 1, .seed = 3}}, again{{.threads = 1, .seed = 3}};
  Model<Net> first{context}, second{context}, third{context};
  Model<Net> first_again{again}, second_again{again};
  Model<Net> seeded{context, 3}, fourth{context, 4}, fifth{context, 4};
  const auto same = [](const Model<Net>& a, const Model<Net>& b) {
    return std::ranges::equal(a.parameters().flat(), b.parameters().flat());
  };
  CHECK_FALSE(same(first, second));
  CHECK_FALSE(same(first, third));
  CHECK_FALSE(same(second, third));
  CHECK(same(first, first_again));
  CHECK(same(second, second_again));
  CHECK(same(first, seeded));  // the first model's seed is the context's
  CHECK(same(fourth, fifth));
  CHECK_FALSE(same(first, fourth));
  CHECK(fourth.context().seed() == 3);
}
