#include "glia/data/plausibility.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "glia/data/phantom.hpp"
#include "support/expect.hpp"

using namespace glia;
using test::holds;

namespace {

using Warnings = std::vector<std::string>;

PhantomCase phantom() {
  return make_phantom({.extent = {40, 44, 40}, .without_enhancement = 0}, 7, 0);
}

Warnings warnings_of(const PhantomCase& c) { return implausibilities(c.images, &c.labels); }

}  // namespace

TEST_CASE("nothing about a phantom is implausible, with or without labels") {
  const PhantomCase sound = phantom();
  CHECK(warnings_of(sound) == Warnings{});
  CHECK(implausibilities(sound.images, nullptr) == Warnings{});
}

TEST_CASE("two equal scans, other than empty ones") {
  PhantomCase odd = phantom();
  odd.images[modality::FLAIR] = odd.images[modality::T2];
  const Warnings warnings = warnings_of(odd);
  REQUIRE(warnings.size() == 1);
  CHECK(holds(warnings[0], "T2 and FLAIR are the same scan"));
  for (auto& scan : odd.images) scan = Volume<float>(scan.extent);
  CHECK(implausibilities(odd.images, nullptr) == Warnings{});
}

TEST_CASE("a scan with its skull beside scans without") {
  PhantomCase odd = phantom();
  Volume<float>& skull = odd.images[modality::T2];
  for (float& voxel : skull.voxels) voxel += voxel == 0 ? 1.0F : 0.0F;
  const Warnings warnings = warnings_of(odd);
  REQUIRE(warnings.size() == 1);
  CHECK(holds(warnings[0], "100 % of the voxels of T2 are not 0", "skull"));
}

TEST_CASE("a voxel of a million among hundreds, of either sign") {
  for (const float spike : {1e6F, -1e6F}) {
    PhantomCase odd = phantom();
    auto& voxels = odd.images[modality::T1].voxels;
    *std::find_if(voxels.begin(), voxels.end(), [](float x) { return x != 0; }) = spike;
    const Warnings warnings = warnings_of(odd);
    REQUIRE(warnings.size() == 1);
    CHECK(holds(warnings[0], "T1 has voxels of up to 1e+06", "99 %"));
  }
}

TEST_CASE("labels where all scans are 0") {
  PhantomCase odd = phantom();
  const auto tumour =
      odd.labels.voxels.size() -
      static_cast<std::size_t>(std::count(odd.labels.voxels.begin(), odd.labels.voxels.end(), 0));
  REQUIRE(odd.images[modality::T1].at(0, 0, 0) == 0);
  odd.labels.at(0, 0, 0) = label::ED;
  odd.labels.at(0, 0, 1) = label::NCR;
  const Warnings warnings = warnings_of(odd);
  REQUIRE(warnings.size() == 1);
  CHECK(holds(warnings[0],
              "2 of " + std::to_string(tumour + 2) + " tumour voxels lie outside the brain"));
}

TEST_CASE("T1 and T1ce exchanged, where there is enhancing tumour to tell") {
  PhantomCase odd = phantom();
  REQUIRE(std::count(odd.labels.voxels.begin(), odd.labels.voxels.end(), label::ET) >= 50);
  std::swap(odd.images[modality::T1], odd.images[modality::T1ce]);
  const Warnings warnings = warnings_of(odd);
  REQUIRE(warnings.size() == 1);
  CHECK(holds(warnings[0], "brighter in T1 than in T1ce", "exchanged"));
  for (auto& value : odd.labels.voxels) {
    if (value == label::ET) value = label::NCR;
  }
  CHECK(warnings_of(odd) == Warnings{});
}
