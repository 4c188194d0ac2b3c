#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "glia/layers/conv_stack.hpp"
#include "support/backends.hpp"

using namespace glia;
using B = Reference<double>;

namespace {

template <class P>
std::vector<std::pair<std::string, index_t>> names_and_sizes() {
  std::vector<std::pair<std::string, index_t>> result;
  P p;
  visit_parameters(
      [&](const std::string& name, const auto& leaf) { result.emplace_back(name, leaf.size); }, "",
      p);
  return result;
}

}  // namespace

TEST_CASE("a block is norm and activation of its convolution") {
  using Block = ConvBlock<B, 2, 3, InstanceNorm<>, LeakyReLU<>>;
  Context k{{.threads = 1}};
  ParameterSet<Block::Parameters, double> p;
  test::randomise(p.flat(), 1);
  const auto x = test::random_tensor<double>({2, 3, 2, 4, 2}, 2);
  const auto image = make_wire<2>(Plain<double>{x.view()});
  Block::Saved saved;
  Block::forward<Mode::training>(k, p.fields(), image, saved);
  HostTensor<double> y(with_channels(x.shape(), 3)), raw(y.shape());
  B::store(k, Block::output(saved).source, Store<double>{y.view()}, nullptr);
  Block::Conv::forward(k, p.fields().conv, image, {.y = raw.view()});

  const auto& norm = p.fields().norm;
  const index_t voxels = x.shape().voxels();
  for (index_t n = 0; n < 2; ++n)
    for (index_t c = 0; c < 3; ++c) {
      const auto at = [&](index_t v) { return static_cast<std::size_t>((n * voxels + v) * 3 + c); };
      double mean = 0, variance = 0;
      for (index_t v = 0; v < voxels; ++v)
        mean += raw.values()[at(v)] / static_cast<double>(voxels);
      for (index_t v = 0; v < voxels; ++v) {
        variance += std::pow(raw.values()[at(v)] - mean, 2) / static_cast<double>(voxels);
      }
      for (index_t v = 0; v < voxels; ++v) {
        const double z =
            norm.weight.data[c] * (raw.values()[at(v)] - mean) / std::sqrt(variance + 1e-5) +
            norm.bias.data[c];
        CHECK(y.values()[at(v)] == doctest::Approx(z > 0 ? z : 0.01 * z));
      }
    }
}

TEST_CASE("parameters are named and sized as PyTorch's modules would be") {
  using Block = ConvBlock<B, 4, 30, InstanceNorm<>, LeakyReLU<>>;
  using Names = std::vector<std::pair<std::string, index_t>>;
  CHECK(names_and_sizes<Block::Parameters>() ==
        Names{{"conv.weight", 3240}, {"conv.bias", 30}, {"norm.weight", 30}, {"norm.bias", 30}});
  using Stack = ConvStack<B, 2, 4, 3, 3, GroupNorm<1>, ReLU>;
  CHECK(names_and_sizes<Stack::Parameters>() == Names{{"0.conv.weight", 216},
                                                      {"0.conv.bias", 4},
                                                      {"0.norm.weight", 4},
                                                      {"0.norm.bias", 4},
                                                      {"1.conv.weight", 432},
                                                      {"1.conv.bias", 4},
                                                      {"1.norm.weight", 4},
                                                      {"1.norm.bias", 4},
                                                      {"2.conv.weight", 324},
                                                      {"2.conv.bias", 3},
                                                      {"2.norm.weight", 3},
                                                      {"2.norm.bias", 3}});
  using Head = Conv3d<B, 30, 3, 1, 1, false>;
  CHECK(names_and_sizes<Head::Parameters>() == Names{{"weight", 90}});
  CHECK(Head::Parameters{}.weight.dims == std::array<index_t, 5>{3, 30, 1, 1, 1});
}

TEST_CASE("inference of a stack frees each raw tensor once the next unit has read it") {
  using Stack = ConvStack<B, 2, 4, 4, 3, InstanceNorm<>, LeakyReLU<>>;
  Context k{{.threads = 1}};
  ParameterSet<Stack::Parameters, double> p;
  const auto x = test::random_tensor<double>({1, 4, 4, 4, 2}, 2);
  const auto blocks_alive = [&](auto mode) {
    Arena arena;
    const ArenaScope scope(k, arena);
    Stack::Saved saved;
    Stack::forward<decltype(mode)::value>(k, p.fields(), make_wire<2>(Plain<double>{x.view()}),
                                          saved);
    index_t alive = 0;
    for (const auto& life : arena.log())
      alive += life.bytes == 64 * 4 * 8 && life.death == Lifetime::unending;
    return alive;
  };
  CHECK(blocks_alive(std::integral_constant<Mode, Mode::training>{}) == 3);
  CHECK(blocks_alive(std::integral_constant<Mode, Mode::inference>{}) == 1);
}
