#include "glia/models/res_unet.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "glia/models/plan.hpp"
#include "support/backends.hpp"

using namespace glia;
using B = Reference<float>;
using Published = ResUNet<B, Channels<4, 3>, Widths<32, 64, 128, 256>>;

static_assert(Network<Published>);
static_assert(Published::divisor == 8);
static_assert(std::is_same_v<Published::On<Counting<B>>::On<B>, Published>);

namespace {

struct Row {
  std::string name;
  index_t parameters;
};

// networks.md 4.1, the layer table of Myronenko 2018 with MONAI's head.
const std::vector<Row> table{{"encoder.0.stem", 3456},
                             {"encoder.0.0", 55424},
                             {"encoder.1.down", 55296},
                             {"encoder.1.0", 442880 / 2},
                             {"encoder.1.1", 442880 / 2},
                             {"encoder.2.down", 221184},
                             {"encoder.2.0", 1770496 / 2},
                             {"encoder.2.1", 1770496 / 2},
                             {"bottleneck.down", 884736},
                             {"bottleneck.0", 14159872 / 4},
                             {"bottleneck.3", 14159872 / 4},
                             {"decoder.2.up", 32768},
                             {"decoder.2.0", 885248},
                             {"decoder.1.up", 8192},
                             {"decoder.1.0", 221440},
                             {"decoder.0.up", 2048},
                             {"decoder.0.0", 55424},
                             {"head.norm", 64},
                             {"head.conv", 99}};

template <class Net>
void check_rows(const std::vector<Row>& rows) {
  ParameterSet<typename Net::Parameters, float> set(false);
  for (const Row& row : rows) {
    CAPTURE(row.name);
    index_t count = 0;
    visit_parameters(
        [&](const std::string& name, const auto& leaf) {
          if (name.starts_with(row.name + ".")) count += leaf.size;
        },
        "", set.fields());
    CHECK(count == row.parameters);
  }
}

}  // namespace

TEST_CASE("parameters of the published ResUNet, in all and layer by layer") {
  CHECK(count_parameters<Published::Parameters>() == 18798627);
  using Plain = ResUNet<B, Channels<4, 3>, Widths<32, 64, 128, 256>, PlainHead>;
  CHECK(count_parameters<Plain::Parameters>() == 18798627 - 64);

  check_rows<Published>(table);
}

TEST_CASE("the published ResUNet costs 1169.2 GFLOP on 128^3, as its layer table says") {
  const Context k{{.threads = 1}};
  const RunPlan plan = plan_inference<Published>(k, {1, 128, 128, 128, 4});
  CHECK(plan.ledger.flops / 2e9 == doctest::Approx(584.585).epsilon(1e-6));
  // Convolutions of the stem, 13 blocks, three ways down, three up, and the head.
  REQUIRE(plan.ledger.convolutions.size() == 1 + 2 * 12 + 3 + 3 + 1);
  // T13: the 1x1x1 convolutions of the way up run at the coarse grid.
  for (const auto& layer : plan.ledger.convolutions) {
    if (layer.kernel != 1 || layer.out.c == 3) continue;
    CHECK(layer.in.c == 2 * layer.out.c);
    CHECK(layer.in.d * layer.in.c == 128 * 32);
  }
}

TEST_CASE("inference holds the four skips and little more than two tensors of full resolution") {
  const Context k{{.threads = 1}};
  const double one = 64 * 64 * 64 * 32 * 4;  // bytes of a tensor of level 0
  const RunPlan plan = plan_inference<Published::On<Cpu<Float32>>>(k, {1, 64, 64, 64, 4});
  CHECK(static_cast<double>(plan.memory.bytes) < 3 * one);
}

