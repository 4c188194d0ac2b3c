#include "glia/data/resample.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "support/expect.hpp"

using namespace glia;

namespace {

HostTensor<float> resampled(const HostTensor<float>& from, Extent grid) {
  HostTensor<float> to(make_shape(1, grid, from.shape().c), -9.0F);
  resample(from.view(), to.view());
  return to;
}

HostTensor<float> row(std::vector<float> values) {
  HostTensor<float> image({1, 1, 1, std::ssize(values), 1});
  image.values() = std::move(values);
  return image;
}

}  // namespace

TEST_CASE("doubling, halving and other rates of one axis") {
  CHECK(resampled(row({0, 4}), {1, 1, 4}).values() == std::vector<float>{0, 1, 3, 4});
  CHECK(resampled(row({1, 3, 5, 11}), {1, 1, 2}).values() == std::vector<float>{2, 8});
  CHECK(resampled(row({0, 3, 6}), {1, 1, 2}).values() == std::vector<float>{0.75F, 5.25F});
  CHECK(resampled(row({7}), {1, 1, 3}).values() == std::vector<float>{7, 7, 7});
  CHECK(resampled(row({1, 2, 5}), {1, 1, 3}).values() == std::vector<float>{1, 2, 5});
}

TEST_CASE("axes are resampled at rates of their own, channels apart") {
  HostTensor<float> image({1, 2, 4, 3, 2});
  const auto view = image.view();
  for (index_t d = 0; d < 2; ++d)
    for (index_t h = 0; h < 4; ++h)
      for (index_t w = 0; w < 3; ++w) {
        view.at(0, d, h, w, 0) = static_cast<float>(100 * d + 10 * h + w);
        view.at(0, d, h, w, 1) = 5;
      }
  const auto to = resampled(image, {4, 2, 3});
  // The middle of the second half in d is 1.25 - clamped to 1 -, of the first half in h 0.5.
  CHECK(to.view().at(0, 3, 0, 2, 0) == doctest::Approx(100 + 5 + 2));
  CHECK(to.view().at(0, 2, 1, 0, 0) == doctest::Approx(75 + 25 + 0));
  CHECK(to.view().at(0, 1, 1, 1, 1) == 5);
}

TEST_CASE("a resampled case: hard labels, its spacing, and still the place it came from") {
  PreparedCase source;
  source.id = "a";
  source.image = HostTensor<float>({1, 2, 2, 4, 4}, 1.0F);
  source.labels = LabelVolume({2, 2, 4});
  source.labels->at(1, 0, 3) = 3;
  source.soft = SoftTarget({2, 2, 4});
  source.soft->set(7, 2, 1);  // voxel (0, 1, 3)
  source.soft->set(0, 1, SoftTarget::not_counted);
  source.crop = {5, 6, 7, {2, 2, 4}};
  source.original = {20, 20, 20};
  source.spacing = {3, 2, 1};
  const PreparedCase result = resample(source, {4, 2, 2});
  CHECK(result.image.shape() == Shape{1, 4, 2, 2, 4});
  REQUIRE(result.labels->extent == Extent{4, 2, 2});
  for (index_t d = 0; d < 4; ++d)
    for (index_t h = 0; h < 2; ++h)
      for (index_t w = 0; w < 2; ++w)
        CHECK(result.labels->at(d, h, w) == (d >= 2 && h == 0 && w == 1 ? 3 : 0));
  // Voxel (d, 1, 1) lies halfway along w between one that is 0 and the one that is 1.
  const double along_d[4] = {1, 0.75, 0.25, 0};
  for (index_t d = 0; d < 4; ++d)
    CHECK(result.soft->at(4 * d + 3, 2) == doctest::Approx(0.5 * along_d[d]).epsilon(2e-5));
  for (index_t d = 0; d < 4; ++d)
    CHECK((result.soft->at(4 * d, 1) == SoftTarget::not_counted) == (d < 3));
  CHECK(result.soft->at(1, 1) == 0);
  CHECK(result.spacing == Spacing{1.5, 2, 2});
  CHECK(result.crop == source.crop);
  CHECK(result.original == source.original);
  CHECK_THROWS_WITH_AS((void)resample(source, {0, 2, 2}),
                       "resample: grid: got 2x2x0, expected positive extents", UsageError);
}

TEST_CASE("labels and soft targets of another extent than the image are refused by the case's id") {
  PreparedCase source;
  source.id = "odd one";
  source.image = HostTensor<float>({1, 2, 2, 4, 4}, 1.0F);
  const auto refusal = [&] {
    return test::message_of<DataError>([&] { (void)resample(source, {4, 4, 4}); });
  };
  source.labels = LabelVolume({2, 2, 3});
  CHECK(test::holds(refusal(), "odd one", "labels: got 3x2x2, expected the image's extent 4x2x2"));
  source.labels = LabelVolume({2, 4, 2});  // as many voxels
  CHECK(test::holds(refusal(), "odd one", "labels: got 2x4x2, expected the image's extent 4x2x2"));
  source.labels.reset();
  source.soft = SoftTarget({1, 2, 4});
  CHECK(test::holds(refusal(), "odd one",
                    "soft target: got 4x2x1, expected the image's extent 4x2x2"));
  source.soft = SoftTarget({2, 2, 4});
  CHECK_NOTHROW((void)resample(source, {4, 4, 4}));
}
