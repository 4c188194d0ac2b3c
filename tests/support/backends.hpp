#pragma once

#include <tuple>

#include "glia/backend/cpu.hpp"
#include "glia/backend/materialising.hpp"
#include "glia/backend/reference.hpp"
#include "support/tensors.hpp"

namespace glia::test {

/// Every backend that must agree with Reference<double>; each instruction set by name where Cpu has
/// several.
#if defined(__x86_64__)
using Backends = std::tuple<Reference<double>, Reference<float>, Materialising<Reference<float>>,
                            Cpu<Float32>, Cpu<Float32, isa::Avx2>, Cpu<Float32, isa::Generic>>;
#else
using Backends = std::tuple<Reference<float>, Cpu<Float32>>;
#endif

/// Whether this machine can run the backend.
template <class B>
[[nodiscard]] bool available() {
  return true;
}
template <>
[[nodiscard]] inline bool available<Cpu<Float32, isa::Avx2>>() {
  return cpu::detect_isa() >= cpu::Isa::avx2;
}

/// A copy in the backend's own layout.
template <class B, class T>
[[nodiscard]] Tensor<typename B::Scalar> upload(Context& k, const HostTensor<T>& from) {
  using S = typename B::Scalar;
  const Shape s = from.shape();
  Tensor<S> to(k, s, B::channel_pitch(s.c));
  std::fill_n(to.data(), s.n * s.voxels() * to.view().pitch, S(0));
  reference::for_each_voxel(s, [&](reference::Voxel v) {
    for (index_t c = 0; c < s.c; ++c) {
      to.view().at(v.n, v.d, v.h, v.w, c) = static_cast<S>(from.view().at(v.n, v.d, v.h, v.w, c));
    }
  });
  return to;
}

/// A tensor in the backend's layout with every element set to `value`.
template <class B>
[[nodiscard]] Tensor<typename B::Scalar> filled(Context& k, Shape shape, double value) {
  return upload<B>(k, HostTensor<double>(shape, value));
}

template <class T>
[[nodiscard]] std::vector<double> download(View<T> from) {
  std::vector<double> to;
  reference::for_each_voxel(from.shape, [&](reference::Voxel v) {
    for (index_t c = 0; c < from.shape.c; ++c)
      to.push_back(static_cast<double>(from.at(v.n, v.d, v.h, v.w, c)));
  });
  return to;
}

/// B::store with its workspace.
template <class B, Source X, Sink Y>
void store(Context& k, const X& x, const Y& y) {
  const auto work = make_array<std::byte>(k, B::store_workspace(k, x, y));
  B::store(k, x, y, work.data());
}
template <class B, Source X, Sink Y>
void convolution(Context& k, const ConvDescriptor& c, const X& x, const typename B::Real* weights,
                 const Y& y) {
  const auto work = make_array<std::byte>(k, B::forward_workspace(k, c, x, y));
  B::convolution(k, c, x, weights, y, work.data());
}
template <class B, Source X, Source G, class Y>
void convolution_backward(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                          const typename B::Real* weights, const Y& y, typename B::Real* dw,
                          typename B::Real* db) {
  const auto work = make_array<std::byte>(k, B::backward_workspace(k, c, x, grad, y));
  B::convolution_backward(k, c, x, grad, weights, y, dw, db, work.data());
}
template <class B, Sink Y>
void upsample_backward(Context& k, Interpolation kind, View<const typename B::Scalar> fine,
                       const Y& y) {
  const auto work = make_array<std::byte>(k, B::upsample_backward_workspace(k, kind, fine, y));
  B::upsample_backward(k, kind, fine, y, work.data());
}

/// Instance or group norm and activation of one raw tensor through a backend, forward and backward.
template <class B>
struct NormAndActivation {
  using T = typename B::Scalar;
  using R = typename B::Real;
  Tensor<T> raw, pooled, grad;
  std::vector<R> gain, offset, coefficients, backward;
  std::vector<double> sums;
  double slope;
  NormDescriptor norm;

  NormAndActivation(Context& k, const HostTensor<double>& x, const std::vector<double>& weight,
                    const std::vector<double>& bias, index_t groups, double negative_slope)
      : raw(filled<B>(k, x.shape(), 0)),
        pooled(filled<B>(k, halved(x.shape()), 0)),
        grad(filled<B>(k, x.shape(), 99)),
        gain(weight.begin(), weight.end()),
        offset(bias.begin(), bias.end()),
        coefficients(4 * channels(x.shape())),
        backward(3 * channels(x.shape())),
        sums(2 * channels(x.shape())),
        slope(negative_slope),
        norm{x.shape(), groups, 1e-5} {
    const auto source = upload<B>(k, x);
    std::vector<double> moments(sums.size());
    test::store<B>(
        k, Plain<T>{source.view()},
        Output<T, R>{.y = raw.view(),
                     .moments = moments.data(),
                     .pooled = halved(x.shape()).voxels() > 0 ? pooled.view() : View<T>{},
                     .gain = gain.data()});
    B::normalise(k, norm, moments.data(), gain.data(), offset.data(), coefficients.data());
  }
  static std::size_t channels(Shape s) { return static_cast<std::size_t>(s.n * s.c); }

  [[nodiscard]] Activated<T, R> of(View<const T> tensor) const {
    return {tensor, coefficients.data(), coefficients.data() + channels(norm.shape),
            static_cast<R>(slope)};
  }
  [[nodiscard]] Activated<T, R> output() const { return of(raw.view()); }
  [[nodiscard]] Activated<T, R> pooled_output() const { return of(pooled.view()); }
  [[nodiscard]] ActivatedGradient<T, R> sink(bool accumulate = false) {
    const R* mean = coefficients.data() + 2 * channels(norm.shape);
    return {output(), mean, mean + channels(norm.shape), grad.view(), sums.data(), accumulate};
  }
  [[nodiscard]] PooledGradient<T, R> pooled_sink() { return {sink(true), pooled.view()}; }
  /// The gradient of the raw tensor; adds to the gradients of gain and offset.
  [[nodiscard]] NormGradient<T, R> gradient(Context& k, std::vector<R>& grad_gain,
                                            std::vector<R>& grad_offset) {
    B::normalise_backward(k, norm, sums.data(), coefficients.data(), gain.data(), backward.data(),
                          grad_gain.data(), grad_offset.data());
    return {grad.view(), raw.view(), backward.data()};
  }
};

}  // namespace glia::test
