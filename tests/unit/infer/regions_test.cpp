#include "glia/infer/regions.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "glia/tensor/host_tensor.hpp"
#include "support/expect.hpp"

using namespace glia;

TEST_CASE("the two rules differ exactly where regions are not nested") {
  struct Row {
    RegionFlags claimed;  // WT, TC, ET
    std::uint8_t overwrite, hierarchical;
  };
  using namespace label;
  const Row table[] = {
      {{false, false, false}, background, background},
      {{true, false, false}, ED, ED},
      {{true, true, false}, NCR, NCR},
      {{true, true, true}, ET, ET},
      {{false, true, false}, NCR, background},
      {{false, false, true}, ET, background},
      {{false, true, true}, ET, background},
      {{true, false, true}, ET, ED},
  };
  for (const Row& row : table) {
    CHECK(Overwrite::label(row.claimed) == row.overwrite);
    CHECK(Hierarchical::label(row.claimed) == row.hierarchical);
  }
}

TEST_CASE("a region is claimed above its threshold, and each rule has its own") {
  HostTensor<float> p({1, 1, 1, 4, 3});
  p.values() = {0.5F,  0.5F,  0.5F,   // at the threshold of one rule, above the other's
                0.51F, 0.51F, 0.51F,  //
                0.46F, 0.41F, 0.39F,  //
                0.44F, 0.9F,  0.9F};  // TC and ET outside WT
  LabelVolume labels({1, 1, 4}, 9);
  CHECK(assign_labels(p.view(), 0, labels) == NestingViolations{1, 0});
  CHECK(labels.voxels == std::vector<std::uint8_t>{0, 3, 0, 3});
  CHECK(assign_labels(p.view(), 0, labels, Hierarchical{}) == NestingViolations{1, 0});
  CHECK(labels.voxels == std::vector<std::uint8_t>{3, 3, 1, 0});
  CHECK(assign_labels(p.view(), 0, labels, Overwrite{{0.45F, 0.4F, 0.95F}}) ==
        NestingViolations{1, 0});
  CHECK(labels.voxels == std::vector<std::uint8_t>{1, 1, 1, 1});
}

TEST_CASE("violations are counted by kind and add up over blocks of planes") {
  HostTensor<float> p({1, 1, 1, 4, 3});
  p.values() = {1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1};
  LabelVolume labels({2, 1, 4});
  NestingViolations sum = assign_labels(p.view(), 0, labels);
  CHECK(sum == NestingViolations{2, 2});
  sum += assign_labels(p.view(), 1, labels);
  CHECK(sum == NestingViolations{4, 4});
}

TEST_CASE("planes are written where they belong, whatever the channel pitch") {
  HostTensor<float> memory({1, 2, 2, 2, 8}, 0.0F);
  for (std::ptrdiff_t i = 0; i < 64; i += 8) std::fill_n(memory.values().begin() + i, 3, 1.0F);
  const View<const float> planes{memory.values().data(), {1, 2, 2, 2, 3}, 8};
  LabelVolume labels({5, 2, 2});
  assign_labels(planes, 2, labels);
  std::vector<std::uint8_t> expected(20, 0);
  std::fill(expected.begin() + 8, expected.begin() + 16, std::uint8_t{3});
  CHECK(labels.voxels == expected);
}

TEST_CASE("planes that do not fit and probabilities that are no numbers are refused") {
  LabelVolume labels({3, 2, 2});
  HostTensor<float> p({1, 2, 2, 2, 3}, 0.1F);
  CHECK(test::holds(test::message_of<UsageError>([&] { assign_labels(p.view(), 2, labels); }),
                    "planes from 2", "got [1, 2, 2, 2, 3]", "2x2x3"));
  CHECK_THROWS_AS(assign_labels(p.view(), -1, labels), UsageError);
  CHECK_THROWS_AS(assign_labels(HostTensor<float>({1, 1, 2, 2, 4}).view(), 0, labels), UsageError);
  p.values()[4 * 3 + 1] = NAN;
  CHECK(test::holds(test::message_of<NumericalError>([&] { assign_labels(p.view(), 1, labels); }),
                    "region TC", "plane 2", "nan"));
}
