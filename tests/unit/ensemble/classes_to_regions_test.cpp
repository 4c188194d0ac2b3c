#include "glia/ensemble/classes_to_regions.hpp"

#include <doctest/doctest.h>

#include "glia/ensemble/ensemble.hpp"
#include "support/expect.hpp"

using namespace glia;

namespace {

/// Probabilities .1 background, .2 NCR, .3 ED, .4 ET in even voxels, .7, .15, .05, .1 in odd ones.
struct Classes {
  [[nodiscard]] static index_t divisor() { return 8; }
  void operator()(View<const float>, View<float> out) const {
    CHECK(out.shape.c == 4);
    const float values[2][4]{{0.1F, 0.2F, 0.3F, 0.4F}, {0.7F, 0.15F, 0.05F, 0.1F}};
    for (index_t v = 0; v < out.shape.voxels(); ++v)
      std::copy_n(values[v % 2], 4, out.data + v * out.pitch);
  }
};

}  // namespace

TEST_CASE("class probabilities add up to regions: WT = NCR + ED + ET, TC = NCR + ET") {
  const HostTensor<float> image({1, 1, 2, 2, 4});
  HostTensor<float> out({1, 1, 2, 2, 3});
  ClassesToRegions regions{Classes{}};
  static_assert(Predictor<decltype(regions)>);
  CHECK(divisor_of(regions) == 8);
  regions(image.view(), out.view());
  const double expected[2][3]{{0.9, 0.6, 0.4}, {0.3, 0.25, 0.1}};
  for (std::size_t v = 0; v < 4; ++v) {
    for (std::size_t r = 0; r < 3; ++r)
      CHECK(out.values()[3 * v + r] == doctest::Approx(expected[v % 2][r]));
  }
}

TEST_CASE("a softmax member beside a sigmoid member is averaged as regions") {
  const auto sigmoid = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 0.5F);
  };
  const HostTensor<float> image({1, 1, 1, 1, 4});
  HostTensor<float> out({1, 1, 1, 1, 3});
  const Classes classes;
  Ensemble{ClassesToRegions{classes}, sigmoid}(image.view(), out.view());
  CHECK(out.values()[0] == doctest::Approx(0.7));
  CHECK(out.values()[1] == doctest::Approx(0.55));
  CHECK(out.values()[2] == doctest::Approx(0.45));
}

TEST_CASE("every image of a batch gets its regions") {
  const auto by_sample = [](View<const float>, View<float> out) {
    for (index_t n = 0; n < 2; ++n)
      for (index_t c = 0; c < 4; ++c) {
        out.at(n, 0, 0, 0, c) = 0.25F;
        out.at(n, 0, 0, 1, c) = n == 0 ? 0.0F : static_cast<float>(c) / 8;
      }
  };
  const HostTensor<float> image({2, 1, 1, 2, 4});
  HostTensor<float> wide({2, 1, 1, 2, 5}, -1);  // a result with a pitch of its own
  ClassesToRegions{by_sample}(image.view(), {wide.values().data(), {2, 1, 1, 2, 3}, 5});
  CHECK(wide.values() == std::vector<float>{0.75F, 0.5F,  0.25F, -1,     -1,   0,     0,
                                            0,     -1,    -1,    0.75F,  0.5F, 0.25F, -1,
                                            -1,    0.75F, 0.5F,  0.375F, -1,   -1});
}

TEST_CASE("results of another number of regions are refused before the predictor runs") {
  const auto never = [](View<const float>, View<float>) { FAIL("an image was shown"); };
  const HostTensor<float> image({1, 1, 1, 2, 4});
  for (const index_t regions : {1, 2, 4}) {
    HostTensor<float> out({1, 1, 1, 2, regions}, -1);
    CHECK(test::message_of<UsageError>([&] {
            ClassesToRegions{never}(image.view(), out.view());
          }) == "classes to regions: regions: got " + std::to_string(regions) + ", expected 3");
    CHECK(std::ranges::count(out.values(), -1.0F) == 2 * regions);
  }
}
