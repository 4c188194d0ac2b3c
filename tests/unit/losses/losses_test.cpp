#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <vector>

#include "glia/losses/compound.hpp"

using namespace glia;

namespace {

/// Sums over voxels of one sample and region.
RegionSums sums_of(const std::vector<double>& p, const std::vector<double>& g) {
  RegionSums s;
  for (std::size_t i = 0; i < p.size(); ++i) {
    s.pg += p[i] * g[i];
    s.pp += p[i] * p[i];
    s.gg += g[i] * g[i];
    s.p += p[i];
    s.g += g[i];
    s.bce -= g[i] * std::log(p[i]) + (1 - g[i]) * std::log(1 - p[i]);
  }
  return s;
}

template <Loss L>
double evaluate(const L& loss, const std::vector<RegionSums>& sums, Shape logits) {
  std::vector<RegionCoefficients> coefficients(sums.size());
  return loss.evaluate(sums, logits, coefficients);
}

const std::vector<RegionSums> toy{sums_of({0.8, 0.4}, {1, 0})};
constexpr Shape toy_shape{1, 1, 1, 2, 1};

}  // namespace

TEST_CASE("soft Dice of two voxels, p = (.8, .4), g = (1, 0), as published") {
  const SoftDice paper{.smooth_denominator = 0};
  CHECK(1 - evaluate(paper, toy, toy_shape) == doctest::Approx(0.888889).epsilon(1e-6));
  const SoftDice plain{
      .squared_prediction = false, .squared_target = false, .smooth_denominator = 0};
  CHECK(1 - evaluate(plain, toy, toy_shape) == doctest::Approx(0.727273).epsilon(1e-6));
  const SoftDice lachinov_2018{
      .squared_target = false, .smooth_numerator = 1, .smooth_denominator = 1};
  CHECK(1 - evaluate(lachinov_2018, toy, toy_shape) == doctest::Approx(0.928571).epsilon(1e-6));
  const SoftDice isensee_2018{.squared_prediction = false,
                              .squared_target = false,
                              .smooth_numerator = 1,
                              .smooth_denominator = 1,
                              .form = SoftDice::Form::negative};
  CHECK(-evaluate(isensee_2018, toy, toy_shape) == doctest::Approx(0.8125).epsilon(1e-6));
}

TEST_CASE("squaring the target matters for soft targets only, and lets Dice reach 1 at p = g") {
  const std::vector<RegionSums> soft{sums_of({0.3, 0.7}, {0.3, 0.7})};
  CHECK(evaluate(SoftDice{.smooth_denominator = 0}, soft, toy_shape) == doctest::Approx(0));
  CHECK(evaluate(SoftDice{.squared_target = false, .smooth_denominator = 0}, soft, toy_shape) ==
        doctest::Approx(1 - 2 * 0.58 / 1.58));
  CHECK(evaluate(SoftDice{}, toy, toy_shape) ==
        evaluate(SoftDice{.squared_target = false}, toy, toy_shape));
}

TEST_CASE("pooling over the batch sums before it divides; per sample divides before it averages") {
  const std::vector<RegionSums> two{sums_of({0.8, 0.4}, {1, 0}), sums_of({0.1, 0.2}, {0, 1})};
  const Shape shape{2, 1, 1, 2, 1};
  const SoftDice batch{.smooth_denominator = 0};
  const SoftDice sample{.smooth_denominator = 0, .pooling = SoftDice::Pooling::sample};
  // Sums pg, p^2 + g^2: (.8, 1.8) and (.2, 1.05).
  CHECK(1 - evaluate(batch, two, shape) == doctest::Approx(2 * 1.0 / 2.85));
  CHECK(1 - evaluate(sample, two, shape) == doctest::Approx((1.6 / 1.8 + 0.4 / 1.05) / 2));
  CHECK(evaluate(batch, toy, toy_shape) == evaluate(sample, toy, toy_shape));
}

TEST_CASE("regions are averaged") {
  const std::vector<RegionSums> regions{sums_of({0.8, 0.4}, {1, 0}), sums_of({0.1, 0.2}, {0, 1})};
  const double dice = 1 - evaluate(SoftDice{.smooth_denominator = 0}, regions, {1, 1, 1, 2, 2});
  CHECK(dice == doctest::Approx((1.6 / 1.8 + 0.4 / 1.05) / 2));
}

TEST_CASE(
    "a region that is empty in the target: Dice 0 and no gradient, unless the numerator is "
    "smoothed") {
  const std::vector<RegionSums> empty{sums_of({0.1, 0.3}, {0, 0})};
  const auto gradient_at = [&](const SoftDice& loss, double p) {
    std::array<RegionCoefficients, 1> k{};
    (void)loss.evaluate(empty, toy_shape, k);
    return k[0].on_probability * p + k[0].constant;  // g = 0
  };
  CHECK(evaluate(SoftDice{}, empty, toy_shape) == 1);
  CHECK(gradient_at(SoftDice{}, 0.1) == 0);
  // Dice = s / (sum p + s): d(1 - Dice)/dp = s / (sum p + s)^2.
  for (const double s : {1.0, 1e-5}) {
    const SoftDice smoothed{.squared_prediction = false,
                            .squared_target = false,
                            .smooth_numerator = s,
                            .smooth_denominator = s};
    CHECK(evaluate(smoothed, empty, toy_shape) == doctest::Approx(1 - s / (0.4 + s)));
    CHECK(gradient_at(smoothed, 0.1) == doctest::Approx(s / ((0.4 + s) * (0.4 + s))));
  }
  const std::vector<RegionSums> nothing{RegionSums{}};
  CHECK(std::isfinite(evaluate(SoftDice{}, nothing, toy_shape)));
}

TEST_CASE(
    "binary cross entropy of the toy: mean .366985, sum .733969; normalisers differ by the "
    "regions") {
  CHECK(evaluate(BinaryCrossEntropy{}, toy, toy_shape) == doctest::Approx(0.366985).epsilon(1e-6));
  const std::vector<RegionSums> three(3, toy[0]);
  const Shape shape{1, 1, 1, 2, 3};
  CHECK(evaluate(BinaryCrossEntropy{}, three, shape) ==
        doctest::Approx(3 * 0.366985).epsilon(1e-6));
  CHECK(evaluate(BinaryCrossEntropy{BinaryCrossEntropy::Normaliser::voxels_and_regions}, three,
                 shape) == doctest::Approx(0.366985).epsilon(1e-6));
  const std::vector<RegionSums> batch(2, toy[0]);
  CHECK(evaluate(BinaryCrossEntropy{}, batch, {2, 1, 1, 2, 1}) ==
        doctest::Approx(0.366985).epsilon(1e-6));
}

TEST_CASE("a compound is the sum of its terms, in value and in gradient") {
  std::array<RegionCoefficients, 1> both{}, dice{}, entropy{};
  const double value = DiceAndCrossEntropy{}.evaluate(toy, toy_shape, both);
  const double parts = SoftDice{}.evaluate(toy, toy_shape, dice) +
                       BinaryCrossEntropy{}.evaluate(toy, toy_shape, entropy);
  CHECK(value == doctest::Approx(parts));
  CHECK(value == doctest::Approx(1 - 0.888889 + 0.366985).epsilon(1e-5));
  CHECK(both[0].on_target == dice[0].on_target);
  CHECK(both[0].on_probability == dice[0].on_probability);
  CHECK(both[0].on_difference == entropy[0].on_difference);
  CHECK(entropy[0].on_difference == 0.5);
}
