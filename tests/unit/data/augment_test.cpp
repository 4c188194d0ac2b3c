#include "glia/data/augment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "glia/tensor/host_tensor.hpp"
#include "support/expect.hpp"

namespace {

using namespace glia;

constexpr Spacing cubes{1, 1, 1};

double determinant(const std::array<std::array<double, 3>, 3>& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
         m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

}  // namespace

TEST_CASE("without augmentation a crop stays what it is") {
  const PatchTransform crop = crop_transform({3, -4, 5}, {7, 8, 9});
  Random random{1};
  const PatchTransform same = augment_geometry(crop, {1, 0.9, 3.7}, AugmentOptions::none(), random);
  CHECK(same.is_crop());
  CHECK(same.matrix == PatchTransform{}.matrix);
  CHECK(same.centre == crop.centre);

  HostTensor<float> image(Shape{2, 2, 2, 2, 4}, 1.5F);
  const auto before = image.values();
  augment_intensity(image.view(), 1, AugmentOptions::none(), random);
  CHECK(image.values() == before);
}

TEST_CASE("each augmentation happens as often as its probability says") {
  const PatchTransform crop = crop_transform({0, 0, 0}, {8, 8, 8});
  const int draws = 20000;
  std::array<int, 3> mirrored{};
  int rotated = 0, scaled = 0;
  for (std::uint32_t i = 0; i < draws; ++i) {
    Random random{7, i};
    const PatchTransform drawn =
        augment_geometry(crop, cubes, AugmentOptions{.rotation_degrees = 20}, random);
    const double volume = std::abs(determinant(drawn.matrix));
    scaled += std::abs(volume - 1) > 1e-9;
    CHECK(volume <= std::pow(0.7, -3) * 1.000001);
    CHECK(volume >= std::pow(1.4, -3) * 0.999999);
    bool diagonal = true;
    for (std::size_t a = 0; a < 3; ++a) {
      mirrored[a] += drawn.matrix[a][a] < 0;  // rotations below 90 degrees keep the signs
      for (std::size_t b = 0; b < 3; ++b) diagonal &= a == b || drawn.matrix[a][b] == 0;
    }
    rotated += !diagonal;
    CHECK(drawn.centre == crop.centre);
  }
  // Six standard deviations of a binomial count of 20000.
  const auto near = [&](int count, double p) {
    return std::abs(count - draws * p) < 6 * std::sqrt(draws * p * (1 - p));
  };
  CHECK(near(rotated, 0.2));
  CHECK(near(scaled, 0.2));
  for (const int count : mirrored) CHECK(near(count, 0.5));
}

TEST_CASE("rotation turns space in mm: lengths are kept whatever the voxels' shape") {
  const Spacing spacing{5, 0.5, 1};
  AugmentOptions options = AugmentOptions::none();
  options.rotation_probability = 1;
  for (std::uint32_t i = 0; i < 50; ++i) {
    Random random{3, i};
    const auto m =
        augment_geometry(crop_transform({0, 0, 0}, {8, 8, 8}), spacing, options, random).matrix;
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) {
        double product = 0;  // of the images of two unit steps in mm
        for (std::size_t k = 0; k < 3; ++k) {
          product += m[k][a] * spacing.along(k) / spacing.along(a) *
                     (m[k][b] * spacing.along(k) / spacing.along(b));
        }
        CHECK(product == doctest::Approx(a == b ? 1 : 0));
      }
    }
    CHECK(determinant(m) == doctest::Approx(1));
  }
}

TEST_CASE(
    "a rotation about one axis stays within its range, and scale 2 halves the steps in the case") {
  AugmentOptions options = AugmentOptions::none();
  options.scale_probability = 1;
  options.scale_low = options.scale_high = 2;
  Random random{5};
  const auto m =
      augment_geometry(crop_transform({0, 0, 0}, {8, 8, 8}), cubes, options, random).matrix;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) CHECK(m[a][b] == (a == b ? 0.5 : 0.0));
  }
  // Three turns of at most 30 degrees turn no direction by more than 90.
  options = AugmentOptions::none();
  options.rotation_probability = 1;
  double largest = 0;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    Random each{5, i};
    const auto r =
        augment_geometry(crop_transform({0, 0, 0}, {8, 8, 8}), cubes, options, each).matrix;
    const double angle = std::acos((r[0][0] + r[1][1] + r[2][2] - 1) / 2);
    CHECK(angle <= std::numbers::pi / 2);
    largest = std::max(largest, angle);
  }
  CHECK(largest > 30 * std::numbers::pi / 180);
}

