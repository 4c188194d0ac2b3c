#include "glia/metrics/region_scores.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "golden_metrics.hpp"

using namespace glia;

TEST_CASE("scores of painted cases equal numpy's and scipy's") {
  for (const auto& entry : test::golden_metrics()["cases"]) {
    const auto truth = test::paint(test::extent_of(entry), entry["truth"]);
    const auto prediction = test::paint(test::extent_of(entry), entry["prediction"]);
    const auto scores = score_case(truth, prediction, test::spacing_of(entry));
    for (std::size_t r = 0; r < scores.size(); ++r) {
      const auto& expected = entry["scores"][std::string(region::names[r])];
      CHECK(scores[r].dice == doctest::Approx(expected["dice"].get<double>()).epsilon(1e-14));
      CHECK(scores[r].sensitivity ==
            doctest::Approx(expected["sensitivity"].get<double>()).epsilon(1e-14));
      CHECK(scores[r].specificity ==
            doctest::Approx(expected["specificity"].get<double>()).epsilon(1e-14));
      CHECK(scores[r].hd95 ==
            doctest::Approx(expected["hd95_pooled"].get<double>()).epsilon(1e-12));
    }
  }
}

TEST_CASE("empty regions score as BraTS up to 2022 defines") {
  const Mask empty({4, 4, 4});
  Mask some = empty;
  some.voxels[7] = some.voxels[8] = 1;
  const Spacing mm{1, 1, 1};

  CHECK(score_region(empty, empty, mm) == RegionScores{1, 0, 1, 1});
  CHECK(score_region(empty, some, mm) == RegionScores{0, 373.12866, 0, 62.0 / 64.0});
  CHECK(score_region(some, empty, mm) == RegionScores{0, 373.12866, 0, 1});
  CHECK(hd95_if_one_is_empty ==
        doctest::Approx(std::sqrt(2 * 240.0 * 240 + 155.0 * 155)).epsilon(1e-7));
}

TEST_CASE("planes 9 apart along d, 5 mm each, are 45 mm apart; a spacing of 0 is refused") {
  LabelVolume truth({12, 3, 3}), prediction({12, 3, 3});
  truth.at(1, 1, 1) = prediction.at(10, 1, 1) = label::ET;
  CHECK(score_case(truth, prediction, {.d = 5, .h = 1, .w = 1})[region::ET].hd95 == 45);
  CHECK_THROWS_AS((void)score_case(truth, prediction, {0, 0, 0}), UsageError);
  const LabelVolume empty({12, 3, 3});
  CHECK_THROWS_WITH_AS((void)score_case(empty, empty, {.d = 5, .h = 0, .w = 1}),
                       "spacing: got 1x0x5 mm, expected positive finite mm", UsageError);
}

TEST_CASE("a region that fills the volume leaves specificity to what was missed") {
  const Mask full({2, 2, 2}, 1);
  Mask most = full;
  most.voxels[0] = 0;
  CHECK(specificity(confusion(full, full)) == 1);
  CHECK(specificity(confusion(full, most)) == 0);
}

TEST_CASE("confusion counts every voxel once") {
  Mask truth({1, 1, 8}), prediction({1, 1, 8});
  truth.voxels = {1, 1, 1, 1, 0, 0, 0, 0};
  prediction.voxels = {1, 1, 1, 0, 7, 1, 0, 0};  // any value but 0 is inside
  const Confusion c = confusion(truth, prediction);
  CHECK(c == Confusion{3, 2, 1, 2});
  CHECK(dice(c) == 6.0 / 9.0);
  CHECK(sensitivity(c) == 0.75);
  CHECK(specificity(c) == 0.5);
}

TEST_CASE("a case is scored by nested regions: NCR called ED costs TC but not WT") {
  LabelVolume truth({1, 1, 4}), prediction({1, 1, 4});
  truth.voxels = {1, 2, 3, 0};
  prediction.voxels = {2, 2, 3, 0};
  const auto scores = score_case(truth, prediction, {1, 1, 1});
  CHECK(scores[region::WT].dice == 1);
  CHECK(scores[region::TC].dice == doctest::Approx(2.0 / 3.0));
  CHECK(scores[region::ET].dice == 1);
}
