#include "glia/data/patch_transform.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <vector>

#include "patch_cases.hpp"

namespace {

using namespace glia;
using glia::test::distinct_case;
using glia::test::make_case;

struct Patch {
  HostTensor<float> image, target;
};

Patch take(const PreparedCase& source, const PatchTransform& transform, Extent extent) {
  // The patch is sample 1 of 2 and starts with rubbish that must disappear.
  Patch patch{HostTensor<float>(make_shape(2, extent, 4), -77.0F),
              HostTensor<float>(make_shape(2, extent, 3), -77.0F)};
  sample_patch(source, transform, patch.image.view(), patch.target.view(), 1);
  CHECK(patch.image.view().at(0, 0, 0, 0, 0) == -77.0F);
  return patch;
}

void check_target(const View<const float>& target, index_t d, index_t h, index_t w, int label) {
  CHECK(target.at(1, d, h, w, 0) == (label != 0 ? 1 : 0));
  CHECK(target.at(1, d, h, w, 1) == (label == 1 || label == 3 ? 1 : 0));
  CHECK(target.at(1, d, h, w, 2) == (label == 3 ? 1 : 0));
}

}  // namespace

TEST_CASE("a crop copies voxels and pads with zeros, for even and odd patches") {
  const PreparedCase source = distinct_case("case", {5, 6, 7});
  for (const Extent extent : {Extent{4, 4, 4}, Extent{3, 5, 2}, Extent{8, 9, 11}}) {
    for (const std::array<index_t, 3> first :
         {std::array<index_t, 3>{0, 0, 0}, {1, 2, 3}, {-2, -1, -3}, {3, -2, 5}}) {
      const Patch patch = take(source, crop_transform(first, extent), extent);
      for (index_t d = 0; d < extent.d; ++d) {
        for (index_t h = 0; h < extent.h; ++h) {
          for (index_t w = 0; w < extent.w; ++w) {
            const index_t z = first[0] + d, y = first[1] + h, x = first[2] + w;
            const bool inside = z >= 0 && z < 5 && y >= 0 && y < 6 && x >= 0 && x < 7;
            for (index_t m = 0; m < 4; ++m) {
              REQUIRE(patch.image.view().at(1, d, h, w, m) ==
                      (inside ? source.image.view().at(0, z, y, x, m) : 0.0F));
            }
            check_target(patch.target.view(), d, h, w, inside ? source.labels->at(z, y, x) : 0);
          }
        }
      }
    }
  }
}

TEST_CASE("a mirrored crop is the crop read backwards, and mirroring twice is the identity") {
  const PreparedCase source = distinct_case("case", {5, 6, 7});
  const Extent extent{4, 3, 5};
  const PatchTransform crop = crop_transform({1, 2, -1}, extent);
  for (int axes = 0; axes < 8; ++axes) {
    PatchTransform mirrored = crop;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if ((axes >> axis & 1) != 0) mirrored.matrix[axis][axis] = -1;
    }
    const Patch plain = take(source, crop, extent), patch = take(source, mirrored, extent);
    const auto back = [&](int axis, index_t at, index_t length) {
      return (axes >> axis & 1) != 0 ? length - 1 - at : at;
    };
    PreparedCase again = source;  // the patch as a case of its own
    again.image = HostTensor<float>(make_shape(1, extent, 4));
    again.labels = LabelVolume(extent);
    for (index_t d = 0; d < extent.d; ++d) {
      for (index_t h = 0; h < extent.h; ++h) {
        for (index_t w = 0; w < extent.w; ++w) {
          const index_t z = back(0, d, extent.d), y = back(1, h, extent.h),
                        x = back(2, w, extent.w);
          for (index_t m = 0; m < 4; ++m) {
            REQUIRE(patch.image.view().at(1, d, h, w, m) == plain.image.view().at(1, z, y, x, m));
            again.image.view().at(0, d, h, w, m) = patch.image.view().at(1, d, h, w, m);
          }
          for (index_t r = 0; r < 3; ++r) {
            REQUIRE(patch.target.view().at(1, d, h, w, r) == plain.target.view().at(1, z, y, x, r));
          }
        }
      }
    }
    PatchTransform second = crop_transform({0, 0, 0}, extent);
    second.matrix = mirrored.matrix;
    CHECK(take(again, second, extent).image.values() == plain.image.values());
  }
}

