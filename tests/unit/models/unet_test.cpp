#include "glia/models/unet.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "glia/models/plan.hpp"
#include "support/backends.hpp"

using namespace glia;
using B = Reference<float>;
using Published = UNet<B, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;

static_assert(Network<Published>);
static_assert(Published::divisor == 16);
static_assert(std::is_same_v<Published::On<Counting<B>>::On<B>, Published>);

namespace {

struct Row {
  std::string name;
  index_t in, out, grid, parameters;
  double gmac;
};

// networks.md 2.2, the layer table of Isensee et al. 2018 with the released bottleneck of 320.
const std::vector<Row> table{{"encoder.0.0", 4, 30, 128, 3330, 6.795},
                             {"encoder.0.1", 30, 30, 128, 24390, 50.961},
                             {"encoder.1.0", 30, 60, 64, 48780, 12.740},
                             {"encoder.1.1", 60, 60, 64, 97380, 25.480},
                             {"encoder.2.0", 60, 120, 32, 194760, 6.370},
                             {"encoder.2.1", 120, 120, 32, 389160, 12.740},
                             {"encoder.3.0", 120, 240, 16, 778320, 3.185},
                             {"encoder.3.1", 240, 240, 16, 1555920, 6.370},
                             {"bottleneck.0", 240, 320, 8, 2074560, 1.062},
                             {"bottleneck.1", 320, 240, 8, 2074320, 1.062},
                             {"decoder.3.0", 480, 240, 16, 3111120, 12.740},
                             {"decoder.3.1", 240, 120, 16, 777960, 3.185},
                             {"decoder.2.0", 240, 120, 32, 777960, 25.480},
                             {"decoder.2.1", 120, 60, 32, 194580, 6.370},
                             {"decoder.1.0", 120, 60, 64, 194580, 50.961},
                             {"decoder.1.1", 60, 30, 64, 48690, 12.740},
                             {"decoder.0.0", 60, 30, 128, 48690, 101.922},
                             {"decoder.0.1", 30, 30, 128, 24390, 50.961},
                             {"head", 30, 3, 128, 90, 0.189}};

}  // namespace

TEST_CASE("parameters of the published UNet, in all and layer by layer") {
  CHECK(count_parameters<Published::Parameters>() == 12418980);
  using Wide = UNet<B, Channels<4, 3>, Widths<30, 60, 120, 240, 480>>;
  CHECK(count_parameters<Wide::Parameters>() == 14493060);

  ParameterSet<Published::Parameters, float> set(false);
  std::vector<index_t> counts(table.size());
  visit_parameters(
      [&](const std::string& name, const auto& leaf) {
        for (std::size_t i = 0; i < table.size(); ++i) {
          if (name.starts_with(table[i].name + ".")) counts[i] += leaf.size;
        }
      },
      "", set.fields());
  for (std::size_t i = 0; i < table.size(); ++i) {
    CAPTURE(table[i].name);
    CHECK(counts[i] == table[i].parameters);
  }
}

TEST_CASE("the published UNet costs 782.6 GFLOP on 128^3, as its layer table says") {
  const Context k{{.threads = 1}};
  const RunPlan plan = plan_inference<Published>(k, {1, 128, 128, 128, 4});
  CHECK(plan.ledger.flops * 1e-9 == doctest::Approx(782.6).epsilon(1e-4));
  REQUIRE(plan.ledger.convolutions.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    CAPTURE(table[i].name);
    const auto& layer = plan.ledger.convolutions[i];
    CHECK(layer.in.c == table[i].in);
    CHECK(layer.out.c == table[i].out);
    CHECK(layer.out.extent() == Extent{table[i].grid, table[i].grid, table[i].grid});
    CHECK(layer.kernel == (table[i].name == "head" ? 1 : 3));
    CHECK(layer.flops / 2e9 == doctest::Approx(table[i].gmac).epsilon(5e-4));
  }
  using Wide = UNet<B, Channels<4, 3>, Widths<30, 60, 120, 240, 480>>;
  const RunPlan wide = plan_inference<Wide>(k, {1, 128, 128, 128, 4});
  CHECK(wide.ledger.flops / 2e9 == doctest::Approx(392.375).epsilon(1e-5));
}

