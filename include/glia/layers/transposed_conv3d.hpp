#pragma once

#include "glia/layers/conv3d.hpp"
#include "glia/source/interleaved.hpp"

namespace glia {

template <class R, index_t In, index_t Out, InitialPolicy Start>
struct TransposedConvParameters {
  Parameter<R, Start::weight(conv_fans(Out, In, 2)), 8 * Out, In, 1, 1, 1> weight;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("weight", p.weight...);
  }
};

/// y[2v + t, o] = sum over i of weight[t, o, i] x[v, i] for the eight offsets t of a 2x2x2 block:
/// transposed convolution 2x2x2 of stride 2 without bias, [N, D, H, W, In] to [N, 2D, 2H, 2W, Out].
///
/// No two taps meet in one voxel, so it is a 1x1x1 convolution to 8 Out channels whose blocks are
/// interleaved: weight [8 Out, In, 1, 1, 1] is PyTorch's [In, Out, 2, 2, 2] with the axes in the
/// order D, H, W, Out, In. Its fans are those of that weight, so its fan_in is 8 Out.
///
/// Throws UsageError for tensors of other shapes.
template <Backend B, index_t In, index_t Out, InitialPolicy Start = KaimingNormal>
struct TransposedConv3d {
  static_assert(In > 0 && Out > 0, "TransposedConv3d: channel counts must be positive");

  using T = typename B::Scalar;
  using R = typename B::Real;
  using Parameters = TransposedConvParameters<R, In, Out, Start>;
  static constexpr ConvDescriptor descriptor{In, 8 * Out, 1, 1};

  template <CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, View<T> y) {
    require_shape("TransposedConv3d", "output", y.shape, output(x.source.shape()));
    const Interleaved<T> sink{y};
    const auto work = make_array<std::byte>(k, B::forward_workspace(k, descriptor, x.source, sink));
    B::convolution(k, descriptor, x.source, p.weight.data, sink, work.data());
  }

  /// `grad` is dL/dy; dL/dx goes to the sink `grad_x` (or NoGradient), dL/dweight is added to
  /// `grads`.
  template <CarriesChannels<In> X, class Y>
  static void backward(Context& k, const Parameters& p, const X& x, View<const T> grad,
                       const Y& grad_x, Parameters& grads) {
    require_shape("TransposedConv3d", "gradient", grad.shape, output(x.source.shape()));
    const Deinterleaved<T> source{grad};
    const auto work =
        make_array<std::byte>(k, B::backward_workspace(k, descriptor, x.source, source, grad_x));
    B::convolution_backward(k, descriptor, x.source, source, p.weight.data, grad_x,
                            grads.weight.data, static_cast<R*>(nullptr), work.data());
  }

 private:
  static Shape output(Shape x) { return with_channels(doubled(x), Out); }
};

}  // namespace glia
