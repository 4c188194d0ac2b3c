#include "glia/models/unet.hpp"

#include "golden/golden_network.hpp"

using namespace glia;

namespace {

template <class Net>
void check_unet(const std::string& file) {
  test::GoldenNetwork<Net> golden(file);
  golden.check_names_and_dims();
  golden.check_gradients();
  golden.check_three_steps("adam", Adam{.rate = 1e-2, .epsilon = 1e-3, .weight_decay = 1e-2});
  golden.check_three_steps(
      "adam_w", Adam{.rate = 1e-2, .epsilon = 1e-3, .weight_decay = 1e-1, .decoupled = true});
  golden.check_three_steps(
      "sgd", Sgd{.rate = 1e-2, .momentum = 0.9, .nesterov = true, .weight_decay = 1e-3});
}

}  // namespace

TEST_CASE_TEMPLATE_DEFINE(
    "the UNet agrees with PyTorch in logits, loss, gradients and three updates", B, unet) {
  if (!test::available<B>()) return;
  check_unet<UNet<B, Channels<4, 3>, Widths<3, 4, 5>>>("unet.safetensors");
}
TEST_CASE_TEMPLATE_APPLY(unet, test::Backends);

TEST_CASE_TEMPLATE_DEFINE("the UNet with other policies agrees with PyTorch", B, other_policies) {
  if (!test::available<B>()) return;
  check_unet<UNet<B, Channels<2, 3>, Widths<2, 4, 6>, GroupNorm<2>, ReLU, StridedConvolution,
                  NearestUpsample>>("unet_other_policies.safetensors");
}
TEST_CASE_TEMPLATE_APPLY(other_policies, test::Backends);