TEST_CASE("resampling reproduces an affine image exactly wherever it does not touch the border") {
  const auto image = [](double z, double y, double x, double m) {
    return 3 + m + 0.5 * z - 0.25 * y + 2 * x;
  };
  const PreparedCase source = make_case(
      "linear", {20, 22, 24},
      [&](index_t d, index_t h, index_t w, index_t m) {
        return image(static_cast<double>(d), static_cast<double>(h), static_cast<double>(w),
                     static_cast<double>(m));
      },
      [](index_t, index_t, index_t) { return 0; });
  PatchTransform transform = crop_transform({6, 7, 8}, {7, 8, 9});
  transform.matrix = {{{0.9, 0.2, -0.3}, {-0.1, 1.1, 0.25}, {0.3, -0.2, 0.8}}};
  const Patch patch = take(source, transform, {7, 8, 9});
  for (index_t d = 0; d < 7; ++d) {
    for (index_t h = 0; h < 8; ++h) {
      for (index_t w = 0; w < 9; ++w) {
        const std::array<double, 3> offset{static_cast<double>(d) - 3, static_cast<double>(h) - 3.5,
                                           static_cast<double>(w) - 4};
        std::array<double, 3> at = {9, 10.5, 12};
        for (std::size_t i = 0; i < 3; ++i) {
          for (std::size_t j = 0; j < 3; ++j) at[i] += transform.matrix[i][j] * offset[j];
        }
        for (index_t m = 0; m < 4; ++m) {
          REQUIRE(
              static_cast<double>(patch.image.view().at(1, d, h, w, m)) ==
              doctest::Approx(image(at[0], at[1], at[2], static_cast<double>(m))).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("resampling by the identity equals the crop, also across the border") {
  const PreparedCase source = distinct_case("case", {5, 6, 7});
  const Extent extent{8, 7, 9};
  const PatchTransform crop = crop_transform({-2, 1, -1}, extent);
  const Patch copied = take(source, crop, extent);
  Patch resampled{HostTensor<float>(make_shape(2, extent, 4), -77.0F),
                  HostTensor<float>(make_shape(2, extent, 3), -77.0F)};
  detail::PatchWriter{source, resampled.image.view(), resampled.target.view(), 1}.resample(crop);
  CHECK(resampled.image.values() == copied.image.values());
  CHECK(resampled.target.values() == copied.target.values());
}

TEST_CASE("half a voxel outside of the case weighs half") {
  const PreparedCase source = make_case(
      "ones", {3, 3, 3}, [](index_t, index_t, index_t, index_t) { return 1; },
      [](index_t, index_t, index_t) { return 3; });
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const double outside : {-0.5, 2.5}) {
      PatchTransform transform;
      transform.centre = {1, 1, 1};
      transform.centre[axis] = outside;
      transform.matrix[0][0] = 0.5;  // not a crop
      const Patch patch = take(source, transform, {1, 1, 1});
      CHECK(patch.image.view().at(1, 0, 0, 0, 2) == 0.5F);
    }
  }
}

TEST_CASE(
    "labels follow the image: a patch of a two-valued case has the target where it is bright") {
  const auto inside = [](index_t d, index_t h, index_t w) {
    return (d - 12) * (d - 12) + (h - 10) * (h - 10) * 2 + (w - 13) * (w - 13) * 3 < 90;
  };
  const PreparedCase source = make_case(
      "ball", {24, 24, 24},
      [&](index_t d, index_t h, index_t w, index_t) { return inside(d, h, w) ? 1 : 0; },
      [&](index_t d, index_t h, index_t w) { return inside(d, h, w) ? 3 : 0; });
  PatchTransform transform = crop_transform({4, 4, 4}, {16, 16, 16});
  const double angle = 0.4, scale = 1.2;
  transform.matrix = {{{1 / scale, 0, 0},
                       {0, std::cos(angle) / scale, -std::sin(angle) / scale},
                       {0, std::sin(angle) / scale, -std::cos(angle) / scale}}};
  const Patch patch = take(source, transform, {16, 16, 16});
  index_t bright = 0, dark = 0;
  for (index_t v = 0; v < 16 * 16 * 16; ++v) {
    const float value = patch.image.view().row(1, 0, 0)[v * 4];
    const float target = patch.target.view().row(1, 0, 0)[v * 3 + 2];
    // The nearest voxel holds at least an eighth of the trilinear weight.
    if (value > 0.875F) REQUIRE(target == 1);
    if (value < 0.125F) REQUIRE(target == 0);
    bright += value > 0.875F;
    dark += value < 0.125F;
  }
  CHECK(bright > 500);
  CHECK(dark > 500);
}
