#include "glia/models/res_unet.hpp"
#include "golden/golden_network.hpp"

using namespace glia;

TEST_CASE_TEMPLATE_DEFINE(
    "Lachinov's student agrees with PyTorch in logits, loss, gradients and "
    "updates",
    B, lachinov) {
  test::GoldenNetwork<
      LachinovResUNet<B, Channels<4, 3>, Widths<2, 4, 8>, GroupNorm<2>, EncoderBlocks<1, 2, 1>>>
      golden("lachinov.safetensors");
  golden.check_names_and_dims();
  golden.check_gradients();
  golden.check_three_steps("adam", Adam{.rate = 1e-2, .epsilon = 1e-3, .weight_decay = 1e-2});
}
using Oracles = std::tuple<Reference<double>, Cpu<Float32>>;
TEST_CASE_TEMPLATE_APPLY(lachinov, Oracles);
