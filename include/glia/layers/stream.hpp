#pragma once

#include "glia/layers/deferred_norm.hpp"

namespace glia {

/// A tensor that several layers add to, as residual networks have: its values and the moments that
/// the next norm needs, accumulated by whoever wrote it last.
template <class T>
struct Stream {
  Tensor<T> values;        // [N, D, H, W, C]
  Tensor<double> moments;  // [N, C, 2]
};

/// A stream that is about to be written, with moments of zero.
template <Backend B>
[[nodiscard]] Stream<typename B::Scalar> make_stream(Context& k,
                                                     Tensor<typename B::Scalar> values) {
  const Shape s = values.shape();
  return {std::move(values), make_sums<B>(k, 2 * s.n * s.c)};
}
template <Backend B>
[[nodiscard]] Stream<typename B::Scalar> make_stream(Context& k, Shape s) {
  return make_stream<B>(k, make_tensor<B>(k, s));
}

/// The sink that writes a stream with its moments, adding `addend` if there is one.
template <class B>
[[nodiscard]] Output<typename B::Scalar, typename B::Real> output_to(
    Stream<typename B::Scalar>& s, View<const typename B::Scalar> addend = {}) {
  return {.y = s.values.view(), .addend = addend, .moments = s.moments.data()};
}

/// The sink that adds to the gradient of a stream of shape `s`, one tensor for all its consumers:
/// the first makes and overwrites it.
template <Backend B>
[[nodiscard]] Store<typename B::Scalar> gradient_sink(Context& k, Shape s,
                                                      Tensor<typename B::Scalar>& grad) {
  const bool started = grad.shape().elements() > 0;
  if (!started) grad = make_tensor<B>(k, s);
  return {grad.view(), started};
}

/// sink = source.
template <Backend B, Source X, Sink Y>
void store(Context& k, const X& x, const Y& y) {
  const auto work = make_array<std::byte>(k, B::store_workspace(k, x, y));
  B::store(k, x, y, work.data());
}

/// sink = adjoint of doubling applied to `fine`.
template <Backend B, Sink Y>
void upsample_backward(Context& k, Interpolation kind, View<const typename B::Scalar> fine,
                       const Y& y) {
  const auto work = make_array<std::byte>(k, B::upsample_backward_workspace(k, kind, fine, y));
  B::upsample_backward(k, kind, fine, y, work.data());
}

}  // namespace glia
