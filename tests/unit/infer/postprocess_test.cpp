#include "glia/infer/postprocess.hpp"

#include <doctest/doctest.h>

using namespace glia;

namespace {

/// Components of 6 (2 of them ET), 3 and 1 (ET) voxels; the last two touch nothing, not by a
/// corner.
LabelVolume three_parts() {
  LabelVolume labels({1, 3, 9});
  labels.voxels = {2, 2, 0, 0, 0, 0, 0, 0, 3,  //
                   1, 3, 0, 2, 0, 0, 0, 0, 0,  //
                   2, 3, 0, 0, 1, 2, 0, 0, 0};
  return labels;
}

}  // namespace

TEST_CASE("nothing is changed unless asked for") {
  LabelVolume labels = three_parts();
  CHECK(postprocess(labels, {}) == PostprocessChanges{});
  CHECK(labels.voxels == three_parts().voxels);
}

TEST_CASE("components below a number of voxels are removed, those of exactly that number stay") {
  LabelVolume labels = three_parts();
  CHECK(postprocess(labels, {.min_component_voxels = 3}) == PostprocessChanges{1, 1, 0});
  CHECK(labels.at(0, 0, 8) == 0);
  CHECK(labels.at(0, 1, 3) == 2);  // joined with its component by a corner
  CHECK(postprocess(labels, {.min_component_voxels = 4}) == PostprocessChanges{1, 3, 0});
  CHECK(labels.at(0, 2, 4) == 0);
  CHECK(labels.at(0, 1, 1) == 3);
}

TEST_CASE("components below a share of the whole tumour are removed") {
  LabelVolume labels = three_parts();
  CHECK(postprocess(labels, {.min_component_fraction = 0.1}) == PostprocessChanges{});
  CHECK(postprocess(labels, {.min_component_fraction = 0.31}) == PostprocessChanges{2, 4, 0});
  CHECK(std::count(labels.voxels.begin(), labels.voxels.end(), 0) == 21);
}

TEST_CASE(
    "the largest component stays, whatever number or share is asked for, and its equals too") {
  LabelVolume parts = three_parts();
  CHECK(postprocess(parts, {.min_component_voxels = 100}) == PostprocessChanges{2, 4, 0});
  CHECK(parts.at(0, 0, 0) == 2);
  CHECK(parts.at(0, 2, 1) == 3);
  CHECK(postprocess(parts, {.min_component_fraction = 1}) == PostprocessChanges{});

  // Twelve foci of one voxel: none has a tenth of the tumour.
  LabelVolume foci({1, 1, 24});
  for (std::size_t i = 0; i < 24; i += 2) foci.voxels[i] = label::ET;
  const LabelVolume before = foci;
  for (const double fraction : {0.1, 1.0}) {
    CHECK(postprocess(foci, {.min_component_fraction = fraction}) == PostprocessChanges{});
    CHECK(foci.voxels == before.voxels);
  }
}

TEST_CASE("too few ET voxels become NCR; what components take with them counts as gone") {
  LabelVolume labels = three_parts();
  CHECK(postprocess(labels, {.min_enhancing_voxels = 3}) == PostprocessChanges{});
  CHECK(postprocess(labels, {.min_component_voxels = 2, .min_enhancing_voxels = 3}) ==
        PostprocessChanges{1, 1, 2});
  CHECK(labels.at(0, 1, 1) == 1);
  CHECK(labels.at(0, 2, 1) == 1);
  CHECK(labels.at(0, 0, 8) == 0);
}

TEST_CASE("an empty segmentation stays empty") {
  LabelVolume labels({2, 2, 2});
  CHECK(postprocess(labels, {10, 0.5, 10}) == PostprocessChanges{});
}

TEST_CASE("a fraction outside 0 to 1 is refused") {
  LabelVolume labels({1, 1, 1});
  CHECK_THROWS_WITH_AS(postprocess(labels, {.min_component_fraction = 10}),
                       "postprocess: min_component_fraction: got 10.000000, expected 0 to 1",
                       UsageError);
}
