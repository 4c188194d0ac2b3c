#include "glia/layers/dropout.hpp"
#include "glia/layers/residual_blocks.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

/// Dropout of a copy of x, then residual blocks; the gradient of x may have been written before.
template <class Blocks, DropoutPolicy Drop>
struct Alone {
  using Parameters = typename Blocks::Parameters;
  struct Saved {
    typename Dropout<B, Drop>::Saved mask;
    typename Blocks::Saved blocks;
  };
  static Shape output(Shape s) { return s; }
  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved& s) {
    k.begin_step(5);
    auto stream = make_stream<B>(k, x.shape);
    store<B>(k, Plain<double>{x}, output_to<B>(stream));
    stream = Dropout<B, Drop>::template forward<Mode::training>(k, std::move(stream), s.mask);
    stream = Blocks::template forward<Mode::training>(k, p, std::move(stream), s.blocks);
    store<B>(k, Plain<double>{stream.values.view()}, Store<double>{y});
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    const auto g = make_tensor<B>(k, x.shape);
    store<B>(k, Plain<double>{grad}, Store<double>{g.view()});
    Blocks::backward(k, p, s.blocks, g.view(), grads);
    if constexpr (Sink<Y>) store<B>(k, Dropout<B, Drop>::backward(g.view(), s.mask), grad_x);
  }
};

template <index_t Units, class Norm, class Activation, bool Bias, class Drop = NoDropout>
void check(const std::string& name, Shape shape) {
  using Block = ResidualBlock<B, 4, Norm, Activation, Bias>;
  test::check_gradients<Alone<ResidualBlocks<Block, Units>, Drop>>(name, shape);
}

}  // namespace

TEST_CASE("gradients of residual blocks") {
  check<1, GroupNorm<2>, ReLU, false>("one block, groups", {2, 3, 2, 3, 4});
  check<1, InstanceNorm<std::ratio<1, 1000>>, LeakyReLU<>, true>("with bias", {2, 2, 3, 2, 4});
  check<3, GroupNorm<4>, ReLU, false>("three blocks", {1, 2, 3, 2, 4});
}

TEST_CASE("gradients of residual blocks with norms after the convolutions") {
  using Block = PostNormBlock<B, 4, GroupNorm<2>, LeakyReLU<>>;
  test::check_gradients<Alone<ResidualBlocks<Block, 2>, NoDropout>>("two blocks", {2, 3, 2, 3, 4});
}

TEST_CASE("gradients of residual blocks after dropout") {
  check<1, GroupNorm<2>, ReLU, false, ElementDropout<std::ratio<3, 10>>>("elements",
                                                                         {2, 2, 3, 2, 4});
  check<1, GroupNorm<2>, ReLU, false, SpatialDropout<std::ratio<1, 2>>>("channels",
                                                                        {2, 2, 3, 2, 4});
}
