#include "glia/layers/policies.hpp"

#include <doctest/doctest.h>

#include "glia/layers/conv_stack.hpp"

using namespace glia;

namespace {

static_assert(NormPolicy<InstanceNorm<>> && NormPolicy<GroupNorm<8>> && !NormPolicy<ReLU>);
static_assert(ActivationPolicy<LeakyReLU<>> && ActivationPolicy<ReLU> &&
              !ActivationPolicy<InstanceNorm<>>);
struct Turning {
  static constexpr double negative_slope = -0.01;  // not monotone: pooling could not come first
};
static_assert(!ActivationPolicy<Turning>);
static_assert(DownsamplePolicy<MaxPool> && DownsamplePolicy<StridedConvolution> &&
              !DownsamplePolicy<TrilinearUpsample>);
static_assert(UpsamplePolicy<TrilinearUpsample> && UpsamplePolicy<NearestUpsample> &&
              !UpsamplePolicy<MaxPool>);
static_assert(BlockPolicy<ConvBlocks<2>> && !BlockPolicy<ReLU>);

}  // namespace

TEST_CASE("the defaults are those of Isensee et al. 2018") {
  CHECK(LeakyReLU<>::negative_slope == 0.01);
  CHECK(InstanceNorm<>::epsilon == 1e-5);
  CHECK(InstanceNorm<std::ratio<1, 1000>>::epsilon == 1e-3);  // Lachinov et al. 2018
  CHECK(InstanceNorm<>::groups(30) == 30);
  CHECK(GroupNorm<8>::groups(32) == 8);
  CHECK(ReLU::negative_slope == 0);
}
