#include "glia/layers/grouped.hpp"
#include "glia/layers/stream.hpp"
#include "glia/layers/transposed_conv3d.hpp"
#include "glia/source/averaged.hpp"
#include "glia/source/maximum.hpp"
#include "glia/source/voxelwise.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;

template <index_t In, index_t Out>
struct Transposed : TransposedConv3d<B, In, Out> {
  using Layer = TransposedConv3d<B, In, Out>;
  using Parameters = typename Layer::Parameters;
  struct Saved {};
  static Shape output(Shape s) { return with_channels(doubled(s), Out); }
  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved&) {
    Layer::forward(k, p, make_wire<In>(Plain<double>{x}), y);
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved&, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    Layer::backward(k, p, make_wire<In>(Plain<double>{x}), grad, grad_x, grads);
  }
};

template <index_t In, index_t Out, index_t Groups, index_t Kernel, index_t Stride, bool Bias>
struct InGroups : GroupedConv3d<B, In, Out, Groups, Kernel, Stride, Bias> {
  using Layer = GroupedConv3d<B, In, Out, Groups, Kernel, Stride, Bias>;
  using Parameters = typename Layer::Parameters;
  struct Saved {};
  static Shape output(Shape s) { return ConvDescriptor{In, Out, Kernel, Stride}.output(s); }
  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved&) {
    Layer::forward(k, p, x, y);
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved&, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    Layer::backward(k, p, x, grad, grad_x, grads);
  }
};

/// A source without parameters over one image, and its adjoint sink.
struct NoParameters {
  template <class F, class... P>
  static void fields(F&&, P&...) {}
};
template <class Pair>
struct SourceAlone {
  using Parameters = NoParameters;
  struct Saved {};
  static Shape output(Shape s) { return Pair::source(View<const double>{nullptr, s, s.c}).shape(); }
  static void forward(Context& k, const Parameters&, View<const double> x, View<double> y, Saved&) {
    store<B>(k, Pair::source(x), Store<double>{y});
  }
  template <class Y>
  static void backward(Context& k, const Parameters&, Saved&, View<const double> x,
                       View<const double> grad, Parameters&, const Y& grad_x) {
    if constexpr (Sink<Y>) {
      B::fill(k, grad_x.y.data, grad_x.y.shape.elements(), 0.0);
      store<B>(k, Plain<double>{grad}, Pair::sink(x, grad_x.y));
    }
  }
};

template <class F>
struct OfVoxels {
  static Voxelwise<double, F> source(View<const double> x) { return {x}; }
  static VoxelwiseGradient<double, F> sink(View<const double> x, View<double> grad) {
    return {source(x), grad};
  }
};
template <index_t Factor>
struct Means {
  static Averaged<double> source(View<const double> x) { return {x, Factor}; }
  static AveragedGradient<double> sink(View<const double>, View<double> grad) {
    return {grad, Factor};
  }
};
struct LargestOfThree {
  static Maximum<double, 3> source(View<const double> x) {
    return {{slice(x, 0, 2), slice(x, 2, 2), slice(x, 4, 2)}};
  }
  static MaximumGradient<double, 3> sink(View<const double> x, View<double> grad) {
    return {source(x), {slice(grad, 0, 2), slice(grad, 2, 2), slice(grad, 4, 2)}};
  }
};

template <class Net>
void check_source(const std::string& name, Shape s) {
  test::check_gradients<SourceAlone<Net>>(name, s);
}

}  // namespace

TEST_CASE("gradients of TransposedConv3d") {
  test::check_gradients<Transposed<3, 2>>("3 to 2", {2, 2, 3, 1, 3});
  test::check_gradients<Transposed<1, 5>>("1 to 5", {1, 1, 1, 2, 1});
}

TEST_CASE("gradients of GroupedConv3d") {
  test::check_gradients<InGroups<4, 8, 4, 3, 1, true>>("one channel to two", {2, 3, 2, 4, 4});
  test::check_gradients<InGroups<6, 4, 2, 3, 2, false>>("strided, without bias", {1, 5, 4, 3, 6});
  test::check_gradients<InGroups<2, 3, 1, 1, 1, true>>("one group", {1, 2, 2, 3, 2});
}

TEST_CASE("gradients of sources that have no weights") {
  check_source<OfVoxels<Sigmoid>>("sigmoid", {2, 2, 1, 3, 3});
  check_source<OfVoxels<Softmax>>("softmax", {2, 2, 1, 3, 4});
  check_source<OfVoxels<RegionLogits<ClassSet<1, 2, 3>, ClassSet<1, 3>, ClassSet<3>>>>(
      "regions of classes", {2, 2, 1, 3, 4});
  check_source<Means<2>>("means of 2^3", {2, 4, 2, 6, 2});
  check_source<Means<4>>("means of 4^3", {1, 4, 8, 4, 1});
  check_source<LargestOfThree>("the largest of three", {2, 3, 2, 2, 6});
}
