#include "glia/metrics/connected_components.hpp"

#include <doctest/doctest.h>

#include "golden_metrics.hpp"

using namespace glia;

TEST_CASE("sizes and order of components equal scipy's for all connectivities") {
  for (const auto& entry : test::golden_metrics()["components"]) {
    const Mask mask = test::scatter(test::extent_of(entry), entry["one_in"]);
    const auto sizes = [&](Connectivity connectivity) {
      return connected_components(mask, connectivity).sizes;
    };
    CHECK(sizes(Connectivity::faces) == entry["sizes"]["faces"].get<std::vector<index_t>>());
    CHECK(sizes(Connectivity::edges) == entry["sizes"]["edges"].get<std::vector<index_t>>());
    CHECK(sizes(Connectivity::corners) == entry["sizes"]["corners"].get<std::vector<index_t>>());
  }
}

TEST_CASE("voxels that touch by a face, an edge or a corner") {
  const auto parts = [](Extent other, Connectivity connectivity) {
    Mask mask({2, 2, 2});
    mask.at(0, 0, 0) = mask.at(other.d, other.h, other.w) = 1;
    return connected_components(mask, connectivity).sizes.size();
  };
  CHECK(parts({0, 0, 1}, Connectivity::faces) == 1);
  CHECK(parts({0, 1, 1}, Connectivity::faces) == 2);
  CHECK(parts({1, 1, 0}, Connectivity::edges) == 1);
  CHECK(parts({1, 1, 1}, Connectivity::edges) == 2);
  CHECK(parts({1, 1, 1}, Connectivity::corners) == 1);
}

TEST_CASE("arms that meet late are one component, and ids have no gaps") {
  // A comb: six columns that only the last row joins, and one voxel apart.
  Mask mask({1, 4, 13});
  for (index_t w = 0; w < 11; ++w) {
    mask.at(0, 3, w) = 1;
    if (w % 2 == 0) mask.at(0, 0, w) = mask.at(0, 1, w) = mask.at(0, 2, w) = 1;
  }
  mask.at(0, 0, 12) = 1;
  const Components found = connected_components(mask, Connectivity::faces);
  CHECK(found.sizes == std::vector<index_t>{29, 1});
  CHECK(found.ids.at(0, 0, 10) == 1);
  CHECK(found.ids.at(0, 3, 5) == 1);
  CHECK(found.ids.at(0, 0, 12) == 2);
  CHECK(found.ids.at(0, 0, 11) == 0);
}

TEST_CASE("an empty mask has no components") {
  CHECK(connected_components(Mask({3, 3, 3})).sizes.empty());
}
