#include "glia/models/res_unet.hpp"
#include "golden/golden_network.hpp"

using namespace glia;

TEST_CASE_TEMPLATE_DEFINE(
    "the ResUNet with its autoencoder agrees with PyTorch in loss, gradients "
    "and updates",
    B, vae_branch) {
  test::GoldenNetwork<ResUNet<B, Channels<4, 3>, Widths<2, 4, 8>, GroupNorm<2>, NoDropout,
                              EncoderBlocks<1, 2, 1>, VaeBranch<8, 8, 16, Latents<5>>>>
      golden("vae_branch.safetensors");
  golden.check_names_and_dims();
  golden.check_gradients();
  golden.check_three_steps("adam", Adam{.rate = 1e-2, .epsilon = 1e-3, .weight_decay = 1e-2});
}
using Oracles = std::tuple<Reference<double>, Cpu<Float32>>;
TEST_CASE_TEMPLATE_APPLY(vae_branch, Oracles);
