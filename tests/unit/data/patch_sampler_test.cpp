#include "glia/data/patch_sampler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "patch_cases.hpp"

namespace {

using namespace glia;
using glia::test::make_case;

PreparedCase labelled(std::string id, Extent extent, auto&& label) {
  return make_case(
      std::move(id), extent, [](index_t, index_t, index_t, index_t) { return 1; }, label);
}
PreparedCase empty_case(std::string id, Extent extent) {
  return labelled(std::move(id), extent, [](index_t, index_t, index_t) { return 0; });
}

}  // namespace

TEST_CASE("every epoch takes every case once, in an order of its own") {
  std::vector<PreparedCase> cases;
  for (int i = 0; i < 7; ++i) cases.push_back(empty_case(std::to_string(i), {4, 4, 4}));
  const PatchSampler sampler{cases, {.patch = {2, 2, 2}, .batch = 2, .seed = 5}};
  std::set<std::vector<index_t>> orders;
  std::vector<index_t> order;
  for (index_t step = 0; step < 7 * 10;
       ++step) {  // 20 epochs; every second one begins inside a batch
    for (index_t sample = 0; sample < 2; ++sample) {
      order.push_back(sampler(step, sample).case_index);
      if (order.size() < 7) continue;
      orders.insert(order);
      std::sort(order.begin(), order.end());
      CHECK(order == std::vector<index_t>{0, 1, 2, 3, 4, 5, 6});
      order.clear();
    }
  }
  CHECK(orders.size() >= 19);
}

TEST_CASE("a labelled share is exact over time, in epochs of its own, wherever in a batch") {
  std::vector<PreparedCase> cases;
  for (int i = 0; i < 5; ++i) {
    cases.push_back(empty_case(std::to_string(i), {4, 4, 4}));
    cases.back().pseudo_labelled = i >= 2;  // two labelled cases, three of a teacher's
  }
  const PatchSampler sampler{cases,
                             {.patch = {2, 2, 2}, .batch = 4, .seed = 5, .labelled_share = 0.6}};
  std::array<std::array<int, 4>, 2> places{};
  std::array<int, 5> seen{};
  for (index_t step = 0; step < 300; ++step) {
    int labelled = 0;
    for (index_t sample = 0; sample < 4; ++sample) {
      const auto at = static_cast<std::size_t>(sampler(step, sample).case_index);
      ++seen[at];
      ++places[at < 2 ? 0 : 1][static_cast<std::size_t>(sample)];
      labelled += at < 2;
    }
    CHECK(labelled >= 2);  // 0.6 of a batch of 4: two or three
    CHECK(labelled <= 3);
  }
  CHECK(seen[0] == 360);  // 1200 samples: 720 labelled, each of two cases as often as the other
  CHECK(seen[1] == 360);
  for (std::size_t i = 2; i < 5; ++i) CHECK(seen[i] == 160);
  for (std::size_t sample = 0; sample < 4; ++sample) {
    const double expected = 300 * 0.6;
    CHECK(std::abs(places[0][sample] - expected) < 5 * std::sqrt(300 * 0.6 * 0.4));
  }
  const PatchSampler same{cases,
                          {.patch = {2, 2, 2}, .batch = 4, .seed = 5, .labelled_share = 0.6}};
  for (index_t step = 299; step > 0; --step) REQUIRE(same(step, 1) == sampler(step, 1));

  // Half of batches of two: without exchange it would always be the same sample.
  const PatchSampler half{cases,
                          {.patch = {2, 2, 2}, .batch = 2, .seed = 5, .labelled_share = 0.5}};
  int first_is_labelled = 0;
  for (index_t step = 0; step < 400; ++step) {
    const bool first = half(step, 0).case_index < 2;
    CHECK(first != (half(step, 1).case_index < 2));
    first_is_labelled += first;
  }
  CHECK(std::abs(first_is_labelled - 200) < 50);

  const auto only = [&](double share) {
    const PatchSampler one{cases,
                           {.patch = {2, 2, 2}, .batch = 2, .seed = 5, .labelled_share = share}};
    std::set<index_t> drawn;
    for (index_t step = 0; step < 30; ++step) drawn.insert(one(step, 1).case_index);
    return drawn;
  };
  CHECK(only(1) == std::set<index_t>{0, 1});
  CHECK(only(0) == std::set<index_t>{2, 3, 4});
  cases.resize(2);
  CHECK_THROWS_WITH_AS((PatchSampler{cases, {.patch = {2, 2, 2}, .labelled_share = 0.6}}),
                       "patch sampler: labelled share: expected 1, because no case is "
                       "pseudo-labelled",
                       UsageError);
  CHECK_THROWS_AS((PatchSampler{cases, {.patch = {2, 2, 2}, .labelled_share = 1.1}}), UsageError);
}

