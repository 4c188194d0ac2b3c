#pragma once

#include "glia/backend/concepts.hpp"
#include "glia/layers/initial_weights.hpp"
#include "glia/layers/wire.hpp"
#include "glia/tensor/parameters.hpp"

namespace glia {

template <class R, index_t In, index_t Out, index_t Kernel, bool Bias, InitialPolicy Start>
struct ConvParameters {
  Parameter<R, Start::weight(conv_fans(In, Out, Kernel)), Out, In, Kernel, Kernel, Kernel> weight;
  Parameter<R, Start::bias(conv_fans(In, Out, Kernel)), Out> bias;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("weight", p.weight...);
    f("bias", p.bias...);
  }
};

template <class R, index_t In, index_t Out, index_t Kernel, InitialPolicy Start>
struct ConvParameters<R, In, Out, Kernel, false, Start> {
  Parameter<R, Start::weight(conv_fans(In, Out, Kernel)), Out, In, Kernel, Kernel, Kernel> weight;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("weight", p.weight...);
  }
};

/// y[o] = bias[o] + sum over i and taps of weight[o, i, tap] x[i]: cross-correlation with zero
/// padding P = (Kernel - 1) / 2. [N, D, H, W, In] to [N, D', H', W', Out] with D' = (D + 2 P -
/// Kernel) / Stride + 1.
///
/// Throws UsageError if an axis with its padding is shorter than the kernel, or for tensors of
/// other shapes.
template <Backend B, index_t In, index_t Out, index_t Kernel = 3, index_t Stride = 1,
          bool Bias = true, InitialPolicy Start = KaimingNormal>
struct Conv3d {
  static_assert(In > 0 && Out > 0, "Conv3d: channel counts must be positive");
  static_assert(Kernel % 2 == 1 || (Kernel == 2 && Stride == 2),
                "Conv3d: the kernel must be odd, or 2 with a stride of 2");
  static_assert(Stride == 1 || Stride == 2, "Conv3d: the stride must be 1 or 2");

  using T = typename B::Scalar;
  using R = typename B::Real;
  using Parameters = ConvParameters<R, In, Out, Kernel, Bias, Start>;
  static constexpr ConvDescriptor descriptor{In, Out, Kernel, Stride};

  template <CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, Output<T, R> y) {
    require_shape("Conv3d", "output", y.shape(), descriptor.output(x.source.shape()));
    if constexpr (Bias) y.bias = p.bias.data;
    const auto work = make_array<std::byte>(k, B::forward_workspace(k, descriptor, x.source, y));
    B::convolution(k, descriptor, x.source, p.weight.data, y, work.data());
  }

  /// `grad` is dL/dy; dL/dx goes to the sink `grad_x` (or NoGradient), dL/dweight and dL/dbias are
  /// added to `grads`.
  template <CarriesChannels<In> X, Source G, class Y>
  static void backward(Context& k, const Parameters& p, const X& x, const G& grad, const Y& grad_x,
                       Parameters& grads) {
    require_shape("Conv3d", "gradient", grad.shape(), descriptor.output(x.source.shape()));
    const auto work =
        make_array<std::byte>(k, B::backward_workspace(k, descriptor, x.source, grad, grad_x));
    R* db = nullptr;
    if constexpr (Bias) db = grads.bias.data;
    B::convolution_backward(k, descriptor, x.source, grad, p.weight.data, grad_x, grads.weight.data,
                            db, work.data());
  }
};

}  // namespace glia
