#include "glia/distill/annotate.hpp"

#include <doctest/doctest.h>

#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/test_time_augmentation.hpp"
#include "glia/infer/whole_volume.hpp"
#include "unit/data/patch_cases.hpp"

using namespace glia;
using test::make_case;

namespace {

/// Probability of each region in each voxel: the voxel's T1, T1ce and T2.
void read_probabilities(View<const float> image, View<float> out) {
  for (index_t v = 0; v < image.shape.voxels(); ++v) {
    for (index_t c = 0; c < 3; ++c) out.data[v * 3 + c] = image.data[v * 4 + c];
  }
}

/// 5 x 4 x 4 voxels with WT where w < 3, TC where w < 2 (unsure at w = 1), ET where w == 0.
PreparedCase scan() {
  return make_case(
      "scan", {5, 4, 4},
      [](index_t, index_t, index_t w, index_t m) {
        const double p[4][4]{
            {.98, .97, .96, 1}, {.95, .7, .2, 1}, {.9, .02, .01, 1}, {.1, 0, 0, 1}};
        return p[w][m];
      },
      [](index_t, index_t, index_t) { return 2; });  // labels to be replaced
}

const SlidingWindowOptions windows{.window = {2, 4, 4}};

}  // namespace

TEST_CASE("hard labels of a case, plane by plane, with a count of what was found") {
  PreparedCase target = scan();
  const Annotation found = annotate(read_probabilities, target, HardLabels{}, windows);
  CHECK(target.pseudo_labelled);
  CHECK_FALSE(target.soft);
  for (index_t d = 0; d < 5; ++d) {
    CHECK(target.labels->at(d, 3, 0) == label::ET);
    CHECK(target.labels->at(d, 2, 1) == label::NCR);
    CHECK(target.labels->at(d, 1, 2) == label::ED);
    CHECK(target.labels->at(d, 0, 3) == label::background);
  }
  CHECK(found.voxels == std::array<index_t, 3>{60, 40, 20});
  CHECK(found.not_counted == std::array<index_t, 3>{0, 0, 0});
  CHECK_FALSE(found.empty());
  (void)annotate(read_probabilities, target, HardLabels{.rule = {{0.5F, 0.75F, 0.5F}}}, windows);
  CHECK(target.labels->at(0, 2, 1) == label::ED);
}

TEST_CASE("soft labels keep the probabilities beside labels, doubtful ones are counted out") {
  PreparedCase target = scan();
  const Annotation found = annotate(read_probabilities, target, Confident<SoftLabels>{}, windows);
  REQUIRE(target.soft);
  CHECK(target.labels->at(4, 2, 1) == label::NCR);
  CHECK(found.voxels == std::array<index_t, 3>{60, 40, 20});
  CHECK(found.not_counted == std::array<index_t, 3>{0, 20, 20});  // .7 and .2 at w = 1
  for (index_t d = 0; d < 5; ++d) {
    const index_t row = (d * 4 + 2) * 4;
    CHECK(target.soft->at(row, 0) == doctest::Approx(0.98).epsilon(1e-4));
    CHECK(target.soft->at(row + 1, 1) == SoftTarget::not_counted);
    CHECK(target.soft->at(row + 3, 2) == 0);
  }
}

TEST_CASE("a case without brain is empty, and so is one without tumour") {
  PreparedCase blank = make_case(
      "blank", {2, 4, 4}, [](index_t, index_t, index_t, index_t) { return 0; },
      [](index_t, index_t, index_t) { return 1; });
  const auto never = [](View<const float>, View<float>) { FAIL("a blank image was shown"); };
  CHECK(annotate(never, blank, SoftLabels{}, windows).empty());
  CHECK(blank.labels->at(1, 1, 1) == label::background);
  CHECK(blank.soft->at(5, 0) == 0);
  PreparedCase healthy = scan();
  const auto zero = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 0.0F);
  };
  CHECK(annotate(zero, healthy, HardLabels{}, windows).empty());
}

TEST_CASE("outside the brain there is no tumour, and a soft target of 0, whatever a teacher says") {
  PreparedCase target = make_case(
      "half", {2, 4, 8},
      [](index_t, index_t, index_t w, index_t m) { return w < 3 && m == 2 ? 1.0 : 0.0; },
      [](index_t, index_t, index_t) { return 0; });
  const auto everywhere = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 0.85F);
  };
  const auto check = [&](auto&& teacher, const SlidingWindowOptions& options) {
    const Annotation found = annotate(teacher, target, Confident<SoftLabels>{}, options);
    CHECK(found.voxels == std::array<index_t, 3>{24, 24, 24});
    CHECK(found.not_counted == std::array<index_t, 3>{24, 24, 24});  // .85 is unsure
    for (index_t w = 0; w < 8; ++w) {
      CHECK(target.labels->at(1, 2, w) == (w < 3 ? label::ET : label::background));
      CHECK(target.soft->at((4 + 2) * 8 + w, 1) == (w < 3 ? SoftTarget::not_counted : 0.0F));
    }
  };
  check(everywhere, {.window = {2, 4, 2}});
  check(Mirrored(everywhere), {.window = {2, 4, 8}});
  check(WholeVolume(everywhere, Extent{4, 4, 4}), {});
  check(Ensemble{MeanOfLogits{}, Windowed(everywhere, {.window = {2, 4, 4}}),
                 WholeVolume(everywhere, Extent{2, 4, 4})},
        {});
}

TEST_CASE("a confident labelling labels by the rule of the labelling within it") {
  const auto rather_sure = [](View<const float>, View<float> out) {
    std::fill_n(out.data, out.shape.elements(), 0.95F);
  };
  const HardLabels demanding{.rule = {{0.99F, 0.99F, 0.99F}}};
  const auto check_none = [&](const auto& labelling) {
    PreparedCase target = scan();
    const Annotation found = annotate(rather_sure, target, labelling, windows);
    CHECK(found.empty());
    CHECK(found.voxels == std::array<index_t, 3>{0, 0, 0});
    CHECK(found.not_counted == std::array<index_t, 3>{0, 0, 0});  // .95 is no doubt
    CHECK(std::ranges::count(target.labels->voxels, label::background) == 80);
    REQUIRE(target.soft);
    CHECK(target.soft->at(17, 0) == 0);
  };
  const Confident inner{demanding, 0.1F, 0.9F};
  check_none(inner);
  check_none(Confident<Confident<HardLabels>>{inner, 0.1F, 0.9F});
  PreparedCase target = scan();
  CHECK(annotate(rather_sure, target, Confident{HardLabels{}, 0.1F, 0.9F}, windows).voxels ==
        std::array<index_t, 3>{80, 80, 80});
}