TEST_CASE("a soft target replaces the labels, of cases that have both and of cases without") {
  std::vector<PreparedCase> cases{empty_case("soft", {10, 10, 10})};
  cases[0].soft = SoftTarget(Extent{10, 10, 10});
  cases[0].soft->set(555, region::WT, 0.9F);
  for (int round = 0; round < 2; ++round) {
    const PatchSampler sampler{cases, {.patch = {1, 1, 1}, .batch = 1, .foreground = 1}};
    CHECK(sampler(3, 0).first == std::array<index_t, 3>{5, 5, 5});
    cases[0].labels.reset();
  }
}

TEST_CASE("a position depends on seed, step and sample only") {
  std::vector<PreparedCase> cases;
  for (int i = 0; i < 3; ++i) cases.push_back(empty_case(std::to_string(i), {20, 20, 20}));
  const PatchSamplerOptions options{.patch = {4, 4, 4}, .batch = 2, .seed = 5};
  const PatchSampler one{cases, options}, two{cases, options};
  CHECK(one(10, 1) == two(10, 1));
  static_cast<void>(two(3, 0));
  CHECK(one(11, 0) == two(11, 0));
  int equal = 0;
  PatchSamplerOptions other = options;
  other.seed = 6;
  const PatchSampler three{cases, other};
  for (index_t step = 0; step < 50; ++step) equal += one(step, 0) == three(step, 0);
  CHECK(equal < 5);
}

