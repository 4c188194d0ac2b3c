#include "glia/infer/predict_labels.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace glia;

namespace {

/// Claims ET, but neither TC nor WT, wherever T1 is positive.
void predict_enhancing(View<const float> image, View<float> probabilities) {
  const Shape s = image.shape;
  for (index_t d = 0; d < s.d; ++d)
    for (index_t h = 0; h < s.h; ++h)
      for (index_t w = 0; w < s.w; ++w) {
        probabilities.at(0, d, h, w, 0) = 0;
        probabilities.at(0, d, h, w, 1) = 0;
        probabilities.at(0, d, h, w, 2) = image.at(0, d, h, w, 0) > 0 ? 1.0F : 0.0F;
      }
}

PreparedCase make_case() {
  PreparedCase source;
  source.image = HostTensor<float>({1, 4, 5, 6, 4});
  return source;
}

}  // namespace

TEST_CASE("labels of a case: voxel by voxel what the rule makes of the probabilities") {
  PreparedCase source = make_case();
  source.image.view().at(0, 1, 2, 3, 0) = 1;
  source.image.view().at(0, 3, 4, 5, 0) = 1;
  const SlidingWindowOptions options{.window = {4, 5, 6}};
  const PredictedLabels found = predict_labels(predict_enhancing, source, options);
  CHECK(found.labels.extent == Extent{4, 5, 6});
  CHECK(found.labels.at(1, 2, 3) == label::ET);
  CHECK(found.labels.at(3, 4, 5) == label::ET);
  CHECK(std::ranges::count(found.labels.voxels, label::background) == 4 * 5 * 6 - 2);
  CHECK(found.violations == NestingViolations{.tc_outside_wt = 0, .et_outside_tc = 2});
  const auto strict = predict_labels(predict_enhancing, source, options, Hierarchical{});
  CHECK(std::ranges::count(strict.labels.voxels, label::background) == 4 * 5 * 6);
}

TEST_CASE("a case without brain has no tumour, whatever the predictor would say") {
  int calls = 0;
  const auto everything = [&](View<const float>, View<float> probabilities) {
    ++calls;
    std::fill_n(probabilities.data, probabilities.shape.elements(), 1.0F);
  };
  const PredictedLabels found = predict_labels(everything, make_case(), {.window = {4, 5, 6}});
  CHECK(calls == 0);
  CHECK(found.labels.extent == Extent{4, 5, 6});
  CHECK(std::ranges::count(found.labels.voxels, label::background) == 4 * 5 * 6);
}
