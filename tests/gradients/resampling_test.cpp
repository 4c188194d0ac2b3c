#include "glia/layers/conv_stack.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

/// A block read twice by a convolution: upsampled, and as the skip of a second block on a finer
/// image. One image holds both: the coarse block sees a strided convolution of it.
template <class Policy>
struct Join {
  using Coarse = ConvBlock<B, 2, 3, InstanceNorm<>, LeakyReLU<>, 2>;
  using Fine = ConvBlock<B, 2, 2, InstanceNorm<>, ReLU>;
  using Head = Conv3d<B, 5, 2>;
  struct Parameters {
    typename Coarse::Parameters coarse;
    typename Fine::Parameters fine;
    typename Head::Parameters head;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("coarse", p.coarse...);
      f("fine", p.fine...);
      f("head", p.head...);
    }
  };
  struct Saved {
    typename Coarse::Saved coarse;
    typename Fine::Saved fine;
  };
  static Shape output(Shape s) { return with_channels(s, 2); }
  static auto joined(const Saved& s) {
    return concat(upsample(Coarse::output(s.coarse), Policy::interpolation), Fine::output(s.fine));
  }

  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved& s) {
    const auto image = make_wire<2>(Plain<double>{x});
    Coarse::template forward<Mode::training>(k, p.coarse, image, s.coarse);
    Fine::template forward<Mode::training>(k, p.fine, image, s.fine);
    Head::forward(k, p.head, joined(s), {.y = y});
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    const auto image = make_wire<2>(Plain<double>{x});
    auto to_coarse = Coarse::make_gradient(k, s.coarse);
    auto to_fine = Fine::make_gradient(k, s.fine);
    const auto upsampled = make_tensor<B>(k, with_channels(x.shape, 3));
    const Split<Store<double>, ActivatedGradient<double>> split{{upsampled.view()},
                                                                Fine::sink(s.fine, to_fine)};
    Head::backward(k, p.head, joined(s), Plain<double>{grad}, split, grads.head);
    const auto sink = Coarse::sink(s.coarse, to_coarse);
    const auto work = make_array<std::byte>(
        k, B::upsample_backward_workspace(k, Policy::interpolation, upsampled.view(), sink));
    B::upsample_backward(k, Policy::interpolation, upsampled.view(), sink, work.data());
    Coarse::backward(k, p.coarse, s.coarse, image, to_coarse, grad_x, grads.coarse);
    if constexpr (Sink<Y>) {
      Fine::backward(k, p.fine, s.fine, image, to_fine, Store<double>{grad_x.y, true}, grads.fine);
    } else {
      Fine::backward(k, p.fine, s.fine, image, to_fine, NoGradient{}, grads.fine);
    }
  }
};

}  // namespace

TEST_CASE("gradients through upsampling and concatenation") {
  test::check_gradients<Join<TrilinearUpsample>>("trilinear", {2, 4, 4, 6, 2});
  test::check_gradients<Join<NearestUpsample>>("nearest", {2, 4, 4, 6, 2});
  test::check_gradients<Join<TrilinearUpsample>>("one coarse voxel", {1, 2, 2, 2, 2});
}

TEST_CASE("upsample_backward is the adjoint of Upsampled: <w, U x> = <U' w, x>") {
  Context k{{.threads = 1}};
  for (const auto kind : {Interpolation::trilinear, Interpolation::nearest}) {
    for (const Shape s : {Shape{2, 3, 2, 4, 3}, Shape{1, 1, 5, 1, 2}, Shape{1, 1, 1, 1, 1}}) {
      const auto x = test::random_tensor<double>(s, 1),
                 w = test::random_tensor<double>(doubled(s), 2);
      HostTensor<double> fine(doubled(s)), coarse(s, 1.0);
      B::store(k, Upsampled<Plain<double>>{{x.view()}, kind}, Store<double>{fine.view()}, nullptr);
      const Store<double> sink{coarse.view(), true};
      const auto work =
          make_array<std::byte>(k, B::upsample_backward_workspace(k, kind, w.view(), sink));
      B::upsample_backward(k, kind, w.view(), sink, work.data());
      for (double& value : coarse.values()) value -= 1;
      CHECK(test::dot(w.values(), fine.values()) ==
            doctest::Approx(test::dot(coarse.values(), x.values())).epsilon(1e-12));
    }
  }
}
