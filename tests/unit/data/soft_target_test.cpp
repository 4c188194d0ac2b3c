#include "glia/data/soft_target.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <vector>

#include "glia/data/foreground_index.hpp"
#include "glia/data/patch_transform.hpp"
#include "patch_cases.hpp"

using namespace glia;
using glia::test::make_case;

namespace {

/// A soft target made from target(d, h, w, region).
template <class Target>
PreparedCase soft_case(Extent extent, Target&& target) {
  PreparedCase made = make_case(
      "soft", extent, [](index_t, index_t, index_t, index_t) { return 1; },
      [](index_t, index_t, index_t) { return 3; });  // labels that must not be used
  made.soft = SoftTarget(extent);
  index_t voxel = 0;
  for (index_t d = 0; d < extent.d; ++d) {
    for (index_t h = 0; h < extent.h; ++h) {
      for (index_t w = 0; w < extent.w; ++w, ++voxel) {
        for (int r = 0; r < region::count; ++r)
          made.soft->set(voxel, r, static_cast<float>(target(d, h, w, r)));
      }
    }
  }
  return made;
}

HostTensor<float> target_of(const PreparedCase& source, const PatchTransform& transform,
                            Extent extent) {
  HostTensor<float> image(make_shape(1, extent, 4)), target(make_shape(1, extent, 3), -77.0F);
  sample_patch(source, transform, image.view(), target.view(), 0);
  return target;
}

}  // namespace

TEST_CASE("probabilities keep four digits, 0 and 1 and what is not counted are exact") {
  SoftTarget target(Extent{1, 1, 2});
  for (int i = 0; i <= 1000; ++i) {
    const float p = static_cast<float>(i) / 1000;
    target.set(1, 2, p);
    CHECK(std::abs(target.at(1, 2) - p) <= 0.51F / 65534);
    CHECK((target.at(1, 2) > 0.5F) == (p > 0.5F));
  }
  target.set(0, 0, 1);
  CHECK(target.at(0, 0) == 1);
  target.set(0, 0, 1.5F);
  CHECK(target.at(0, 0) == 1);
  target.set(0, 0, 0);
  CHECK(target.at(0, 0) == 0);
  target.set(0, 1, -0.001F);
  CHECK(target.at(0, 1) == SoftTarget::not_counted);
  const SoftTarget copy(target.extent(), target.codes());
  CHECK(copy.at(0, 1) == SoftTarget::not_counted);
  CHECK(copy.at(1, 2) == 1);
}

TEST_CASE("crops and mirrored crops copy a soft target, outside of the case it is 0") {
  const auto at = [](index_t d, index_t h, index_t w, int r) {
    return static_cast<double>(d * 12 + h * 4 + w) / 128 + (r == 2 && w == 1 ? -9 : 0);
  };
  const PreparedCase source = soft_case({3, 3, 4}, at);
  const Extent extent{2, 3, 5};
  PatchTransform transform = crop_transform({1, 0, -1}, extent);
  for (const bool mirrored : {false, true}) {
    transform.matrix[2][2] = mirrored ? -1 : 1;
    const auto target = target_of(source, transform, extent);
    for (index_t d = 0; d < 2; ++d) {
      for (index_t h = 0; h < 3; ++h) {
        for (index_t w = 0; w < 5; ++w) {
          const index_t x = mirrored ? 3 - w : w - 1;
          for (int r = 0; r < 3; ++r) {
            const double expected = x < 0 ? 0 : std::max(at(d + 1, h, x, r), -1.0);
            CHECK(target.view().at(0, d, h, w, r) == doctest::Approx(expected).epsilon(1e-3));
          }
        }
      }
    }
  }
}

TEST_CASE("between voxels a soft target is trilinear, and not counted beside one that is not") {
  // Linear along each axis: interpolation is exact wherever all eight neighbours exist.
  const auto ramp = [](auto d, auto h, auto w, int r) {
    return static_cast<double>(d + 2 * h + 3 * w) / 64 + r / 64.0;
  };
  const PreparedCase source = soft_case({6, 6, 6}, ramp);
  PatchTransform turned = crop_transform({1, 1, 1}, {4, 4, 4});
  const double c = std::cos(0.3), s = std::sin(0.3);
  turned.matrix = {{{0.8 * c, -0.8 * s, 0}, {0.8 * s, 0.8 * c, 0}, {0, 0, 0.8}}};
  const auto target = target_of(source, turned, {4, 4, 4});
  for (index_t d = 0; d < 4; ++d) {
    for (index_t h = 0; h < 4; ++h) {
      for (index_t w = 0; w < 4; ++w) {
        std::array<double, 3> at = turned.centre;
        const std::array<double, 3> offset{static_cast<double>(d) - 1.5,
                                           static_cast<double>(h) - 1.5,
                                           static_cast<double>(w) - 1.5};
        for (std::size_t i = 0; i < 3; ++i) {
          for (std::size_t j = 0; j < 3; ++j) at[i] += turned.matrix[i][j] * offset[j];
        }
        for (int r = 0; r < 3; ++r)
          CHECK(std::abs(target.view().at(0, d, h, w, r) - ramp(at[0], at[1], at[2], r)) < 2e-5);
      }
    }
  }

  const PreparedCase masked = soft_case(
      {1, 1, 4}, [](index_t, index_t, index_t w, int r) { return w == 1 && r == 0 ? -1.0 : 0.5; });
  PatchTransform shifted = crop_transform({0, 0, 0}, {1, 1, 4});
  shifted.centre[2] -= 0.25;
  shifted.matrix[2][2] = 1 - 1e-12;  // no crop, so that it is interpolated
  const auto beside = target_of(masked, shifted, {1, 1, 4});
  const std::array<double, 4> first{0.375, -1, -1, 0.5}, second{0.375, 0.5, 0.5, 0.5};
  for (index_t w = 0; w < 4; ++w) {
    const auto at = static_cast<std::size_t>(w);
    CHECK(beside.view().at(0, 0, 0, w, 0) == doctest::Approx(first[at]).epsilon(1e-4));
    CHECK(beside.view().at(0, 0, 0, w, 1) == doctest::Approx(second[at]).epsilon(1e-4));
  }
}

TEST_CASE("the foreground of a soft target is what is above one half") {
  const PreparedCase source = soft_case({1, 2, 3}, [](index_t, index_t h, index_t w, int r) {
    return r == 0 ? (h == 1 ? 0.9 : 0.5) : r == 1 ? (w == 2 ? 0.51 : -1.0) : 0.1;
  });
  const ForegroundIndex index{*source.soft};
  CHECK(index.count(region::WT) == 3);
  CHECK(index.count(region::TC) == 2);
  CHECK(index.count(region::ET) == 0);
  CHECK(index.voxel(region::TC, 1) == 5);
}
