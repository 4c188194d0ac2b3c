#include "glia/data/crop.hpp"

#include <doctest/doctest.h>

#include <array>
#include <numeric>

using namespace glia;

namespace {

Volume<int> numbered(Extent extent) {
  Volume<int> volume(extent);
  std::iota(volume.voxels.begin(), volume.voxels.end(), 1);
  return volume;
}

}  // namespace

TEST_CASE("the box holds the first and the last voxel on every axis") {
  std::array<Volume<float>, 2> images{Volume<float>({6, 7, 8}), Volume<float>({6, 7, 8})};
  images[0].at(1, 5, 3) = -2.0F;  // negative voxels count
  images[1].at(4, 2, 7) = 0.5F;   // the last column
  CHECK(bounding_box(images) == CropBox{1, 2, 3, {4, 4, 5}});
}

TEST_CASE("one voxel makes a box of one voxel, at each corner") {
  for (const index_t d : {0, 4}) {
    for (const index_t h : {0, 2}) {
      for (const index_t w : {0, 6}) {
        std::array<Volume<float>, 1> images{Volume<float>({5, 3, 7})};
        images[0].at(d, h, w) = 1.0F;
        CHECK(bounding_box(images) == CropBox{d, h, w, {1, 1, 1}});
      }
    }
  }
}

TEST_CASE("full and empty volumes give the whole extent") {
  std::array<Volume<float>, 1> images{Volume<float>({3, 4, 5}, 1.0F)};
  CHECK(bounding_box(images) == CropBox{0, 0, 0, {3, 4, 5}});
  images[0] = Volume<float>({3, 4, 5});
  CHECK(bounding_box(images) == CropBox{0, 0, 0, {3, 4, 5}});
}

TEST_CASE("uncrop puts every voxel back and fills the rest") {
  const Volume<int> whole = numbered({4, 5, 6});
  const CropBox box{1, 0, 2, {2, 4, 3}};
  const Volume<int> part = crop(whole, box);
  REQUIRE(part.extent == box.extent);
  CHECK(part.at(0, 0, 0) == 1 * 30 + 0 * 6 + 2 + 1);
  CHECK(part.at(1, 3, 2) == 2 * 30 + 3 * 6 + 4 + 1);

  const Volume<int> back = uncrop(part, box, whole.extent, -7);
  for (index_t d = 0; d < 4; ++d) {
    for (index_t h = 0; h < 5; ++h) {
      for (index_t w = 0; w < 6; ++w) {
        const bool inside = d >= 1 && d < 3 && h < 4 && w >= 2 && w < 5;
        CHECK(back.at(d, h, w) == (inside ? whole.at(d, h, w) : -7));
      }
    }
  }
}

TEST_CASE("boxes outside the volume and wrong parts are refused") {
  const Volume<int> whole = numbered({4, 4, 4});
  CHECK_THROWS_AS((void)crop(whole, CropBox{0, 0, 1, {4, 4, 4}}), UsageError);
  CHECK_THROWS_AS((void)crop(whole, CropBox{-1, 0, 0, {2, 2, 2}}), UsageError);
  CHECK_THROWS_AS((void)uncrop(whole, CropBox{0, 0, 0, {4, 4, 3}}, Extent{9, 9, 9}), UsageError);
  CHECK_THROWS_AS((void)uncrop(whole, CropBox{0, 0, 0, {4, 4, 4}}, Extent{4, 4, 3}), UsageError);
  CHECK_THROWS_AS((void)bounding_box({}), UsageError);
}
