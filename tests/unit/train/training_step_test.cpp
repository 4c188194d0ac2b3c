#include "glia/train/training_step.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>

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

namespace {

struct NotToBeEvaluated {
  static double evaluate(std::span<const RegionSums>, Shape, std::span<RegionCoefficients>) {
    throw std::logic_error("evaluated");
  }
};

}  // namespace

TEST_CASE("a plan has no sums and evaluates no loss: batches of any size cost nothing to plan") {
  const Context k;
  const Shape image{1, 8, 8, 8, SmallNet::in};
  const RunPlan usual = plan_training<SmallNet>(k, image, SoftDice{});
  const RunPlan other = plan_training<SmallNet>(k, image, NotToBeEvaluated{});
  CHECK(other.memory.bytes == usual.memory.bytes);
  CHECK(other.ledger.flops == usual.ledger.flops);
  CHECK(other.ledger.bytes_read == usual.ledger.bytes_read);
  constexpr index_t many = 100'000'000;
  const RunPlan large = plan_training<SmallNet>(k, {many, 8, 8, 8, SmallNet::in}, SoftDice{});
  CHECK(large.memory.bytes > many * (usual.memory.bytes / 2));
}