TEST_CASE(
    "contrast keeps each modality's mean over the voxels that are not 0, and background stays 0") {
  HostTensor<float> image(Shape{1, 1, 1, 6, 4});
  const std::array<float, 6> values{0, -1, 2, 0, 5, -3};
  for (index_t w = 0; w < 6; ++w) {
    for (index_t m = 0; m < 4; ++m)
      image.view().at(0, 0, 0, w, m) = values[static_cast<std::size_t>(w)];
  }
  AugmentOptions options = AugmentOptions::none();
  options.contrast_probability = 1;
  options.contrast_low = options.contrast_high = 1.25;
  Random random{9};
  augment_intensity(image.view(), 0, options, random);
  const double mean = 0.75;  // (-1 + 2 + 5 - 3) / 4
  for (index_t w = 0; w < 6; ++w) {
    for (index_t m = 0; m < 4; ++m) {
      const double old = static_cast<double>(values[static_cast<std::size_t>(w)]);
      CHECK(static_cast<double>(image.view().at(0, 0, 0, w, m)) ==
            doctest::Approx(old == 0 ? 0 : mean + 1.25 * (old - mean)));
    }
  }
}

TEST_CASE(
    "the shift is one number per modality, uniform in its range, and leaves background and other "
    "samples") {
  const int draws = 4000;
  std::array<double, 4> sum{}, square{};
  for (std::uint32_t i = 0; i < draws; ++i) {
    HostTensor<float> image(Shape{2, 1, 1, 3, 4}, 2.0F);
    for (index_t m = 0; m < 4; ++m) image.view().at(1, 0, 0, 1, m) = 0;
    AugmentOptions options = AugmentOptions::none();
    options.shift_probability = 1;
    Random random{11, i};
    augment_intensity(image.view(), 1, options, random);
    for (index_t m = 0; m < 4; ++m) {
      const float shifted = image.view().at(1, 0, 0, 0, m);
      REQUIRE(image.view().at(1, 0, 0, 2, m) == shifted);
      REQUIRE(image.view().at(1, 0, 0, 1, m) == 0);
      REQUIRE(image.view().at(0, 0, 0, 0, m) == 2);
      const double shift = static_cast<double>(shifted) - 2;
      REQUIRE(std::abs(shift) <= 0.1 + 1e-6);
      sum[static_cast<std::size_t>(m)] += shift;
      square[static_cast<std::size_t>(m)] += shift * shift;
    }
  }
  for (std::size_t m = 0; m < 4; ++m) {  // variance of U(-a, a) is a^2 / 3; five standard errors
    CHECK(std::abs(sum[m] / draws) < 5 * std::sqrt(0.01 / 3 / draws));
    CHECK(square[m] / draws == doctest::Approx(0.01 / 3).epsilon(0.08));
  }
}

TEST_CASE("options of augmentations that make no sense are refused by name") {
  const auto refusal = [](auto change) {
    AugmentOptions options;
    change(options);
    return test::message_of<UsageError>([&] { require_valid("augmentation", options); });
  };
  const auto check_probability = [&](const char* name, double AugmentOptions::*option) {
    const auto refused = [&](double got) { return refusal([&](auto& o) { o.*option = got; }); };
    CHECK(test::holds(refused(1.5), name, "got 1.5, expected at least 0 and at most 1"));
    CHECK(test::holds(refused(-0.25), name, "got -0.25,"));
    CHECK(test::holds(refused(std::nan("")), name, "got nan,"));
  };
  check_probability("rotation_probability", &AugmentOptions::rotation_probability);
  check_probability("scale_probability", &AugmentOptions::scale_probability);
  check_probability("mirror_probability", &AugmentOptions::mirror_probability);
  check_probability("contrast_probability", &AugmentOptions::contrast_probability);
  check_probability("shift_probability", &AugmentOptions::shift_probability);
  CHECK(test::holds(refusal([](auto& o) { o.scale_low = 0; }), "scale_low: got 0,", "above 0"));
  CHECK(test::holds(refusal([](auto& o) { o.scale_low = std::nan(""); }), "scale_low: got nan,"));
  CHECK(test::holds(refusal([](auto& o) { o.scale_high = 0.5; }),
                    "scale_high: got 0.5, expected at least 0.7"));
  CHECK(test::holds(refusal([](auto& o) { o.scale_high = HUGE_VAL; }), "scale_high: got inf,"));
  CHECK(test::holds(refusal([](auto& o) { o.contrast_low = 1.5; }), "contrast_high: got 1.25,"));
  CHECK(test::holds(refusal([](auto& o) { o.contrast_low = -1; }), "contrast_low: got -1,"));
  CHECK(test::holds(refusal([](auto& o) { o.rotation_degrees = std::nan(""); }),
                    "rotation_degrees: got nan,"));
  CHECK(test::holds(refusal([](auto& o) { o.shift = HUGE_VAL; }), "shift: got inf,"));

  CHECK_NOTHROW(require_valid("augmentation", AugmentOptions{}));
  CHECK_NOTHROW(require_valid("augmentation", AugmentOptions::none()));
  CHECK_NOTHROW(require_valid(
      "augmentation",
      AugmentOptions{
          .rotation_probability = 1, .scale_low = 2, .scale_high = 2, .mirror_probability = 0}));
}
