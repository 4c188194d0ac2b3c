#include "glia/train/validation.hpp"

#include <doctest/doctest.h>

#include "support/expect.hpp"
#include "unit/data/patch_cases.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// 6x6x6 voxels; the first channel holds the label, which a predictor may use.
PreparedCase labelled(std::uint8_t inside) {
  const auto value = [=](index_t d, index_t h, index_t) { return d < 4 && h < 3 ? inside : 0; };
  return make_case(
      "case", {6, 6, 6}, [&](index_t d, index_t h, index_t w, index_t) { return value(d, h, w); },
      value);
}

/// Claims all regions of the voxel's label where `sees(d)`.
template <class Sees>
auto predictor(Sees sees) {
  return [=](View<const float> image, View<float> probabilities) {
    for (index_t d = 0; d < image.shape.d; ++d) {
      for (index_t h = 0; h < image.shape.h; ++h) {
        for (index_t w = 0; w < image.shape.w; ++w) {
          const auto label = static_cast<std::uint8_t>(image.at(0, d, h, w, 0));
          for (int r = 0; r < region::count; ++r) {
            probabilities.at(0, d, h, w, r) = sees(d) && in_region(label, r) ? 1.0F : 0.0F;
          }
        }
      }
    }
  };
}

const SlidingWindowOptions window{.window = {6, 6, 6}};

}  // namespace

TEST_CASE("validation Dice is the mean over cases of each region's Dice") {
  const std::vector<PreparedCase> cases{labelled(label::ET), labelled(label::ED)};
  const auto perfect = validate(predictor([](index_t) { return true; }), cases, window);
  CHECK(perfect == std::array<double, 3>{1, 1, 1});

  // One of four tumour planes is found: Dice 2 * 1 / (1 + 4). The second case has neither TC nor
  // ET: Dice 1.
  const auto partial = validate(predictor([](index_t d) { return d < 1; }), cases, window);
  CHECK(partial[region::WT] == doctest::Approx(0.4));
  CHECK(partial[region::TC] == doctest::Approx((0.4 + 1) / 2));
  CHECK(partial[region::ET] == doctest::Approx((0.4 + 1) / 2));
}

TEST_CASE("a case without labels cannot be validated on") {
  std::vector<PreparedCase> cases{labelled(label::ET)};
  cases.front().labels.reset();
  const std::string message = message_of<DataError>(
      [&] { static_cast<void>(validate(predictor([](index_t) { return true; }), cases, window)); });
  CHECK(holds(message, "case case", "no labels"));
}

TEST_CASE("there is no mean over no cases") {
  CHECK(holds(message_of<UsageError>([&] {
                static_cast<void>(validate(predictor([](index_t) { return true; }), {}, window));
              }),
              "validation", "got none"));
}