TEST_CASE("uniform positions are uniform") {
  const std::vector<PreparedCase> cases{empty_case("a", {6, 8, 5})};
  const PatchSampler sampler{cases, {.patch = {4, 4, 4}, .batch = 1, .foreground = 0, .seed = 1}};
  std::map<std::array<index_t, 3>, int> seen;
  const int draws = 30000;
  for (index_t step = 0; step < draws; ++step) ++seen[sampler(step, 0).first];
  CHECK(seen.size() == 3 * 5 * 2);
  double chi_square = 0;  // 29 degrees of freedom: mean 29, standard deviation 7.6
  for (const auto& [first, count] : seen) {
    for (std::size_t axis = 0; axis < 3; ++axis) CHECK(first[axis] >= 0);
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  CHECK(chi_square < 75);
}

TEST_CASE("the last samples of a batch are centred on tumour, by nnU-Net's rule") {
  // One tumour voxel, far from where a uniform patch of 2 mostly is.
  const std::vector<PreparedCase> cases{
      labelled("a", {40, 40, 40},
               [](index_t d, index_t h, index_t w) { return d == 30 && h == 31 && w == 32; })};
  const std::array<index_t, 3> centred{29, 30, 31};
  const auto count_centred = [&](index_t batch, double foreground, index_t sample) {
    const PatchSampler sampler{
        cases, {.patch = {2, 2, 2}, .batch = batch, .foreground = foreground, .seed = 3}};
    int count = 0;
    for (index_t step = 0; step < 1000; ++step) count += sampler(step, sample).first == centred;
    return count;
  };
  CHECK(count_centred(2, 0.34, 0) <= 2);
  CHECK(count_centred(2, 0.34, 1) == 1000);
  CHECK(count_centred(4, 0.34, 2) <= 2);  // round(1.36) = 1
  CHECK(count_centred(4, 0.34, 3) == 1000);
  CHECK(count_centred(3, 0.5, 0) <= 2);  // round(1.5) = 2
  CHECK(count_centred(3, 0.5, 1) == 1000);
  CHECK(count_centred(2, 0, 1) <= 2);
  CHECK(count_centred(2, 1, 0) == 1000);
  CHECK(std::abs(count_centred(1, 0.34, 0) - 340) < 6 * std::sqrt(1000 * 0.34 * 0.66));
}

TEST_CASE("regions are drawn evenly among those present, voxels evenly within a region") {
  // 8 ET voxels, 24 NCR, 96 ED in an otherwise empty case; patch 1 makes the centre visible.
  const auto label = [](index_t d, index_t h, index_t w) {
    const index_t at = (d * 10 + h) * 10 + w;
    return at < 8 ? 3 : at < 32 ? 1 : at < 128 ? 2 : 0;
  };
  const std::vector<PreparedCase> cases{labelled("a", {10, 10, 10}, label)};
  const PatchSampler sampler{cases, {.patch = {1, 1, 1}, .batch = 1, .foreground = 1, .seed = 3}};
  std::array<int, 4> seen{};
  const int draws = 30000;
  for (index_t step = 0; step < draws; ++step) {
    const auto first = sampler(step, 0).first;
    ++seen[static_cast<std::size_t>(label(first[0], first[1], first[2]))];
  }
  // P(ET) = (1 + 8/32 + 8/128) / 3, P(NCR) = (24/32 + 24/128) / 3, P(ED) = (96/128) / 3.
  const auto near = [&](int count, double p) {
    return std::abs(count - draws * p) < 5 * std::sqrt(draws * p * (1 - p));
  };
  CHECK(seen[0] == 0);
  CHECK(near(seen[3], (1 + 0.25 + 0.0625) / 3));
  CHECK(near(seen[1], (0.75 + 0.1875) / 3));
  CHECK(near(seen[2], 0.25));

  const std::vector<PreparedCase> only_oedema{
      labelled("b", {10, 10, 10}, [](index_t d, index_t, index_t) { return d == 4 ? 2 : 0; })};
  const PatchSampler low_grade{only_oedema,
                               {.patch = {1, 1, 1}, .batch = 1, .foreground = 1, .seed = 3}};
  for (index_t step = 0; step < 100; ++step) CHECK(low_grade(step, 0).first[0] == 4);
}

TEST_CASE("patches stay inside where they fit and are centred on the case where they do not") {
  const std::vector<PreparedCase> cases{labelled(
      "a", {5, 9, 4}, [](index_t d, index_t h, index_t w) { return d == 0 && h == 8 && w == 1; })};
  for (const double foreground : {0.0, 1.0}) {
    const PatchSampler sampler{
        cases, {.patch = {7, 4, 9}, .batch = 1, .foreground = foreground, .seed = 1}};
    for (index_t step = 0; step < 200; ++step) {
      const auto first = sampler(step, 0).first;
      CHECK(first[0] == -1);
      CHECK(first[1] >= 0);
      CHECK(first[1] <= 5);
      CHECK(first[2] == -2);
      if (foreground == 1) CHECK(first[1] == 5);
    }
  }
}

TEST_CASE("unusable options and cases are refused by name") {
  std::vector<PreparedCase> cases{empty_case("good", {4, 4, 4})};
  const std::vector<PreparedCase> none;
  CHECK_THROWS_AS((PatchSampler{none, {}}), UsageError);
  CHECK_THROWS_WITH_AS((PatchSampler{cases, {.patch = {0, 4, 4}}}),
                       "patch sampler: patch.d: got 0, expected at least 1", UsageError);
  CHECK_THROWS_AS((PatchSampler{cases, {.batch = 0}}), UsageError);
  CHECK_THROWS_AS((PatchSampler{cases, {.foreground = 1.5}}), UsageError);
  CHECK_THROWS_AS((PatchSampler{cases, {.foreground = std::nan("")}}), UsageError);
  cases.push_back(empty_case("unlabelled", {4, 4, 4}));
  cases.back().labels.reset();
  CHECK_THROWS_WITH_AS((PatchSampler{cases, {}}),
                       "unlabelled: labels: expected a label volume, got none", DataError);
  cases.back().labels = LabelVolume(Extent{4, 4, 5});
  CHECK_THROWS_WITH_AS((PatchSampler{cases, {}}),
                       "unlabelled: labels: got 5x4x4, expected the image's extent 4x4x4",
                       DataError);
}
