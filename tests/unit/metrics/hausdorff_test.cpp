#include "glia/metrics/hausdorff.hpp"

#include <doctest/doctest.h>

#include "golden_metrics.hpp"

using namespace glia;

namespace {

Mask block(Extent volume, Extent first, Extent last) {
  Mask mask(volume);
  for (index_t d = first.d; d < last.d; ++d) {
    for (index_t h = first.h; h < last.h; ++h) {
      for (index_t w = first.w; w < last.w; ++w) mask.at(d, h, w) = 1;
    }
  }
  return mask;
}

}  // namespace

TEST_CASE("both definitions equal their scipy counterparts") {
  for (const auto& entry : test::golden_metrics()["cases"]) {
    const auto spacing = test::spacing_of(entry);
    const auto truth = test::paint(test::extent_of(entry), entry["truth"]);
    const auto prediction = test::paint(test::extent_of(entry), entry["prediction"]);
    for (int r = 0; r < region::count; ++r) {
      const auto& expected = entry["scores"][std::string(region::names[static_cast<size_t>(r)])];
      const Mask a = region_mask(truth, r), b = region_mask(prediction, r);
      const auto matches = [](const nlohmann::json& value) {
        return doctest::Approx(value.get<double>()).epsilon(1e-12);
      };
      CHECK(hausdorff(a, b, spacing) == matches(expected["hd95_pooled"]));
      CHECK(hausdorff<MaxOfPercentiles>(a, b, spacing) == matches(expected["hd95_maximum"]));
      CHECK(hausdorff(a, b, spacing, 100) == matches(expected["hd100"]));
    }
  }
}

TEST_CASE("one voxel against one voxel is their distance in mm") {
  const Extent volume{9, 9, 9};
  const Mask a = block(volume, {1, 1, 1}, {2, 2, 2}), b = block(volume, {4, 5, 1}, {5, 6, 2});
  CHECK(hausdorff(a, b, {1, 1, 1}) == 5);
  CHECK(hausdorff(a, b, {4, 2.25, 1}) == 15);
}

TEST_CASE("a percentile interpolates between order statistics") {
  std::vector<double> values{4, 1, 3, 2};
  CHECK(detail::percentile(values, 0) == 1);
  CHECK(detail::percentile(values, 50) == 2.5);
  CHECK(detail::percentile(values, 95) == doctest::Approx(3.85));
  CHECK(detail::percentile(values, 100) == 4);
}

TEST_CASE("the border is judged in the whole volume, whose outside is background") {
  // A mask that fills the volume: all voxels but the inner one lie on the border.
  const Mask full({3, 3, 3}, 1);
  const Mask border = detail::surface(full, detail::bounds_of_union(full, full));
  CHECK(std::count(border.voxels.begin(), border.voxels.end(), 1) == 26);
  CHECK(border.at(1, 1, 1) == 0);
}

TEST_CASE("a mask far inside a larger one is measured from border to border") {
  const Extent volume{11, 11, 11};
  const Mask large = block(volume, {1, 1, 1}, {10, 10, 10}),
             centre = block(volume, {5, 5, 5}, {6, 6, 6});
  CHECK(hausdorff(large, centre, {1, 1, 1}, 100) == doctest::Approx(std::sqrt(48.0)));
  CHECK(hausdorff(large, large, {1, 1, 1}, 100) == 0);
}

TEST_CASE("empty masks and different extents are refused") {
  const Mask empty({3, 3, 3}), full({3, 3, 3}, 1);
  CHECK_THROWS_AS((void)hausdorff(empty, empty, {1, 1, 1}), UsageError);
  CHECK_THROWS_AS((void)hausdorff(empty, full, {1, 1, 1}), UsageError);
  CHECK_THROWS_AS((void)hausdorff(full, empty, {1, 1, 1}), UsageError);
  CHECK_THROWS_WITH_AS((void)hausdorff(full, Mask({3, 3, 4}, 1), {1, 1, 1}),
                       "metrics: prediction extent: got 4x3x3, expected that of the truth, 3x3x3",
                       UsageError);
}
