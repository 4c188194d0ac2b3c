#include "glia/infer/overlay.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "support/expect.hpp"

using namespace glia;

namespace {

constexpr Colour black{0, 0, 0};

void fill(LabelVolume& labels, index_t d, index_t first, index_t last, std::uint8_t value) {
  for (index_t h = first; h < last; ++h) {
    for (index_t w = first; w < last; ++w) labels.at(d, h, w) = value;
  }
}

}  // namespace

TEST_CASE("intensities between the quantiles become grey, 0 stays black") {
  Volume<float> image({1, 1, 6});
  image.voxels = {0, -1e6F, -2, 0.5F, 3, 1e6F};
  const Picture picture =
      draw_overlay(image, 0, nullptr, nullptr, {.zoom = 1, .darkest = 0.25, .brightest = 0.75});
  CHECK(picture.at(0, 0) == black);
  CHECK(picture.at(1, 0) == black);
  CHECK(picture.at(2, 0) == black);
  CHECK(picture.at(3, 0) == Colour{128, 128, 128});
  CHECK(picture.at(4, 0) == Colour{255, 255, 255});
  CHECK(picture.at(5, 0) == Colour{255, 255, 255});
}

TEST_CASE("quantiles lie between voxels, as numpy's do") {
  Volume<float> image({1, 1, 3});
  image.voxels = {10, 20, 15};  // the quarters of {10, 15, 20}: 12.5 and 17.5
  const Picture picture =
      draw_overlay(image, 0, nullptr, nullptr, {.zoom = 1, .darkest = 0.25, .brightest = 0.75});
  CHECK(picture.at(0, 0) == black);
  CHECK(picture.at(2, 0) == Colour{128, 128, 128});
  CHECK(picture.at(1, 0) == Colour{255, 255, 255});
}

TEST_CASE("a constant or empty image is black, not a division by zero") {
  CHECK(draw_overlay(Volume<float>({1, 1, 1}, 5), 0, nullptr, nullptr).at(0, 0) == black);
  CHECK(draw_overlay(Volume<float>({1, 1, 1}, 0), 0, nullptr, nullptr).at(0, 0) == black);
  Volume<float> two({1, 1, 2}, 5);
  two.at(0, 0, 1) = 9;
  CHECK(
      draw_overlay(two, 0, nullptr, nullptr, {.zoom = 1, .darkest = 0, .brightest = 0}).at(1, 0) ==
      black);
}

TEST_CASE("contours are the innermost pixels of each region, inner regions on top") {
  const Volume<float> image({2, 7, 7});
  LabelVolume labels({2, 7, 7});
  fill(labels, 1, 1, 6, label::ED);
  fill(labels, 1, 3, 4, label::ET);
  const OverlayOptions options{.zoom = 1};
  const Picture picture = draw_overlay(image, 1, nullptr, &labels, options);
  for (index_t y = 0; y < 7; ++y) {
    for (index_t x = 0; x < 7; ++x) {
      const index_t ring = std::max(std::abs(x - 3), std::abs(y - 3));
      const Colour expected = ring == 0   ? options.colours[region::ET]
                              : ring == 2 ? options.colours[region::WT]
                                          : black;
      CHECK(picture.at(x, y) == expected);
    }
  }
  CHECK(draw_overlay(image, 0, nullptr, &labels, options).rgb == std::vector<std::uint8_t>(147, 0));
}

TEST_CASE("contours stay one pixel wide when voxels are enlarged, and follow the picture's edge") {
  LabelVolume labels({1, 2, 3}, label::ED);
  const Picture picture = draw_overlay(Volume<float>({1, 2, 3}), 0, nullptr, &labels, {.zoom = 4});
  REQUIRE(picture.width == 12);
  REQUIRE(picture.height == 8);
  index_t drawn = 0;
  for (index_t y = 0; y < 8; ++y) {
    for (index_t x = 0; x < 12; ++x) drawn += picture.at(x, y) != black;
  }
  CHECK(drawn == 2 * 12 + 2 * 6);
}

TEST_CASE("where truth and prediction agree the line is solid, else the truth is dashed") {
  const Volume<float> image({1, 8, 8});
  LabelVolume truth({1, 8, 8});
  fill(truth, 0, 1, 7, label::ED);
  const auto drawn = [](const Picture& picture) {
    index_t count = 0;
    for (index_t y = 0; y < picture.height; ++y) {
      for (index_t x = 0; x < picture.width; ++x) count += picture.at(x, y) != black;
    }
    return count;
  };
  const index_t solid = drawn(draw_overlay(image, 0, &truth, &truth));
  const index_t dashed = drawn(draw_overlay(image, 0, &truth, nullptr));
  CHECK(solid == 4 * 17);
  CHECK(dashed > solid / 3);
  CHECK(dashed < solid * 2 / 3);
}

TEST_CASE("the plane with most of a region is found, the middle one if there is none") {
  LabelVolume labels({5, 4, 4});
  CHECK(largest_plane(labels) == 2);
  fill(labels, 0, 0, 2, label::ET);
  fill(labels, 4, 0, 3, label::ED);
  CHECK(largest_plane(labels) == 4);
  CHECK(largest_plane(labels, region::ET) == 0);
}

TEST_CASE("planes and label volumes that do not fit are refused") {
  const Volume<float> image({2, 3, 4});
  const LabelVolume other({2, 3, 5});
  CHECK_THROWS_AS((void)draw_overlay(image, 2, nullptr, nullptr), UsageError);
  CHECK_THROWS_AS((void)draw_overlay(image, 0, &other, nullptr), UsageError);
  CHECK_THROWS_AS((void)draw_overlay(image, 0, nullptr, nullptr, {.zoom = 0}), UsageError);
}

TEST_CASE("quantiles that are none, and descending ones, are refused") {
  Volume<float> image({1, 1, 2}, 5);
  image.at(0, 0, 1) = 9;
  const auto refusal = [&](double darkest, double brightest) {
    return test::message_of<UsageError>([&] {
      (void)draw_overlay(image, 0, nullptr, nullptr, {.darkest = darkest, .brightest = brightest});
    });
  };
  CHECK(test::holds(refusal(-0.5, 0.9), "quantiles", "got -0.5 and 0.9"));
  CHECK(test::holds(refusal(0.1, 1.5), "quantiles", "got 0.1 and 1.5"));
  CHECK(test::holds(refusal(0.75, 0.25), "quantiles", "got 0.75 and 0.25"));
  CHECK(test::holds(refusal(NAN, 0.5), "quantiles", "got nan and 0.5"));
  CHECK(test::holds(refusal(0.5, NAN), "quantiles", "got 0.5 and nan"));
  CHECK(draw_overlay(image, 0, nullptr, nullptr, {.zoom = 1, .darkest = 0, .brightest = 1})
            .at(1, 0) == Colour{255, 255, 255});
}
