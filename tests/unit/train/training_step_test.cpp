#include "glia/train/training_step.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "small_training.hpp"
#include "support/expect.hpp"
#include "support/tensors.hpp"

using namespace glia;
using namespace glia::test;

TEST_CASE("gradients are refused for an image or target of another shape than was planned") {
  Context context{{.threads = 1}};
  Model<SmallNet> model{context};
  Model<SmallNet>::Parameters grads;
  std::ranges::fill(grads.flat(), 7.0F);
  GradientComputer<SmallNet, DiceAndCrossEntropy> compute(context, {1, 8, 8, 8, 4}, {});
  auto image = random_tensor<float>({1, 8, 8, 8, 4}, 1);
  HostTensor<float> target({1, 8, 8, 8, 3}, 1.0F);
  const auto refusal = [&](HostTensor<float>& x, HostTensor<float>& y) {
    return message_of<UsageError>([&] { compute(model.parameters(), x.view(), y.view(), grads); });
  };
  for (const Shape wrong :
       {Shape{1, 8, 8, 16, 4}, Shape{1, 8, 8, 4, 4}, Shape{2, 8, 8, 8, 4}, Shape{1, 8, 8, 8, 3}}) {
    HostTensor<float> other(wrong);
    CHECK(holds(refusal(other, target), "image", "got " + to_string(wrong),
                "expected [1, 8, 8, 8, 4]"));
  }
  for (const Shape wrong :
       {Shape{1, 8, 8, 8, 4}, Shape{1, 8, 8, 8, 1}, Shape{1, 4, 8, 8, 3}, Shape{2, 8, 8, 8, 3}}) {
    HostTensor<float> other(wrong);
    CHECK(holds(refusal(image, other), "target", "got " + to_string(wrong),
                "expected [1, 8, 8, 8, 3]"));
  }
  CHECK(std::ranges::all_of(grads.flat(), [](float g) { return g == 7; }));
  CHECK(std::isfinite(compute(model.parameters(), image.view(), target.view(), grads)));
  CHECK_FALSE(std::ranges::any_of(grads.flat(), [](float g) { return g == 7; }));
}

TEST_CASE("a plan costs the same whatever a loss makes of no sums") {
  const Context k;
  const Shape image{1, 8, 8, 8, SmallNet::in};
  const RunPlan usual = plan_training<SmallNet>(k, image, SoftDice{});
  const RunPlan undefined = plan_training<SmallNet>(k, image, SoftDice{.smooth_denominator = 0});
  CHECK(undefined.memory.bytes == usual.memory.bytes);
  CHECK(undefined.ledger.flops == usual.ledger.flops);
  CHECK(undefined.ledger.bytes_read == usual.ledger.bytes_read);
}