TEST_CASE("names are unique and follow the path through the U") {
  using Net = UNet<B, Channels<2, 3>, Widths<4, 6>, ConvBlocks<1>>;
  ParameterSet<Net::Parameters, float> set(false);
  std::vector<std::string> names;
  visit_parameters([&](const std::string& name, const auto&) { names.push_back(name); }, "",
                   set.fields());
  CHECK(names == std::vector<std::string>{
                     "encoder.0.0.conv.weight", "encoder.0.0.conv.bias", "encoder.0.0.norm.weight",
                     "encoder.0.0.norm.bias", "bottleneck.0.conv.weight", "bottleneck.0.conv.bias",
                     "bottleneck.0.norm.weight", "bottleneck.0.norm.bias",
                     "decoder.0.0.conv.weight", "decoder.0.0.conv.bias", "decoder.0.0.norm.weight",
                     "decoder.0.0.norm.bias", "head.weight"});
}

TEST_CASE("policies may come in any order, what is left out is as published") {
  using W = Widths<4, 8>;
  using C = Channels<4, 3>;
  using A = UNet<B, C, W, ReLU, GroupNorm<4>, NearestUpsample, StridedConvolution, ConvBlocks<3>>;
  using Z = UNet<B, C, W, ConvBlocks<3>, StridedConvolution, NearestUpsample, GroupNorm<4>, ReLU>;
  static_assert(std::is_same_v<A::Norm, Z::Norm> && std::is_same_v<A::Activation, Z::Activation>);
  static_assert(std::is_same_v<A::Upsample, Z::Upsample> &&
                std::is_same_v<A::Downsample, Z::Downsample>);
  static_assert(std::is_same_v<A::Blocks, ConvBlocks<3>> &&
                std::is_same_v<Z::Blocks, ConvBlocks<3>>);
  using Default = UNet<B, C, W>;
  static_assert(std::is_same_v<Default::Norm, InstanceNorm<>> &&
                std::is_same_v<Default::Activation, LeakyReLU<>>);
  static_assert(std::is_same_v<Default::Downsample, MaxPool> &&
                std::is_same_v<Default::Blocks, ConvBlocks<2>>);
  static_assert(std::is_same_v<Default::Upsample, TrilinearUpsample>);
  CHECK(A::stride_of(1) == 2);
  CHECK(A::stride_of(0) == 1);
  CHECK(Default::stride_of(1) == 1);
}

TEST_CASE("images that the levels cannot halve are refused with what was got and expected") {
  CHECK_NOTHROW(require_extents<Published>({1, 16, 32, 48, 4}));
  CHECK_THROWS_WITH_AS(require_extents<Published>({1, 155, 240, 240, 4}),
                       "network: image extent: got 240x240x155, expected multiples of 16",
                       UsageError);
  CHECK_THROWS_WITH_AS(require_extents<Published>({1, 16, 16, 16, 3}),
                       "network: image channels: got 3, expected 4", UsageError);
  CHECK_THROWS_AS(require_extents<Published>({1, 0, 16, 16, 4}), UsageError);
}

TEST_CASE(
    "what the network sees is the whole image: every voxel of the result depends on every voxel") {
  // Instance norm pools over the volume, so a change in one corner reaches the opposite one.
  using Net = UNet<Reference<double>, Channels<1, 1>, Widths<2, 3>>;
  Context k{{.threads = 1}};
  ParameterSet<Net::Parameters, double> p;
  p.initialise(1);
  auto x = test::random_tensor<double>({1, 2, 2, 16, 1}, 1);
  HostTensor<double> before(x.shape()), after(x.shape());
  Net::Saved saved;
  Net::forward<Mode::inference>(k, p.fields(), std::as_const(x).view(), before.view(), saved);
  x.values().front() += 1;
  Net::forward<Mode::inference>(k, p.fields(), std::as_const(x).view(), after.view(), saved);
  for (std::size_t i = 0; i < before.values().size(); ++i)
    CHECK(before.values()[i] != after.values()[i]);
}
