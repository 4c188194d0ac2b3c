#include "glia/data/loader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "patch_cases.hpp"
#include "support/expect.hpp"

namespace {

using namespace glia;
using glia::test::distinct_case;

std::vector<PreparedCase> five_cases() {
  std::vector<PreparedCase> cases;
  for (index_t i = 0; i < 5; ++i)
    cases.push_back(distinct_case("case" + std::to_string(i), {9 + i, 12, 10}));
  return cases;
}

bool equal(const Batch& a, const Batch& b) {
  return a.image.shape() == b.image.shape() && a.image.values() == b.image.values() &&
         a.target.values() == b.target.values() && a.ids == b.ids;
}

const LoaderOptions small{.patch = {6, 7, 8}, .batch = 2, .seed = 12};

}  // namespace

TEST_CASE("batches are the same for any number of threads and any look-ahead") {
  const auto cases = five_cases();
  std::vector<Batch> expected;
  PatchLoader single{cases, small};
  for (int step = 0; step < 40; ++step) expected.push_back(single.next());
  for (const auto& [threads, ahead] : {std::pair{3, 4}, {4, 1}, {2, 17}}) {
    LoaderOptions options = small;
    options.threads = threads;
    options.ahead = ahead;
    PatchLoader loader{cases, options};
    for (const Batch& batch : expected) REQUIRE(equal(loader.next(), batch));
    CHECK(loader.step() == 40);
  }
  CHECK_FALSE(equal(expected[0], expected[1]));
}

TEST_CASE("a loader that starts at a step goes on where the first one was") {
  const auto cases = five_cases();
  PatchLoader first{cases, small};
  for (int step = 0; step < 13; ++step) static_cast<void>(first.next());
  PatchLoader resumed{cases, small, 13};
  for (int step = 0; step < 10; ++step) REQUIRE(equal(first.next(), resumed.next()));
}

TEST_CASE("shapes, ids and targets of a batch fit together") {
  const auto cases = five_cases();
  LoaderOptions options = small;
  options.augment = AugmentOptions::none();
  options.patch = {5, 4, 3};
  PatchLoader loader{cases, options};
  for (int step = 0; step < 20; ++step) {
    const Batch batch = loader.next();
    REQUIRE(batch.image.shape() == Shape{2, 5, 4, 3, 4});
    REQUIRE(batch.target.shape() == Shape{2, 5, 4, 3, 3});
    REQUIRE(batch.ids.size() == 2);
    for (index_t n = 0; n < 2; ++n) {
      const auto source = std::find_if(cases.begin(), cases.end(), [&](const PreparedCase& one) {
        return one.id == batch.ids[static_cast<std::size_t>(n)];
      });
      REQUIRE(source != cases.end());
      for (index_t v = 0; v < 5 * 4 * 3; ++v) {
        const float* image = batch.image.view().row(n, 0, 0) + v * 4;
        // The image of a distinct case tells where a voxel comes from, and so what its label is.
        const auto voxel = static_cast<std::size_t>((image[0] - 1) / 4);
        const std::uint8_t label = source->labels->voxels[voxel];
        for (int r = 0; r < region::count; ++r) {
          REQUIRE(batch.target.view().row(n, 0, 0)[v * 3 + r] ==
                  (in_region(label, r) ? 1.0F : 0.0F));
        }
      }
    }
  }
}

TEST_CASE("a batch says which of its targets come from a teacher") {
  auto cases = five_cases();
  for (std::size_t i = 2; i < 5; ++i) cases[i].pseudo_labelled = true;
  LoaderOptions options = small;
  options.labelled_share = 0.5;
  PatchLoader loader{cases, options};
  for (int step = 0; step < 20; ++step) {
    const Batch batch = loader.next();
    REQUIRE(batch.pseudo_labelled.size() == 2);
    CHECK(batch.pseudo_labelled[0] != batch.pseudo_labelled[1]);
    for (std::size_t n = 0; n < 2; ++n) CHECK(batch.pseudo_labelled[n] == (batch.ids[n] > "case1"));
  }
}

TEST_CASE("what a worker throws reaches next(), again and again") {
  const auto cases = five_cases();
  LoaderOptions options = small;
  options.threads = 3;
  options.patch = {1 << 19, 1 << 20, 1 << 20};  // more than a vector can hold
  PatchLoader loader{cases, options};
  CHECK_THROWS_AS(static_cast<void>(loader.next()), OutOfMemory);
  CHECK_THROWS_AS(static_cast<void>(loader.next()), OutOfMemory);
}

TEST_CASE("a loader can be dropped at any time") {
  const auto cases = five_cases();
  LoaderOptions options = small;
  options.threads = 3;
  for (int taken = 0; taken < 20; ++taken) {
    PatchLoader loader{cases, options};
    for (int step = 0; step < taken % 4; ++step) static_cast<void>(loader.next());
  }
}

TEST_CASE("a loader refuses to have no threads, no look-ahead, a negative step") {
  const auto cases = five_cases();
  LoaderOptions options = small;
  options.threads = 0;
  CHECK_THROWS_AS((PatchLoader{cases, options}), UsageError);
  options.threads = 1;
  options.ahead = 0;
  CHECK_THROWS_AS((PatchLoader{cases, options}), UsageError);
  CHECK_THROWS_AS((PatchLoader{cases, small, -1}), UsageError);
}

TEST_CASE("a loader refuses augmentations that make no sense before it draws any") {
  const auto cases = five_cases();
  const auto refusal = [&](auto change) {
    LoaderOptions options = small;
    change(options.augment);
    return test::message_of<UsageError>([&] { PatchLoader{cases, options}; });
  };
  CHECK(test::holds(refusal([](auto& o) { o.mirror_probability = 1.5; }), "mirror_probability"));
  CHECK(test::holds(refusal([](auto& o) { o.scale_low = 0; }), "scale"));
  CHECK(test::holds(refusal([](auto& o) { o.contrast_low = 2; }), "contrast"));
}
