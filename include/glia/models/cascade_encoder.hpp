#pragma once

#include "glia/layers/dropout.hpp"
#include "glia/layers/grouped.hpp"
#include "glia/layers/residual_block.hpp"
#include "glia/source/maximum.hpp"

namespace glia::detail {

/// One modality's part of a level: convolution 3x3x3 with bias, dropout where it is strided, one
/// residual block.
template <class R, index_t In, index_t Width, index_t Stride>
struct CascadeEncoder {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Start = OneGroupOf<R::in, typename R::Start>;
  using Conv = Conv3d<B, In, Width, 3, Stride, true, Start>;
  using Drop = Dropout<B, std::conditional_t<(Stride > 1), typename R::Drop, NoDropout>>;
  using Block = ResidualBlock<B, Width, typename R::Norm, typename R::Activation, true, Start>;

  struct Parameters {
    typename Conv::Parameters conv;
    typename Block::Parameters block;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("conv", p.conv...);
      f("block", p.block...);
    }
  };
  struct Saved {
    typename Drop::Saved mask;
    typename Block::Saved block;
    Tensor<T> values;
  };

  template <Mode M, CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    auto stream = make_stream<B>(k, Conv::descriptor.output(x.source.shape()));
    Conv::forward(k, p.conv, x, output_to<B>(stream));
    stream = Drop::template forward<M>(k, std::move(stream), s.mask);
    s.values = Block::template forward<M>(k, p.block, std::move(stream), s.block).values;
  }
  static Wire<Width, Plain<T>> output(const Saved& s) { return {{s.values.view()}}; }

  /// Consumes `s` and `grad`, the gradient of the output.
  template <CarriesChannels<In> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Tensor<T>& grad,
                       const Y& grad_x, Parameters& grads) {
    s.values = {};
    Block::backward(k, p.block, s.block, grad.view(), grads.block);
    Conv::backward(k, p.conv, x, Drop::backward(grad.view(), s.mask), grad_x, grads.conv);
    grad = {};
  }
};

/// One level of the private encoders of all modalities, and the maximum over them: what they find
/// meets nowhere else, so the result does not depend on their order, and one that finds nothing
/// disturbs nobody.
///
/// `x` and `grad_x` give the wire and the sink of a modality by its number.
template <class R, index_t In, index_t Width, index_t Stride>
struct CascadeEncoders {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Encoder = CascadeEncoder<R, In, Width, Stride>;
  using All = Grouped<R::in, Encoder>;
  using Parameters = typename All::Parameters;
  using Saved = std::array<typename Encoder::Saved, All::count>;
  using Gradient = std::array<Tensor<T>, All::count>;

  template <Mode M, class X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s) {
    All::for_each([&](std::size_t g) { Encoder::template forward<M>(k, p.group[g], x(g), s[g]); });
  }
  static auto outputs(const Saved& s) {
    return [&s](std::size_t g) { return Encoder::output(s[g]); };
  }
  static Wire<Width, Maximum<T, R::in>> merged(const Saved& s) {
    return {{All::make_each([&](std::size_t g) { return Encoder::output(s[g]).source.x; })}};
  }

  static Gradient make_gradient(Context& k, const Saved& s) {
    return All::make_each([&](std::size_t g) { return make_tensor<B>(k, s[g].values.shape()); });
  }
  /// Of the maximum: the first to write the gradients.
  static MaximumGradient<T, R::in> merged_sink(const Saved& s, const Gradient& grad) {
    return {merged(s).source, All::make_each([&](std::size_t g) { return grad[g].view(); })};
  }
  /// Of the outputs one by one: adds to the gradients.
  static auto sinks(const Gradient& grad) {
    return [&grad](std::size_t g) { return Store<T>{grad[g].view(), true}; };
  }

  template <class X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Gradient& grad,
                       const Y& grad_x, Parameters& grads) {
    All::for_each([&](std::size_t g) {
      Encoder::backward(k, p.group[g], s[g], x(g), grad[g], grad_x(g), grads.group[g]);
    });
  }
};

}  // namespace glia::detail
