#include "glia/infer/whole_volume.hpp"

#include <doctest/doctest.h>

#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/predict_labels.hpp"
#include "support/expect.hpp"
#include "support/tensors.hpp"

using namespace glia;

namespace {

/// Every region's probability is T1, and the extents that were seen.
struct Echo {
  std::vector<Extent> seen;
  [[nodiscard]] index_t divisor() const { return 4; }
  void operator()(View<const float> image, View<float> probabilities) {
    seen.push_back(image.shape.extent());
    reference(image, probabilities);
  }
  static void reference(View<const float> image, View<float> probabilities) {
    for (index_t i = 0; i < image.shape.voxels(); ++i)
      for (index_t r = 0; r < 3; ++r)
        probabilities.data[i * probabilities.pitch + r] = image.data[i * image.pitch];
  }
};

/// A plane wave too slow for interpolation to change it.
HostTensor<float> ramp(Extent extent) {
  HostTensor<float> image(make_shape(1, extent, 4));
  for (index_t d = 0; d < extent.d; ++d)
    for (index_t h = 0; h < extent.h; ++h)
      for (index_t w = 0; w < extent.w; ++w)
        image.view().at(0, d, h, w, 0) = static_cast<float>(d + 2 * h + 4 * w) / 100;
  return image;
}

}  // namespace

TEST_CASE("the predictor sees its grid, and what is linear comes back as it was") {
  Echo echo;
  WholeVolume whole(echo, Extent{8, 4, 12});
  const auto image = ramp({5, 9, 10});
  HostTensor<float> found({1, 5, 9, 10, 3}, -1.0F);
  whole(image.view(), found.view());
  CHECK(echo.seen == std::vector<Extent>{{8, 4, 12}});
  // Near the border the grid's last voxel is repeated.
  for (index_t d = 1; d < 4; ++d)
    for (index_t h = 1; h < 8; ++h)
      for (index_t w = 1; w < 9; ++w)
        for (index_t r = 0; r < 3; ++r)
          CHECK(found.view().at(0, d, h, w, r) ==
                doctest::Approx(image.view().at(0, d, h, w, 0)).epsilon(1e-5));
  CHECK(divisor_of(whole) == 1);
}

TEST_CASE("labels of a case are made in its own voxels, whatever the grid") {
  Echo echo;
  PreparedCase source;
  source.image = ramp({5, 9, 10});
  const auto found = predict_labels(WholeVolume(echo, Extent{4, 4, 4}), source);
  CHECK(echo.seen == std::vector<Extent>{{4, 4, 4}});
  CHECK(found.labels.extent == Extent{5, 9, 10});
  CHECK(found.labels.at(4, 8, 9) == label::ET);
  CHECK(found.labels.at(0, 0, 0) == label::background);
}

TEST_CASE("windows and whole volumes stand side by side in an ensemble") {
  Echo windows, grid;
  Ensemble both{Windowed(windows, {.window = {4, 8, 4}}), WholeVolume(grid, Extent{8, 8, 8})};
  CHECK(both.divisor() == 1);
  const auto image = ramp({7, 9, 5});
  HostTensor<float> found({1, 7, 9, 5, 3}), alone(found.shape()), other(found.shape());
  both(image.view(), found.view());
  CHECK(windows.seen.size() == 3 * 2 * 2);
  CHECK(grid.seen.size() == 1);
  Windowed(windows, {.window = {4, 8, 4}})(image.view(), alone.view());
  WholeVolume(grid, Extent{8, 8, 8})(image.view(), other.view());
  for (std::size_t i = 0; i < found.values().size(); ++i)
    CHECK(found.values()[i] == doctest::Approx((alone.values()[i] + other.values()[i]) / 2));
  // One window by itself changes nothing.
  HostTensor<float> expected(found.shape());
  Echo::reference(image.view(), expected.view());
  CHECK(test::relative_error(alone.values(), expected.values()) < 1e-6);
}

TEST_CASE("the grid is that of the training, where the predictor knows it") {
  struct Trained : Echo {
    TrainedOn on;
    [[nodiscard]] const TrainedOn& trained_on() const { return on; }
  };
  const auto image = ramp({5, 9, 10});
  HostTensor<float> found({1, 5, 9, 10, 3});
  const Extent grid{8, 4, 12}, other{8, 8, 8};
  // Older files do not say whether the patch was a grid.
  for (const std::optional<bool> whole : {std::optional<bool>{true}, std::optional<bool>{}}) {
    Trained network{{}, {grid, whole}};
    WholeVolume as_trained_on(network);
    as_trained_on(image.view(), found.view());
    WholeVolume(network, grid)(image.view(), found.view());
    CHECK(network.seen == std::vector<Extent>{grid, grid});
  }
  const auto message = [&](const TrainedOn& on, Extent wanted) {
    return test::message_of<UsageError>([&] { WholeVolume(Trained{{}, on}, wanted); });
  };
  CHECK(message({grid, true}, other) ==
        "whole volume: grid: got 8x8x8, expected that of the training, 12x4x8");
  CHECK(test::holds(message({grid, false}, as_trained), "was trained on patches"));
  CHECK(test::holds(message({grid, false}, grid), "was trained on patches"));
  CHECK(test::holds(message({}, as_trained), "grid: got none, expected one"));
  CHECK(test::holds(message({Extent{8, 8, 6}, true}, as_trained), "got 6x8x8", "multiples of 4"));
}

TEST_CASE("outside the brain a whole volume's probabilities are 0") {
  const auto tumour = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 1.0F);
  };
  HostTensor<float> image({1, 4, 4, 4, 4}), found({1, 4, 4, 4, 3}, -1.0F);
  image.view().at(0, 1, 2, 3, 2) = 1;
  WholeVolume(tumour, Extent{8, 8, 8})(image.view(), found.view());
  for (index_t r = 0; r < 3; ++r) CHECK(found.view().at(0, 1, 2, 3, r) == 1);
  CHECK(std::ranges::count(found.values(), 0.0F) == 3 * (64 - 1));
}

TEST_CASE("a grid that the network cannot halve is refused") {
  CHECK_THROWS_WITH_AS(WholeVolume(Echo{}, Extent{8, 6, 8}),
                       "whole volume: grid: got 8x6x8, expected positive multiples of 4",
                       UsageError);
}

TEST_CASE("windows whose result has another extent than the image are refused") {
  Echo echo;
  const auto image = ramp({4, 8, 4});
  for (const Shape wrong :
       {Shape{1, 4, 8, 5, 3}, Shape{1, 3, 8, 4, 3}, Shape{1, 4, 9, 4, 3}, Shape{2, 4, 8, 4, 3}}) {
    HostTensor<float> found(wrong, -1.0F);
    const std::string message = test::message_of<UsageError>([&] {
      Windowed(echo, {.window = {4, 4, 4}})(image.view(), found.view());
    });
    CHECK(test::holds(message, "windowed: probabilities", "got " + to_string(wrong)));
    CHECK(std::ranges::count(found.values(), -1.0F) == found.shape().elements());
  }
  CHECK(echo.seen.empty());
}
