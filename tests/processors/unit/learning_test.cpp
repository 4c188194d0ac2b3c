#include "conformance/network_case.hpp"
#include "glia/models/unet.hpp"

using namespace glia;

TEST_CASE("a hundred steps of training on this processor learn an image by heart") {
  using Net = UNet<Cpu<Float32>, Channels<4, 3>, Widths<3, 5>>;
  test::NetworkCase<Net>{Shape{1, 8, 8, 8, 4}}.check_learning();
}
