#include "glia/infer/test_time_augmentation.hpp"

#include <doctest/doctest.h>

#include <set>
#include <span>

#include "glia/infer/sliding_window.hpp"

using namespace glia;

namespace {

const Shape image_shape{1, 4, 6, 8, 4}, result_shape{1, 4, 6, 8, 3};

HostTensor<float> some_image() {
  HostTensor<float> image(image_shape);
  for (std::size_t i = 0; i < image.values().size(); ++i) {
    image.values()[i] = static_cast<float>(i * 31 % 128) / 128;  // exact in sums of eight
  }
  return image;
}

/// Answers with the voxel's own position: as far from mirror symmetry as can be.
struct Position {
  int calls = 0;
  std::set<const float*> images;
  index_t divisor() const { return 2; }
  void operator()(View<const float> image, View<float> out) {
    ++calls;
    images.insert(image.data);
    for (index_t d = 0; d < out.shape.d; ++d) {
      for (index_t h = 0; h < out.shape.h; ++h) {
        for (index_t w = 0; w < out.shape.w; ++w) {
          for (index_t c = 0; c < 3; ++c) {
            out.at(0, d, h, w, c) = static_cast<float>(d + 16 * h + 256 * w);
          }
        }
      }
    }
  }
};

}  // namespace

TEST_CASE("a predictor that commutes with mirroring is not changed by it") {
  const auto pointwise = [](View<const float> image, View<float> out) {
    for (index_t v = 0; v < image.shape.voxels(); ++v) {
      for (index_t c = 0; c < 3; ++c) out.data[v * 3 + c] = 1 - image.data[v * 4 + c];
    }
  };
  const auto image = some_image();
  HostTensor<float> plain(result_shape), mirrored(result_shape);
  pointwise(image.view(), plain.view());
  Mirrored augmented(pointwise);
  augmented(image.view(), mirrored.view());
  CHECK(mirrored.values() == plain.values());
}

TEST_CASE("positions average to the centre along mirrored axes and stay along the others") {
  const auto image = some_image();
  const auto value_at_origin = [&](MirrorAxes axes) {
    HostTensor<float> out(result_shape);
    Mirrored(Position{}, axes)(image.view(), out.view());
    return out.values()[0];
  };
  CHECK(value_at_origin({}) == 1.5F + 16 * 2.5F + 256 * 3.5F);
  CHECK(value_at_origin({.d = false}) == 16 * 2.5F + 256 * 3.5F);
  CHECK(value_at_origin({.h = false, .w = false}) == 1.5F);
  CHECK(value_at_origin({false, false, false}) == 0);
}

TEST_CASE("results are mirrored back to where they belong") {
  // The predictor looks one voxel back; mirrored along W it looks one voxel ahead.
  const auto look_back = [](View<const float> image, View<float> out) {
    for (index_t d = 0; d < out.shape.d; ++d) {
      for (index_t h = 0; h < out.shape.h; ++h) {
        for (index_t w = 0; w < out.shape.w; ++w) {
          for (index_t c = 0; c < 3; ++c) {
            out.at(0, d, h, w, c) = w == 0 ? 0 : image.at(0, d, h, w - 1, c);
          }
        }
      }
    }
  };
  const auto image = some_image();
  HostTensor<float> out(result_shape);
  Mirrored(look_back, {.d = true, .h = false, .w = true})(image.view(), out.view());
  for (index_t d = 0; d < 4; ++d) {
    for (index_t w = 1; w < 7; ++w) {
      CHECK(out.view().at(0, d, 3, w, 1) ==
            (image.view().at(0, d, 3, w - 1, 1) + image.view().at(0, d, 3, w + 1, 1)) / 2);
    }
  }
}

TEST_CASE("an lvalue is referred to, runs 2^k times, and its workspace is kept") {
  Position position;
  Mirrored all(position);
  const auto image = some_image();
  HostTensor<float> out(result_shape);
  all(image.view(), out.view());
  CHECK(position.calls == 8);
  all(image.view(), out.view());
  CHECK(position.images.size() == 2);  // the image itself and one buffer
  Mirrored(position, {.d = false})(image.view(), out.view());
  CHECK(position.calls == 20);
}

TEST_CASE("it is a predictor for the sliding window, with the divisor of what it wraps") {
  static_assert(Predictor<Mirrored<Position>> && Predictor<Mirrored<Position&>>);
  static_assert(!Predictor<int>);
  Position position;
  Mirrored all(position);
  CHECK(divisor_of(all) == 2);
  const auto image = some_image();
  index_t planes = 0;
  sliding_window(all, image.view(), {.window = {4, 4, 4}},
                 [&](index_t, View<const float> p) { planes += p.shape.d; });
  CHECK(planes == 4);
  CHECK(position.calls == 8 * 2 * 3);
  CHECK_THROWS_AS(
      sliding_window(all, image.view(), {.window = {4, 4, 5}}, [](index_t, View<const float>) {}),
      UsageError);
}

TEST_CASE("every image of a batch gets the mean over its own mirrorings") {
  // Looks one voxel back along w, and knows its place along d.
  const auto lopsided = [](View<const float> image, View<float> out) {
    for (index_t n = 0; n < out.shape.n; ++n)
      for (index_t d = 0; d < out.shape.d; ++d)
        for (index_t h = 0; h < out.shape.h; ++h)
          for (index_t w = 0; w < out.shape.w; ++w)
            for (index_t c = 0; c < 3; ++c)
              out.at(n, d, h, w, c) =
                  static_cast<float>(d) + (w == 0 ? 0 : image.at(n, d, h, w - 1, c));
  };
  const auto first = some_image();
  HostTensor<float> images({2, 4, 6, 8, 4}), both({2, 4, 6, 8, 3}, -1), alone(result_shape);
  const std::size_t size = first.values().size();
  for (std::size_t i = 0; i < size; ++i) {
    images.values()[i] = first.values()[i];
    images.values()[size + i] = first.values()[size - 1 - i];
  }
  Mirrored mirrored(lopsided);
  mirrored(images.view(), both.view());
  for (index_t n = 0; n < 2; ++n) {
    const View<const float> image{images.view().row(n, 0, 0), image_shape, 4};
    mirrored(image, alone.view());
    const auto result = std::span(both.values()).subspan(n == 0 ? 0 : alone.values().size());
    CHECK(std::ranges::equal(alone.values(), result.first(alone.values().size())));
    CHECK(both.view().at(n, 3, 4, 5, 2) ==
          1.5F + (image.at(0, 3, 4, 4, 2) + image.at(0, 3, 4, 6, 2)) / 2);
  }
}
