#include "glia/models/res_unet.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

/// What training minimises, as check_gradients wants it: logits, and after them one more number,
/// which makes the branch's loss count once. The image to rebuild is a constant.
template <class Net>
struct WithBranch {
  using Parameters = typename Net::Parameters;
  using Saved = typename Net::Saved;
  static Shape output(Shape s) { return {1, 1, 1, 1, with_channels(s, Net::out).elements() + 1}; }
  template <class T>
  static View<T> logits(View<T> y, Shape x) {
    return {y.data, with_channels(x, Net::out), Net::out};
  }
  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved& s) {
    static const HostTensor<double> target = test::random_tensor<double>(x.shape, 5);
    k.begin_step(3);
    Net::template forward<Mode::training>(k, p, x, logits(y, x.shape), s);
    const double loss = Net::auxiliary_loss(k, p, s, target.view(), {}, 0);
    y.data[y.shape.c - 1] = loss / test::random_tensor<double>(y.shape, 3).values().back();
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    Net::backward(k, p, s, x, Plain<double>{logits(grad, x.shape)}, grads, grad_x);
  }
};

template <index_t H, class... Options>
void check(const std::string& name, index_t samples) {
  using Net = ResUNet<Reference<double>, Channels<2, 2>, Widths<2, 4>, GroupNorm<2>,
                      EncoderBlocks<1, 1>, VaeBranch<4, H, 4, Latents<3>, Options...>>;
  // Small weights: the variance of a latent is the exponential of what a dense layer makes.
  test::check_gradients<WithBranch<Net>>(name, {samples, 4, H, 4, 2}, 0.2);
}

}  // namespace

TEST_CASE("gradients of the ResUNet with its autoencoder, through the latents' noise") {
  check<8, VaeWeights<std::ratio<5>, std::ratio<7>>, DivergencePerVoxel>("own decoder", 1);
  check<4, VaeWeights<std::ratio<5>, std::ratio<1, 2>>, DivergencePerLatent, SharedDecoder>(
      "shared decoder", 2);
}
