#pragma once

#include <algorithm>

#include "glia/backend/concepts.hpp"

namespace glia {

/// B's layout and workspaces without arithmetic: running a network on it fills the context's ledger
/// and, on a counting arena, logs the lifetimes that the memory plan is made of. It never touches
/// tensor memory.
template <Backend B>
struct Counting {
  using Scalar = typename B::Scalar;
  using Real = typename B::Real;

  static constexpr index_t channel_pitch(index_t channels) { return B::channel_pitch(channels); }
  template <class V>
  static void fill(Context& k, V*, index_t count, V) {
    k.ledger().bytes_written += static_cast<double>(count) * sizeof(V);
  }
  static void read(Context&, const double*, std::span<double> to) {
    std::fill(to.begin(), to.end(), 0.0);
  }

  template <Source X, Sink Y>
  static index_t forward_workspace(Context& k, const ConvDescriptor& c, const X& x, const Y& y) {
    return B::forward_workspace(k, c, x, y);
  }
  template <Source X, Sink Y>
  static void convolution(Context& k, const ConvDescriptor& c, const X& x, const Real* weights,
                          const Y& y, std::byte*) {
    k.ledger().convolutions.push_back(
        {weights, c.kernel, c.stride, x.shape(), y.shape(), c.flops(y.shape())});
    count(k, c.flops(y.shape()), x.bytes() + y.bytes_read(), y.bytes_written());
  }

  template <Source X, Source G, class Y>
  static index_t backward_workspace(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                                    const Y& y) {
    return B::backward_workspace(k, c, x, grad, y);
  }
  template <Source X, Source G, class Y>
  static void convolution_backward(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                                   const Real*, const Y& y, Real*, Real*, std::byte*) {
    count(k, c.flops(grad.shape()), x.bytes() + grad.bytes(), 0);
    if constexpr (Sink<Y>)
      count(k, c.flops(grad.shape()), grad.bytes() + y.bytes_read(), y.bytes_written());
  }

  static void normalise(Context&, const NormDescriptor&, const double*, const Real*, const Real*,
                        Real*) {}
  static void normalise_backward(Context&, const NormDescriptor&, const double*, const Real*,
                                 const Real*, Real*, Real*, Real*) {}

  template <Source X, Sink Y>
  static index_t store_workspace(Context& k, const X& x, const Y& y) {
    return B::store_workspace(k, x, y);
  }
  template <Source X, Sink Y>
  static void store(Context& k, const X& x, const Y& y, std::byte*) {
    count(k, 0, x.bytes() + y.bytes_read(), y.bytes_written());
  }
  template <Sink Y>
  static index_t upsample_backward_workspace(Context& k, Interpolation kind,
                                             View<const Scalar> fine, const Y& y) {
    return B::upsample_backward_workspace(k, kind, fine, y);
  }
  template <Sink Y>
  static void upsample_backward(Context& k, Interpolation, View<const Scalar> fine, const Y& y,
                                std::byte*) {
    count(k, 0, fine.bytes() + y.bytes_read(), y.bytes_written());
  }

  static void region_sums(Context& k, View<const Scalar> x, View<const float> target,
                          std::span<RegionSums>) {
    count(k, 0, x.bytes() + target.bytes(), 0);
  }
  static void divergence_sums(Context& k, View<const Scalar> x, View<const float> target, double,
                              std::span<RegionSums>) {
    count(k, 0, x.bytes() + target.bytes(), 0);
  }
  static void region_gradient(Context& k, View<const Scalar> x, View<const float> target,
                              std::span<const RegionCoefficients>, View<Scalar> grad) {
    count(k, 0, x.bytes() + target.bytes(), grad.bytes());
  }
  static void probabilities(Context& k, View<const Scalar> x, View<float> p) {
    count(k, 0, x.bytes(), p.bytes());
  }

  static double sample(Context&, const RandomKey&, View<const Scalar>, View<Scalar>) { return 0; }
  static void sample_backward(Context&, const RandomKey&, View<const Scalar>, View<const Scalar>,
                              double, View<Scalar>) {}

  static void sgd_step(Context&, const SgdStep&, std::span<Real>, std::span<const Real>,
                       std::span<Real>) {}
  static void adam_step(Context&, const AdamStep&, std::span<Real>, std::span<const Real>,
                        std::span<Real>, std::span<Real>) {}
  static double squared_norm(Context&, std::span<const Real>) { return 0; }
  static void scale(Context&, std::span<Real>, double) {}
  static void blend(Context&, std::span<Real>, std::span<const Real>, double) {}

 private:
  static void count(Context& k, double flops, double read, double written) {
    k.ledger().flops += flops;
    k.ledger().bytes_read += read;
    k.ledger().bytes_written += written;
  }
};

}  // namespace glia
