#include "glia/models/unet.hpp"

#include "gradients/whole_network.hpp"

using namespace glia;

namespace {

template <class W, class... Policies>
void check_unet(const std::string& name, Shape shape) {
  test::check_gradients<test::Whole<UNet<Reference<double>, Channels<2, 2>, W, Policies...>>>(
      name, shape);
}

}  // namespace

TEST_CASE("gradients of the UNet as published, batch of two, not a cube") {
  check_unet<Widths<2, 3, 4>>("instance norm, leaky ReLU, pooling, trilinear", {2, 4, 8, 4, 2});
}

TEST_CASE("gradients of the UNet when the bottleneck has one voxel on some axes, or on all") {
  check_unet<Widths<2, 3, 4>>("4 x 4 x 8", {1, 4, 4, 8, 2});
  check_unet<Widths<2, 3>>("2 x 2 x 2", {2, 2, 2, 2, 2});
}

TEST_CASE("gradients of the UNet with other policies") {
  check_unet<Widths<2, 4, 4>, GroupNorm<2>, ReLU, StridedConvolution, NearestUpsample>(
      "all others", {2, 4, 4, 8, 2});
  check_unet<Widths<2, 4>, StridedConvolution, GroupNorm<1>>("strided, trilinear", {2, 4, 6, 2, 2});
  check_unet<Widths<2, 3>, NearestUpsample, ReLU, ConvBlocks<1>>("one unit per level",
                                                                 {2, 4, 2, 6, 2});
  check_unet<Widths<2, 3>, ConvBlocks<3>>("three units per level", {1, 4, 4, 2, 2});
}
