#include "glia/layers/initial_weights.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "glia/backend/reference.hpp"
#include "glia/layers/grouped.hpp"
#include "glia/layers/transposed_conv3d.hpp"

using namespace glia;
using B = Reference<double>;

namespace {

struct Drawn {
  double deviation = 0, largest = 0;
};

/// Weights and biases of a layer, drawn again and again.
template <class Layer>
std::array<Drawn, 2> draw() {
  std::array<Drawn, 2> drawn;
  std::array<index_t, 2> count{};
  ParameterSet<typename Layer::Parameters, double> set;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    set.initialise(seed);
    visit_parameters(
        [&](const std::string& name, const auto& leaf) {
          const std::size_t which = name.ends_with("bias") ? 1 : 0;
          for (index_t i = 0; i < leaf.size; ++i) {
            drawn[which].deviation += leaf.data[i] * leaf.data[i];
            drawn[which].largest = (std::max)(drawn[which].largest, std::abs(leaf.data[i]));
          }
          count[which] += leaf.size;
        },
        "", set.fields());
  }
  for (std::size_t i = 0; i < 2; ++i)
    drawn[i].deviation = std::sqrt(drawn[i].deviation / static_cast<double>(count[i]));
  return drawn;
}

}  // namespace

// Expected values: torch.nn.init and torch.nn.Conv3d(3, 4, 3), whose fans are 81 and 108.
TEST_CASE("the policies of initial weights draw weights and biases as PyTorch does") {
  const auto isensee = draw<Conv3d<B, 3, 4, 3, 1, true, KaimingNormal>>();
  CHECK(isensee[0].deviation == doctest::Approx(0.157126984).epsilon(0.01));
  CHECK(isensee[1].largest == 0);

  const auto lachinov = draw<Conv3d<B, 3, 4, 3, 1, true, KaimingNormalBiased>>();
  CHECK(lachinov[0].deviation == isensee[0].deviation);
  CHECK(lachinov[1].deviation == doctest::Approx(1).epsilon(0.04));
  CHECK(lachinov[1].largest > 3);

  const auto monai = draw<Conv3d<B, 3, 4, 3, 1, true, PyTorchDefault>>();
  for (const Drawn& both : monai) {
    CHECK(both.largest <= 1.0 / 9);
    CHECK(both.largest > 0.999 / 9);
    CHECK(both.deviation == doctest::Approx(1 / (9 * std::sqrt(3.0))).epsilon(0.04));
  }

  const auto xavier = draw<Conv3d<B, 3, 4, 3, 1, true, XavierUniform>>();
  CHECK(xavier[0].largest <= 0.178174161);
  CHECK(xavier[0].largest > 0.178);
  CHECK(xavier[1].largest == 0);
}

TEST_CASE("groups and transposed convolutions have the fans of their framework's one weight") {
  // torch.nn.Conv3d(6, 8, 3, groups=2): weight [8, 3, 3, 3, 3], fans 81 and 216.
  const auto grouped = draw<GroupedConv3d<B, 6, 8, 2, 3, 1, true, XavierUniform>>();
  CHECK(grouped[0].largest <= 0.142133811);
  CHECK(grouped[0].largest > 0.142);
  // torch.nn.ConvTranspose3d(3, 5, 2, 2): weight [3, 5, 2, 2, 2], fans 40 and 24.
  CHECK(draw<TransposedConv3d<B, 3, 5, KaimingNormal>>()[0].deviation ==
        doctest::Approx(0.223595618).epsilon(0.01));
  const auto up = draw<TransposedConv3d<B, 3, 5, XavierUniform>>();
  CHECK(up[0].largest <= 0.306186218);
  CHECK(up[0].largest > 0.3061);
}
