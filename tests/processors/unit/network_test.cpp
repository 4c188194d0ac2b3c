#include "conformance/network_case.hpp"
#include "glia/models/unet.hpp"

using namespace glia;

namespace {

template <class B>
using Net = UNet<B, Channels<4, 3>, Widths<3, 5>>;

template <class B>
test::NetworkCase<Net<B>> make_case() {
  return test::NetworkCase<Net<B>>{Shape{1, 8, 8, 8, 4}};
}

}  // namespace

TEST_CASE("a training step on this processor agrees with the reference") {
  const auto expected = make_case<Reference<double>>().step();
  CHECK(test::relative_error(make_case<Cpu<Float32>>().step(), expected) < 1e-4);
}

TEST_CASE("a hundred steps of training on this processor learn an image by heart") {
  make_case<Cpu<Float32>>().check_learning();
}
