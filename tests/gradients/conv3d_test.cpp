#include "glia/layers/conv3d.hpp"

#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

/// A layer of one convolution.
template <index_t In, index_t Out, index_t Kernel, index_t Stride, bool Bias>
struct Convolution {
  using Layer = Conv3d<B, In, Out, Kernel, Stride, Bias>;
  using Parameters = typename Layer::Parameters;
  struct Saved {};
  static constexpr index_t in = In;
  static Shape output(Shape s) { return Layer::descriptor.output(s); }
  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved&) {
    Layer::forward(k, p, make_wire<In>(Plain<double>{x}), {.y = y});
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved&, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    Layer::backward(k, p, make_wire<In>(Plain<double>{x}), Plain<double>{grad}, grad_x, grads);
  }
};

template <index_t Kernel, index_t Stride, bool Bias>
void check_convolution() {
  const std::string name =
      "kernel " + std::to_string(Kernel) + ", stride " + std::to_string(Stride);
  test::check_gradients<Convolution<2, 3, Kernel, Stride, Bias>>(name, {2, 3, 4, 5, 2});
  test::check_gradients<Convolution<3, 1, Kernel, Stride, Bias>>(name + ", one voxel",
                                                                 {1, 1, 1, 1, 3});

  // The convolution without bias is linear: <w, A x> = <A' w, x>.
  using C = Convolution<2, 3, Kernel, Stride, false>;
  Context k{{.threads = 1}};
  ParameterSet<typename C::Parameters, double> p, grads;
  test::randomise(p.flat(), 1);
  const auto x = test::random_tensor<double>({2, 5, 4, 3, 2}, 2);
  HostTensor<double> y(C::output(x.shape())), adjoint(x.shape());
  const auto w = test::random_tensor<double>(y.shape(), 3);
  typename C::Saved saved;
  C::forward(k, p.fields(), x.view(), y.view(), saved);
  C::backward(k, p.fields(), saved, x.view(), w.view(), grads.fields(),
              Store<double>{adjoint.view()});
  CHECK(test::dot(w.values(), y.values()) ==
        doctest::Approx(test::dot(adjoint.values(), x.values())).epsilon(1e-12));
  // It is linear in its weights too, so <w, A x> = <dL/dweights, weights>.
  CHECK(test::dot(w.values(), y.values()) ==
        doctest::Approx(test::dot(grads.flat(), p.flat())).epsilon(1e-12));
}

}  // namespace

TEST_CASE("gradients of Conv3d") {
  check_convolution<3, 1, true>();
  check_convolution<3, 2, true>();
  check_convolution<1, 1, true>();
  check_convolution<1, 2, true>();
  check_convolution<3, 1, false>();
  check_convolution<1, 1, false>();
}
