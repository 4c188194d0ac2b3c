#include "glia/models/res_unet.hpp"

#include "conformance/network_case.hpp"

using namespace glia;

namespace {

template <class B, class... Policies>
using Small =
    ResUNet<B, Channels<4, 3>, Widths<3, 6, 12>, GroupNorm<3>, EncoderBlocks<1, 2, 1>, Policies...>;
template <class B>
using Student =
    LachinovResUNet<B, Channels<4, 3>, Widths<3, 6, 12>, GroupNorm<3>, EncoderBlocks<1, 2, 1>>;
using Drop = ElementDropout<std::ratio<1, 4>>;

template <class Net>
test::NetworkCase<Net> make_case(int threads = 2) {
  return test::NetworkCase<Net>({2, 4, 8, 12, 4}, threads);
}

using Others = std::tuple<Materialising<Reference<float>>, Cpu<Float32>>;

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("a training step of the ResUNet agrees with the reference, dropout too",
                          B, step_agrees) {
  const auto expected = make_case<Small<Reference<double>, Drop>>().step();
  CHECK(test::relative_error(make_case<Small<B, Drop>>().step(), expected) < 1e-5);
  // Without dropout the loss is another.
  const auto whole = make_case<Small<Reference<double>, NoDropout>>().step();
  CHECK(test::relative_error(whole, expected) > 1e-2);
}
TEST_CASE_TEMPLATE_APPLY(step_agrees, Others);

TEST_CASE_TEMPLATE_DEFINE("a planned step of the ResUNet touches its plan and computes its bits", B,
                          plan_holds) {
  make_case<Small<B>>().check_plan();
}
TEST_CASE_TEMPLATE_APPLY(plan_holds, Others);

TEST_CASE_TEMPLATE_DEFINE("inference of the ResUNet in place computes the bits of training", B,
                          inference_agrees) {
  make_case<Small<B, NoDropout>>().check_inference();
}
TEST_CASE_TEMPLATE_APPLY(inference_agrees, Others);

TEST_CASE("the ResUNet computes the same bits for any number of threads") {
  using Net = Small<Cpu<Float32>, Drop>;
  const auto one = make_case<Net>(1).step();
  for (const int threads : {2, 3}) CHECK(make_case<Net>(threads).step() == one);
}

TEST_CASE("the ResUNet learns an image by heart") {
  make_case<Small<Cpu<Float32>, NoDropout>>().check_learning();
}

TEST_CASE_TEMPLATE_DEFINE("Lachinov's student agrees with the reference and with its plan", B,
                          student_agrees) {
  const auto expected = make_case<Student<Reference<double>>>().step();
  CHECK(test::relative_error(make_case<Student<B>>().step(), expected) < 1e-5);
  make_case<Student<B>>().check_plan();
  make_case<Student<B>>().check_inference();
}
TEST_CASE_TEMPLATE_APPLY(student_agrees, Others);
