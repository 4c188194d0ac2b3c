#include "glia/models/cascaded_unet.hpp"

#include "conformance/network_case.hpp"

using namespace glia;

namespace {

template <class B, class... Policies>
using Small = CascadedUNet<B, Channels<4, 3>, BaseWidth<2>, Pyramid<2, 3>, Policies...>;

template <class Net>
test::NetworkCase<Net> make_case(int threads = 2) {
  return test::NetworkCase<Net>({1, 16, 8, 24, 4}, threads);
}

using Others = std::tuple<Materialising<Reference<float>>, Cpu<Float32>>;

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("a training step of the cascade agrees with the reference, dropout too",
                          B, step_agrees) {
  const auto expected = make_case<Small<Reference<double>>>().step();
  CHECK(test::relative_error(make_case<Small<B>>().step(), expected) < 1e-5);
}
TEST_CASE_TEMPLATE_APPLY(step_agrees, Others);

TEST_CASE("a planned step of the cascade touches its plan and computes its bits") {
  make_case<Small<Cpu<Float32>>>().check_plan();
  make_case<Small<Cpu<Float32>, SoftmaxLabels>>().check_plan();
}

TEST_CASE("inference of the cascade computes the bits of training") {
  make_case<Small<Cpu<Float32>, NoDropout>>().check_inference();
}

TEST_CASE("the cascade computes the same bits for any number of threads") {
  using Net = Small<Cpu<Float32>>;
  const auto one = make_case<Net>(1).step();
  for (const int threads : {2, 3}) CHECK(make_case<Net>(threads).step() == one);
}

TEST_CASE("the cascade learns an image by heart") {
  make_case<Small<Cpu<Float32>, NoDropout>>().check_learning();
}
