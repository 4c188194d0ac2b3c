#include "glia/models/cascaded_unet.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "glia/data/region.hpp"
#include "glia/models/plan.hpp"
#include "support/backends.hpp"

using namespace glia;
using B = Reference<float>;

namespace {

template <index_t F>
using Published = CascadedUNet<B, Channels<4, 3>, BaseWidth<F>, SoftmaxLabels>;
template <index_t F>
using Regions = CascadedUNet<B, Channels<4, 3>, BaseWidth<F>>;

static_assert(Network<Published<4>>);
static_assert(Published<4>::divisor == 32);
static_assert(std::is_same_v<Published<4>::On<Counting<B>>::On<B>, Published<4>>);

/// Parameters whose names start with `prefix`.
template <class Net>
index_t parameters_of(const std::string& prefix) {
  ParameterSet<typename Net::Parameters, float> set(false);
  index_t count = 0;
  visit_parameters(
      [&](const std::string& name, const auto& leaf) {
        if (name.starts_with(prefix)) count += leaf.size;
      },
      "", set.fields());
  return count;
}

/// GMAC of every convolution of one forward pass over 128^3.
template <class Net>
std::vector<Ledger::Convolution> convolutions() {
  const Context k{{.threads = 1}};
  return plan_inference<Net>(k, {1, 128, 128, 128, 4}).ledger.convolutions;
}
double giga_products(const std::vector<Ledger::Convolution>& layers) {
  return std::accumulate(layers.begin(), layers.end(), 0.0,
                         [](double sum, const auto& layer) { return sum + layer.flops / 2e9; });
}

}  // namespace

TEST_CASE("parameters of the published cascade, in all and stage by stage") {
  CHECK(count_parameters<Published<8>::Parameters>() == 38192316);
  CHECK(parameters_of<Published<8>>("stage.0") == 29091652);
  CHECK(parameters_of<Published<8>>("stage.1") == 7278244);
  CHECK(parameters_of<Published<8>>("stage.2") == 1822420);
  CHECK(count_parameters<Published<4>::Parameters>() == 9557124);
  CHECK(parameters_of<Published<4>>("stage.0") == 7277988);
  CHECK(parameters_of<Published<4>>("stage.1") == 1822164);
  CHECK(parameters_of<Published<4>>("stage.2") == 456972);
}

TEST_CASE("with three sigmoid regions each map and each head is one channel narrower") {
  // Heads: 2f + 1 fewer per stage. Mixes: 4 * base fewer in the second stage, 8 and 4 * base in the
  // last.
  constexpr index_t f = 8;
  CHECK(count_parameters<Regions<f>::Parameters>() ==
        38192316 - (2 * 4 * f + 1) - (2 * 2 * f + 1) - (2 * f + 1) - 4 * 2 * f - 8 * f - 4 * f);
}

TEST_CASE("parameters of the finest stage, layer by layer") {
  // networks.md 3.5: worked rows of net128 with F = 4.
  using Net = Published<4>;
  const auto count = [](const std::string& name) {
    return parameters_of<Net>("stage.2." + name + ".");
  };
  const auto of_modalities = [&](const std::string& level, const std::string& layer) {
    index_t sum = 0;
    for (const char* g : {"0", "1", "2", "3"})
      sum += count("encoder." + level + "." + g + "." + layer);
    return sum;
  };
  CHECK(of_modalities("0", "conv") == 448);
  CHECK(of_modalities("0", "block.conv1") == 1744);
  CHECK(of_modalities("0", "block.conv2") == 1744);
  CHECK(of_modalities("1", "conv") == 3488);
  CHECK(of_modalities("1", "block.conv1") == 6944);
  CHECK(of_modalities("2", "block.conv1") == 27712);
  CHECK(of_modalities("3", "block.conv1") == 110720);
  CHECK(count("decoder.2.up") == 32 * 32 * 8);
  CHECK(count("decoder.2.mix") == 52 * 32 + 32);
  CHECK(count("decoder.2.block.conv1") == 27680);
  CHECK(count("decoder.1.mix") == 28 * 16 + 16);
  CHECK(count("decoder.1.block.conv2") == 6928);
  CHECK(count("decoder.0.mix") == 12 * 8 + 8);
  CHECK(count("decoder.0.block.conv1") == 1736);
  CHECK(count("head") == 8 * 4 + 4);
}

