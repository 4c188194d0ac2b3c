#include "glia/data/label_check.hpp"

#include <doctest/doctest.h>

#include "glia/data/resample.hpp"
#include "glia/infer/threshold_baseline.hpp"
#include "glia/metrics/region_scores.hpp"
#include "patch_cases.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

TEST_CASE("BraTS' 4, and whatever else is no label, is refused wherever labels are used") {
  LabelVolume good({2, 2, 2}, label::ET), bad = good;
  CHECK_NOTHROW(require_labels("x", good));
  CHECK_NOTHROW(require_labels("x", LabelVolume{}));
  for (const std::uint8_t value : {std::uint8_t{4}, std::uint8_t{255}}) {
    bad.voxels.back() = value;
    const std::string got = "got a voxel of " + std::to_string(value);
    CHECK(holds(message_of<DataError>([&] { require_labels("case x: labels", bad); }),
                "case x: labels: ", got, "0 background, 1 NCR, 2 ED, 3 ET"));
    CHECK(holds(message_of<DataError>([&] { (void)region_mask(bad, region::ET); }), got));
    CHECK(holds(message_of<DataError>([&] {
                  (void)score_case(bad, good, {1, 1, 1});
                }),
                "truth: " + got));
    CHECK(holds(message_of<DataError>([&] {
                  (void)score_case(good, bad, {1, 1, 1});
                }),
                "prediction: " + got));
    std::vector<PreparedCase> cases{distinct_case("one", {2, 2, 2})};
    cases[0].labels = bad;
    CHECK(
        holds(message_of<DataError>([&] { require_consistent(cases[0]); }), "one: labels: " + got));
    CHECK(holds(message_of<DataError>([&] { (void)resample(cases[0], {4, 4, 4}); }), got));
    CHECK(holds(message_of<DataError>([&] { (void)fit_threshold_baseline(cases); }), got));
  }
}

TEST_CASE("labels and soft targets of another extent than the image are refused") {
  PreparedCase one = distinct_case("one", {3, 4, 5});
  CHECK_NOTHROW(require_consistent(one));
  one.soft = SoftTarget(Extent{3, 4, 4});
  CHECK(holds(message_of<DataError>([&] { require_consistent(one); }),
              "one: soft target: got 4x4x3, expected the image's extent 5x4x3"));
  one.soft.reset();
  one.labels = LabelVolume({5, 4, 3});
  CHECK(holds(message_of<DataError>([&] { require_consistent(one); }),
              "one: labels: got 3x4x5, expected the image's extent 5x4x3"));
  one.image = {};
  CHECK(holds(message_of<DataError>([&] { require_consistent(one); }), "one: image: expected"));
}
