#include "glia/layers/conv_stack.hpp"
#include "gradients/numeric_gradient.hpp"

using namespace glia;

namespace {

using B = Reference<double>;
using Mean = GroupNorm<1>;
using Pairs = GroupNorm<2>;

/// A block or stack whose output, and with `Pool` its pooled output after it, is materialised: y is
/// a list of voxels.
template <class Block, index_t Stride, bool Pool>
struct Alone {
  using Parameters = typename Block::Parameters;
  using Saved = typename Block::Saved;

  static Shape full(Shape s) { return ConvDescriptor{Block::in, Block::out, 3, Stride}.output(s); }
  static Shape output(Shape s) {
    const Shape f = full(s);
    return {1, 1, 1, f.n * (f.voxels() + (Pool ? halved(f).voxels() : 0)), f.c};
  }
  template <class T>
  static View<T> output_of(View<T> y, Shape x) {
    return {y.data, full(x), y.pitch};
  }
  template <class T>
  static View<T> pooled_of(View<T> y, Shape x) {
    const Shape f = full(x);
    return {y.data + f.elements(), halved(f), y.pitch};
  }

  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved& s) {
    Block::template forward<Mode::training>(k, p, make_wire<Block::in>(Plain<double>{x}), s, Pool);
    B::store(k, Block::output(s).source, Store<double>{output_of(y, x.shape)}, nullptr);
    if constexpr (Pool)
      B::store(k, Block::pooled_output(s).source, Store<double>{pooled_of(y, x.shape)}, nullptr);
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    auto g = Block::make_gradient(k, s);
    B::store(k, Plain<double>{output_of(grad, x.shape)}, Block::sink(s, g), nullptr);
    if constexpr (Pool)
      B::store(k, Plain<double>{pooled_of(grad, x.shape)}, Block::pooled_sink(s, g), nullptr);
    Block::backward(k, p, s, make_wire<Block::in>(Plain<double>{x}), g, grad_x, grads);
  }
};

template <class Norm, class Activation, index_t Stride = 1, bool Pool = false>
void check_block(const std::string& name, Shape shape = {2, 3, 4, 5, 2}) {
  test::check_gradients<Alone<ConvBlock<B, 2, 4, Norm, Activation, Stride>, Stride, Pool>>(name,
                                                                                           shape);
}

template <index_t Units, class Norm, class Activation, index_t Stride = 1, bool Pool = false>
void check_stack(const std::string& name) {
  test::check_gradients<
      Alone<ConvStack<B, 2, 4, 6, Units, Norm, Activation, Stride>, Stride, Pool>>(name,
                                                                                   {2, 4, 3, 2, 2});
}

}  // namespace

TEST_CASE("gradients of ConvBlock") {
  check_block<InstanceNorm<>, LeakyReLU<>>("instance norm, leaky ReLU");
  check_block<InstanceNorm<>, ReLU>("instance norm, ReLU");
  check_block<Pairs, LeakyReLU<>>("two groups, leaky ReLU");
  check_block<Mean, ReLU>("one group, ReLU");
  check_block<InstanceNorm<std::ratio<1, 10>>, LeakyReLU<std::ratio<1, 5>>>(
      "large epsilon and slope");
}

TEST_CASE("gradients of ConvBlock with a stride") {
  check_block<InstanceNorm<>, LeakyReLU<>, 2>("odd and even extents");
  check_block<Pairs, ReLU, 2>("to one voxel per sample", {2, 2, 1, 2, 2});
}

TEST_CASE("gradients of ConvBlock whose output has two consumers, one of them max pooling") {
  check_block<InstanceNorm<>, LeakyReLU<>, 1, true>("even extents", {2, 4, 2, 6, 2});
  check_block<InstanceNorm<>, ReLU, 1, true>("odd extents", {2, 3, 4, 5, 2});
  check_block<Pairs, LeakyReLU<>, 1, true>("groups", {1, 4, 4, 2, 2});
}

TEST_CASE("gradients of ConvStack") {
  check_stack<1, InstanceNorm<>, LeakyReLU<>>("one unit");
  check_stack<2, InstanceNorm<>, LeakyReLU<>, 1, true>("two units, pooled");
  check_stack<3, Pairs, ReLU>("three units, groups");
  check_stack<2, InstanceNorm<>, ReLU, 2>("two units, the first strided");
}
