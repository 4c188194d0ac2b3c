#include "glia/data/foreground_index.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "glia/core/random.hpp"

using namespace glia;

TEST_CASE("every voxel of every region is found by its rank, in the order of memory") {
  for (std::uint32_t round = 0; round < 20; ++round) {
    Random random{round};
    LabelVolume labels(Extent{3, 5, 7});
    // Few labels make long runs, many make short ones; runs may cross the ends of rows.
    const double change = 0.05 + 0.05 * round;
    std::uint8_t label = 0;
    for (auto& voxel : labels.voxels) {
      if (random.bernoulli(change)) label = static_cast<std::uint8_t>(random.below(4));
      voxel = label;
    }
    const ForegroundIndex index{labels};
    for (int r = 0; r < region::count; ++r) {
      std::vector<index_t> expected;
      for (std::size_t v = 0; v < labels.voxels.size(); ++v) {
        if (in_region(labels.voxels[v], r)) expected.push_back(static_cast<index_t>(v));
      }
      REQUIRE(index.count(r) == static_cast<index_t>(expected.size()));
      for (std::size_t rank = 0; rank < expected.size(); ++rank) {
        REQUIRE(index.voxel(r, static_cast<index_t>(rank)) == expected[rank]);
      }
    }
  }
}

TEST_CASE("a case without tumour has empty regions") {
  const ForegroundIndex index{LabelVolume(Extent{4, 4, 4})};
  for (int r = 0; r < region::count; ++r) CHECK(index.count(r) == 0);
}
