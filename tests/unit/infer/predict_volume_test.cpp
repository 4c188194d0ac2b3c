#include "glia/infer/predict_volume.hpp"

#include <doctest/doctest.h>

#include "glia/infer/test_time_augmentation.hpp"
#include "support/expect.hpp"

using namespace glia;

namespace {

/// Says tumour everywhere, about volumes of any extent, as sure as it is deep.
struct Whole {
  static constexpr bool whole_volumes = true;
  std::vector<Extent>* seen;
  void operator()(View<const float> image, View<float> out) const {
    seen->push_back(image.shape.extent());
    std::fill_n(out.data, out.shape.elements(), 0.5F + 0.1F * static_cast<float>(out.shape.d));
  }
};

}  // namespace

TEST_CASE("a predictor says by its type whether it wants whole volumes") {
  static_assert(wants_whole_volumes<Whole> && wants_whole_volumes<const Whole&>);
  static_assert(wants_whole_volumes<Mirrored<Whole>> && wants_whole_volumes<Mirrored<Whole&>>);
  const auto lambda = [](View<const float>, View<float>) {};
  static_assert(!wants_whole_volumes<decltype(lambda)>);
  static_assert(!wants_whole_volumes<decltype(Mirrored(lambda))>);
}

TEST_CASE("a whole volume is shown once, as it is; outside the brain the result is 0") {
  std::vector<Extent> seen;
  HostTensor<float> image({1, 3, 5, 7, 4});
  image.view().at(0, 2, 4, 6, 3) = -0.5F;
  std::vector<double> progress;
  int received = 0;
  const auto receive = [&](index_t first, View<const float> planes) {
    ++received;
    CHECK(first == 0);
    CHECK(planes.shape == Shape{1, 3, 5, 7, 3});
    CHECK(std::count(planes.data, planes.data + planes.shape.elements(), 0.0F) == 3 * 104);
    CHECK(planes.at(0, 2, 4, 6, 1) == 0.8F);
  };
  predict_volume(Whole{&seen}, image.view(),
                 {.progress = [&](const Progress& p) { progress.push_back(p.done / p.total); }},
                 receive);
  CHECK(seen == std::vector<Extent>{{3, 5, 7}});
  CHECK(received == 1);
  CHECK(progress == std::vector<double>{1});
  CHECK(test::message_of<UsageError>([&] {
          predict_volume(Whole{&seen}, image.view(), {.window = {4, 4, 2}}, receive);
        }) ==
        "predict volume: window: got 2x4x4, expected none: the predictor wants whole volumes");
}

TEST_CASE("a volume without brain is shown to nobody and has no tumour") {
  std::vector<Extent> seen;
  const HostTensor<float> image({1, 4, 4, 4, 4});
  index_t zeros = 0;
  const auto count = [&](index_t, View<const float> planes) {
    zeros += std::count(planes.data, planes.data + planes.shape.elements(), 0.0F);
  };
  predict_volume(Whole{&seen}, image.view(), {}, count);
  CHECK(zeros == 3 * 64);
  const auto never = [](View<const float>, View<float>) { FAIL("an empty window was shown"); };
  predict_volume(never, image.view(), {.window = {2, 2, 2}}, count);
  CHECK(zeros == 2 * 3 * 64);
  CHECK(seen.empty());
}
