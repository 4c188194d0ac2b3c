#include "glia/infer/threshold_baseline.hpp"

#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "unit/data/patch_cases.hpp"
#include "unit/data/phantom_cases.hpp"

using namespace glia;

TEST_CASE("the baseline's rules, one by one") {
  const ThresholdBaseline baseline{.flair = 1, .t2 = 0, .t1ce = 2, .t1 = -1};
  const auto label_of = [&](std::array<float, 4> scores) { return baseline.label(scores.data()); };
  CHECK(label_of({0, 0, 0.5F, 1.5F}) == label::ED);
  CHECK(label_of({0, 3, 0.5F, 1.5F}) == label::ET);
  CHECK(label_of({-2, 3, 0.5F, 1.5F}) == label::ET);
  CHECK(label_of({-2, 0, 0.5F, 1.5F}) == label::NCR);
  CHECK(label_of({-2, 3, -0.5F, 1.5F}) == label::background);
  CHECK(label_of({-2, 3, 0.5F, 0.5F}) == label::background);
  CHECK(label_of({0, 0, 0, 0}) == label::background);
  const ThresholdBaseline low{.flair = -1, .t2 = -1};  // outside the brain every scan is 0
  const std::array<float, 4> outside{}, dark{0, 0, 0, -0.5F};
  CHECK(low.label(outside.data()) == label::background);
  CHECK(low.label(dark.data()) == label::ED);
}

TEST_CASE("a case that thresholds can separate is separated") {
  const auto label = [](index_t d, index_t h, index_t w) { return (d + h + w) % 5 % 4; };
  const std::vector<PreparedCase> cases{test::make_case(
      "separable", {6, 7, 8},
      [&](index_t d, index_t h, index_t w, index_t m) {
        //                                         T1    T1ce  T2    FLAIR
        const std::array<std::array<double, 4>, 4> scores{{{0, 3, 0.3, 2.1},  // healthy: dark in T2
                                                           {-2.1, 0, 1.3, 2.1},  // NCR
                                                           {0, 0, 1.3, 2.1},     // ED
                                                           {-2.1, 2.6, 1.3, 2.1}}};
        return scores[static_cast<std::size_t>(label(d, h, w))][static_cast<std::size_t>(m)];
      },
      label)};
  CHECK(fit_threshold_baseline(cases)(cases[0]).voxels == cases[0].labels->voxels);
}

TEST_CASE("on phantoms the fitted baseline finds tumours, and is far from perfect") {
  std::vector<PreparedCase> cases;
  for (index_t index = 0; index < 8; ++index) {
    cases.push_back(test::prepared(make_phantom({.extent = {56, 68, 56}}, 21, index)));
  }
  const std::span all(cases);
  const ThresholdBaseline baseline = fit_threshold_baseline(all.first(4), 3);
  const std::array<double, 3> dice{detail::mean_dice(all.last(4), baseline, region::WT, 1),
                                   detail::mean_dice(all.last(4), baseline, region::TC, 1),
                                   detail::mean_dice(all.last(4), baseline, region::ET, 1)};
  MESSAGE("Dice of the baseline: WT ", dice[0], ", TC ", dice[1], ", ET ", dice[2]);
  CHECK(dice[region::WT] > 0.4);
  for (const double value : dice) CHECK(value < 0.85);
}

TEST_CASE("the Dice that the fit maximises is 2 |A and B| / (|A| + |B|), 1 where both are empty") {
  // WT holds 2 of 8 voxels, the rule finds 3, of which 1 is right: 2 / 5. ET is empty on both
  // sides.
  const std::array<int, 8> truth{2, 2, 0, 0, 0, 0, 0, 0};
  const std::array<double, 8> flair{5, 0, 5, 5, 0, 0, 0, 0};
  const std::vector<PreparedCase> cases{test::make_case(
      "eight", {1, 1, 8},
      [&](index_t, index_t, index_t w, index_t m) {
        return m == modality::FLAIR ? flair[static_cast<std::size_t>(w)]
               : m == modality::T2  ? 1.0
                                    : 0.0;
      },
      [&](index_t, index_t, index_t w) { return truth[static_cast<std::size_t>(w)]; })};
  CHECK(detail::mean_dice(cases, {}, region::WT, 1) == doctest::Approx(0.4));
  CHECK(detail::mean_dice(cases, {}, region::ET, 1) == 1);
}

TEST_CASE("a fit needs labelled cases") {
  std::vector<PreparedCase> cases;
  CHECK_THROWS_AS(static_cast<void>(fit_threshold_baseline(cases)), UsageError);
  cases.push_back(test::distinct_case("a", {2, 2, 2}));
  CHECK_THROWS_AS(static_cast<void>(fit_threshold_baseline(cases, 0)), UsageError);
  cases.back().labels.reset();
  CHECK_THROWS_AS(static_cast<void>(fit_threshold_baseline(cases)), DataError);
}
