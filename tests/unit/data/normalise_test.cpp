#include "glia/data/normalise.hpp"

#include <doctest/doctest.h>

using namespace glia;

namespace {

Volume<float> row(std::vector<float> values) {
  Volume<float> volume;
  volume.extent = {1, 1, static_cast<index_t>(values.size())};
  volume.voxels = std::move(values);
  return volume;
}

}  // namespace

TEST_CASE("z-scores use the voxels that are not 0 and the population's deviation") {
  // numpy: x = [2, 4, 4, 4, 5, 5, 7, 9]; x.mean() = 5, x.std() = 2 (the sample's deviation would
  // be 2.138)
  const auto result = normalise(row({0, 2, 4, 4, 0, 4, 5, 5, 7, 9, 0})).voxels;
  CHECK(result == std::vector<float>{0, -1.5F, -0.5F, -0.5F, 0, -0.5F, 0, 0, 1, 2, 0});
}

TEST_CASE("negative voxels belong to the brain") {
  const IntensityStatistics statistics = nonzero_statistics(row({0, -3, 3, -3, 3}));
  CHECK(statistics.count == 4);
  CHECK(statistics.mean == 0);
  CHECK(statistics.deviation == 3);
}

TEST_CASE("a large mean costs no digits") {
  // Half the voxels 2^24, half 2^24 - 2: mean 2^24 - 1, deviation 1 exactly. One pass in float
  // gives nonsense here.
  std::vector<float> values(1000, 16777216.0F);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 16777214.0F;
  const IntensityStatistics statistics = nonzero_statistics(row(values));
  CHECK(statistics.mean == 16777215.0);
  CHECK(statistics.deviation == 1.0);
}

TEST_CASE("constant, single-voxel and empty scans give zeros") {
  CHECK(normalise(row(std::vector<float>(777, 0.1F))).voxels == std::vector<float>(777, 0.0F));
  CHECK(normalise(row({0, 5, 0})).voxels == std::vector<float>{0, 0, 0});
  CHECK(normalise(row({0, 0})).voxels == std::vector<float>{0, 0});
  CHECK(nonzero_statistics(row({})).count == 0);
}

TEST_CASE("huge and tiny intensities stay finite") {
  const auto huge = normalise(row({3e38F, -3e38F, 3e38F, -3e38F})).voxels;
  CHECK(huge == std::vector<float>{1, -1, 1, -1});
  const auto tiny = normalise(row({1e-44F, 3e-44F})).voxels;
  CHECK(tiny[0] == doctest::Approx(-1));
  CHECK(tiny[1] == doctest::Approx(1));
}