TEST_CASE("the published cascade costs 406.27 GFLOP on 128^3 (F = 8), 102.87 (F = 4)") {
  CHECK(giga_products(convolutions<Published<8>>()) == doctest::Approx(203.13).epsilon(5e-5));
  CHECK(giga_products(convolutions<Published<4>>()) == doctest::Approx(51.435).epsilon(2e-5));

  // Stages are run coarsest first; the finest has the only convolutions on the whole grid.
  const auto layers = convolutions<Published<4>>();
  std::vector<index_t> grids;
  for (const auto& layer : layers) {
    if (layer.in.c == 1 && (grids.empty() || grids.back() != layer.in.d))
      grids.push_back(layer.in.d);
  }
  CHECK(grids == std::vector<index_t>{32, 64, 128});
  const auto first_of_last = std::find_if(layers.begin(), layers.end(),
                                          [](const auto& layer) { return layer.in.d == 128; });
  CHECK(giga_products({layers.begin(), first_of_last}) ==
        doctest::Approx(7.223 + 14.571).epsilon(1e-4));
  CHECK(first_of_last->flops / 2e9 == doctest::Approx(0.906 / 4).epsilon(1e-3));
}

TEST_CASE("the classes of a region are those of the labels") {
  using Set = RegionLogits<ClassSet<1, 2, 3>, ClassSet<1, 3>, ClassSet<3>>;
  static_assert(
      std::is_same_v<decltype(SoftmaxLabels::logits(View<const float>{})), Voxelwise<float, Set>>);
  for (int r = 0; r < region::count; ++r) {
    for (std::uint8_t l = 0; l < 4; ++l) CHECK(Set::contains(r, l) == in_region(l, r));
  }
}

TEST_CASE(
    "modalities meet in maxima alone: exchanged with their encoders they give the same bits") {
  using Net = CascadedUNet<B, Channels<2, 1>, BaseWidth<1>, Pyramid<1, 2>>;
  Context k{{.threads = 1}};
  ParameterSet<Net::Parameters, float> p, exchanged;
  test::randomise(p.flat(), 1, 0.5);
  std::copy(p.flat().begin(), p.flat().end(), exchanged.flat().begin());
  const auto swap_groups = [](auto& encoder) {
    auto &first = encoder.group[0], &second = encoder.group[1];
    visit_parameters([](const std::string&, auto& a,
                        auto& b) { std::swap_ranges(a.data, a.data + a.size, b.data); },
                     "", first, second);
  };
  swap_groups(exchanged.fields().trunk.encoder);
  swap_groups(exchanged.fields().trunk.inner.encoder);
  auto x = test::random_tensor<float>({1, 4, 4, 4, 2}, 2);
  HostTensor<float> y({1, 4, 4, 4, 1}), z(y.shape());
  Net::Saved saved;
  Net::forward<Mode::inference>(k, p.fields(), std::as_const(x).view(), y.view(), saved);
  for (std::size_t i = 0; i < x.values().size(); i += 2)
    std::swap(x.values()[i], x.values()[i + 1]);
  Net::forward<Mode::inference>(k, exchanged.fields(), std::as_const(x).view(), z.view(), saved);
  CHECK(y.values() == z.values());
  Net::forward<Mode::inference>(k, p.fields(), std::as_const(x).view(), z.view(), saved);
  CHECK(y.values() != z.values());
}

TEST_CASE("weights of stages: all one, or as given with one for the finest") {
  CHECK(StageWeights<>::of<3>(0) == 1);
  CHECK(StageWeights<>::of<3>(2) == 1);
  using Written = StageWeights<std::ratio<1, 2>, std::ratio<3, 4>>;  // 0.2 : 0.3 : 0.4
  CHECK(Written::of<3>(0) == 0.5);
  CHECK(Written::of<3>(1) == 0.75);
  CHECK(Written::of<3>(2) == 1);
}

TEST_CASE("inference keeps one stage at a time, and of it no more than the decoder still needs") {
  const Context k{{.threads = 1}};
  using Finest = CascadedUNet<B, Channels<4, 3>, BaseWidth<4>, Pyramid<1, 4>>;
  const Shape image{1, 64, 64, 64, 4};
  const auto whole = static_cast<double>(plan_inference<Regions<4>>(k, image).memory.bytes);
  const auto alone = static_cast<double>(plan_inference<Finest>(k, image).memory.bytes);
  CHECK(whole < 1.05 * alone);
}
