#include "glia/models/res_unet.hpp"

#include "gradients/whole_network.hpp"

using namespace glia;

namespace {

template <class W, class... Policies>
void check_res_unet(const std::string& name, Shape shape) {
  test::check_gradients<test::Whole<ResUNet<Reference<double>, Channels<2, 2>, W, Policies...>>>(
      name, shape);
}

}  // namespace

TEST_CASE("gradients of the ResUNet as published, batch of two, not a cube") {
  check_res_unet<Widths<2, 2, 4>, GroupNorm<2>, EncoderBlocks<1, 2, 1>>("three levels",
                                                                        {2, 4, 8, 4, 2});
}

TEST_CASE("gradients of Lachinov's student") {
  using Student = LachinovResUNet<Reference<double>, Channels<2, 2>, Widths<2, 4>, GroupNorm<2>,
                                  EncoderBlocks<1, 1>>;
  test::check_gradients<test::Whole<Student>>("two levels", {2, 4, 2, 4, 2});
}

TEST_CASE("gradients of the ResUNet with other policies") {
  check_res_unet<Widths<2, 3>, InstanceNorm<>, LeakyReLU<>, NearestUpsample, PlainHead,
                 ElementDropout<std::ratio<1, 4>>, EncoderBlocks<2, 1>>("all others",
                                                                        {1, 4, 2, 6, 2});
}