TEST_CASE("parameters and cost of Lachinov's student, layer by layer") {
  using Student = LachinovResUNet<B, Channels<4, 3>, Widths<16, 32, 64, 128>>;
  const std::vector<Row> groups{{"encoder.0.stem", 1760},   {"encoder.0.0", 13888},
                                {"encoder.1.down", 4096},   {"encoder.1.0", 110848 / 2},
                                {"encoder.2.down", 16384},  {"encoder.2.1", 442880 / 2},
                                {"bottleneck.down", 65536}, {"bottleneck.3", 3540992 / 4},
                                {"decoder.2", 237824},      {"decoder.1", 59520},
                                {"decoder.0", 14912},       {"head", 1299}};  // networks.md 3b
  CHECK(count_parameters<Student::Parameters>() == 4509939);
  check_rows<Student>(groups);

  const Context k{{.threads = 1}};
  const RunPlan plan = plan_inference<Student>(k, {1, 128, 128, 128, 4});
  // As published the three 1x1x1 convolutions of the way up run at the fine grid, eight times as
  // many voxels.
  const double up =
      32 * 16 * 128e0 * 128 * 128 + 64 * 32 * 64e0 * 64 * 64 + 128 * 64 * 32e0 * 32 * 32;
  CHECK(plan.ledger.flops / 2e9 + up * 7 / 8 / 1e9 == doctest::Approx(149.686).epsilon(1e-5));
}

TEST_CASE("names are unique and follow the path through the U") {
  using Net = ResUNet<B, Channels<2, 3>, Widths<8, 16>, EncoderBlocks<1, 1>>;
  ParameterSet<Net::Parameters, float> set(false);
  std::vector<std::string> names;
  visit_parameters([&](const std::string& name, const auto&) { names.push_back(name); }, "",
                   set.fields());
  std::vector<std::string> expected{"encoder.0.stem.weight"};
  const auto add_block = [&](const std::string& name) {
    for (const std::string number : {"1", "2"}) {
      expected.insert(expected.end(),
                      {name + ".norm" + number + ".weight", name + ".norm" + number + ".bias",
                       name + ".conv" + number + ".weight"});
    }
  };
  add_block("encoder.0.0");
  expected.push_back("bottleneck.down.weight");
  add_block("bottleneck.0");
  expected.push_back("decoder.0.up.weight");
  add_block("decoder.0.0");
  expected.insert(expected.end(),
                  {"head.norm.weight", "head.norm.bias", "head.conv.weight", "head.conv.bias"});
  CHECK(names == expected);
}

TEST_CASE("policies may come in any order, what is left out is as published") {
  using W = Widths<8, 16>;
  using C = Channels<4, 3>;
  using Half = ElementDropout<std::ratio<1, 2>>;
  using A = ResUNet<B, C, W, LeakyReLU<>, GroupNorm<4>, NearestUpsample, PlainHead, Half,
                    EncoderBlocks<2, 3>>;
  using Z = ResUNet<B, C, W, EncoderBlocks<2, 3>, Half, PlainHead, NearestUpsample, GroupNorm<4>,
                    LeakyReLU<>>;
  static_assert(std::is_same_v<A::Norm, Z::Norm> && std::is_same_v<A::Activation, Z::Activation>);
  static_assert(std::is_same_v<A::Drop, Half> && std::is_same_v<Z::Drop, Half>);
  static_assert(std::is_same_v<A::HeadChoice, PlainHead> &&
                std::is_same_v<Z::HeadChoice, PlainHead>);
  static_assert(A::encoder_blocks(1) == 3 && Z::encoder_blocks(1) == 3);
  static_assert(std::is_same_v<Published::Norm, GroupNorm<8>> &&
                std::is_same_v<Published::Activation, ReLU>);
  static_assert(std::is_same_v<Published::Drop, SpatialDropout<std::ratio<1, 5>>> &&
                std::is_same_v<Published::HeadChoice, NormalisedHead>);
  static_assert(std::is_same_v<Published::Upsample, TrilinearUpsample>);
  CHECK(count_parameters<A::Parameters>() == count_parameters<Z::Parameters>());
}
