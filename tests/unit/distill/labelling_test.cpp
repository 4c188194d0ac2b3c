#include "glia/distill/labelling.hpp"

#include <doctest/doctest.h>

#include "support/expect.hpp"

using namespace glia;

static_assert(Labelling<HardLabels> && Labelling<SoftLabels> && Labelling<Softened>);
static_assert(Labelling<Confident<>> && Labelling<Confident<Softened>>);

TEST_CASE(
    "hard labels are what the overwrite rule makes: ET outside of WT brings WT and TC along") {
  const HardLabels hard;
  CHECK(hard.targets({0.5F, 0.4F, 0.2F}) == RegionValues{0, 0, 0});
  CHECK(hard.targets({0.6F, 0.4F, 0.2F}) == RegionValues{1, 0, 0});
  CHECK(hard.targets({0.6F, 0.7F, 0.2F}) == RegionValues{1, 1, 0});
  CHECK(hard.targets({0.1F, 0.2F, 0.8F}) == RegionValues{1, 1, 1});
  CHECK(HardLabels{.rule = {{0.3F, 0.5F, 0.5F}}}.targets({0.4F, 0, 0}) == RegionValues{1, 0, 0});
}

TEST_CASE("soft labels are the probabilities, a confidence filter takes the doubtful ones out") {
  const RegionValues p{0.95F, 0.6F, 0.05F};
  CHECK(SoftLabels{}.targets(p) == p);
  CHECK(Softened{}.targets(p) == p);
  CHECK(Confident<SoftLabels>{}.targets(p) == RegionValues{0.95F, -1, 0.05F});
  CHECK(Confident{HardLabels{}, 0.01F, 0.5F}.targets(p) == RegionValues{1, 1, -1});
  CHECK(Confident{HardLabels{}, 0.05F, 0.6F}.targets(p) == RegionValues{1, 1, 0});  // ends count
}

TEST_CASE("only softened labels change the loss; all describe themselves with their options") {
  static_assert(std::is_same_v<decltype(HardLabels{}.loss(SoftDice{})), SoftDice>);
  static_assert(
      std::is_same_v<decltype(Confident<Softened>{}.loss(SoftDice{})), Distillation<SoftDice>>);
  const auto loss = Softened{.temperature = 2, .alpha = 0.25}.loss(SoftDice{.smooth_numerator = 7});
  CHECK(loss.temperature == 2);
  CHECK(loss.alpha == 0.25);
  CHECK(loss.task.smooth_numerator == 7);
  CHECK(options_text(HardLabels{.rule = {{0.3F, 0.5F, 0.5F}}}) == "hard 0.3 0.5 0.5");
  CHECK(options_text(SoftLabels{}) == "soft");
  CHECK(options_text(Softened{.temperature = 4}) == "softened 4 0.5");
  CHECK(options_text(Confident<>{.high = 0.8F}) == "confident 0.1 0.8 hard 0.5 0.5 0.5");
  CHECK(options_text(Confident<SoftLabels>{}) == "confident 0.1 0.9 soft");
}

TEST_CASE("labellings that make no sense are refused by name") {
  const auto refusal = [](const auto& labelling) {
    return test::message_of<UsageError>([&] { require_valid("labelling", labelling); });
  };
  CHECK(refusal(Softened{.temperature = 0}) == "labelling: temperature: got 0, expected above 0");
  CHECK(test::holds(refusal(Confident<>{.low = 0.6F, .high = 0.5F}), "labelling: high: got 0.5"));
  CHECK(test::holds(refusal(Confident<Softened>{.inner = {.alpha = 2}}), "inner.alpha: got 2"));
}
