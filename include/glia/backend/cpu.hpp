#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "glia/backend/concepts.hpp"
#include "glia/backend/cpu/backward_weights.hpp"
#include "glia/backend/cpu/convolution.hpp"
#include "glia/backend/cpu/dropped_rows.hpp"
#include "glia/backend/cpu/isa.hpp"
#include "glia/backend/cpu/optimizer.hpp"
#include "glia/backend/cpu/rearranged_rows.hpp"
#include "glia/backend/cpu/regions.hpp"
#include "glia/backend/cpu/sink_rows.hpp"
#include "glia/backend/cpu/source_rows.hpp"
#include "glia/backend/cpu/store.hpp"
#include "glia/backend/cpu/upsample_backward.hpp"
#include "glia/backend/cpu/voxelwise_rows.hpp"
#include "glia/backend/latent.hpp"
#include "glia/backend/normalise.hpp"
#include "glia/backend/precision.hpp"

namespace glia {

/// Processors. `I` is an instruction set of isa.hpp, by default the widest that the processor has.
///
/// Results are the same bits for any number of threads; they differ in rounding between instruction
/// sets.
template <class Precision, class Set = isa::Detect>
struct Cpu;

template <class Set>
struct Cpu<Float32, Set> {
  using Scalar = float;
  using Real = float;

  /// Whole cache lines; tensors of few channels (scans, logits) stay dense.
  static constexpr index_t channel_pitch(index_t channels) {
    return channels > 8 ? cpu::round_up(channels, 16) : channels;
  }

  template <class V>
  static void fill(Context& context, V* p, index_t count, V value) {
    cpu::for_each_chunk(
        context, count, cpu::optimizer_chunk,
        [&](index_t, index_t first, index_t end) { std::fill(p + first, p + end, value); });
  }
  static void read(Context&, const double* from, std::span<double> to) {
    std::copy_n(from, to.size(), to.begin());
  }

  template <Source X, Sink Y>
  static index_t forward_workspace(Context& k, const ConvDescriptor& c, const X& x, const Y& y) {
    return cpu::convolution_workspace(k, c, false, source(x), sink(y));
  }
  template <Source X, Sink Y>
  static void convolution(Context& k, const ConvDescriptor& c, const X& x, const Real* weights,
                          const Y& y, std::byte* workspace) {
    cpu::convolve(k, c, false, source(x), weights, sink(y), workspace);
  }

  template <Source X, Source G, class Y>
  static index_t backward_workspace(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                                    const Y& y) {
    index_t bytes = cpu::backward_weights_workspace(k, c, source(x), source(grad));
    if constexpr (Sink<Y>) {
      bytes = (std::max)(bytes, cpu::convolution_workspace(k, c, true, source(grad), sink(y)));
    }
    return bytes;
  }
  template <Source X, Source G, class Y>
  static void convolution_backward(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                                   const Real* weights, const Y& y, Real* dw, Real* db,
                                   std::byte* workspace) {
    cpu::backward_weights(k, c, source(x), source(grad), dw, db, workspace);
    if constexpr (Sink<Y>) {
      cpu::convolve(k, c, true, source(grad), weights, sink(y), workspace);
    }
  }

  static void normalise(Context&, const NormDescriptor& d, const double* moments, const Real* gain,
                        const Real* offset, Real* out) {
    detail::normalise(d, moments, gain, offset, out);
  }
  static void normalise_backward(Context&, const NormDescriptor& d, const double* sums,
                                 const Real* saved, const Real* gain, Real* out, Real* dgain,
                                 Real* doffset) {
    detail::normalise_backward(d, sums, saved, gain, out, dgain, doffset);
  }

  template <Source X, Sink Y>
  static index_t store_workspace(Context& k, const X& x, const Y& y) {
    return cpu::StorePlan(source(x), sink(y), k.threads()).bytes();
  }
  template <Source X, Sink Y>
  static void store(Context& k, const X& x, const Y& y, std::byte* workspace) {
    cpu::store(k, source(x), sink(y), workspace);
  }
  template <Sink Y>
  static index_t upsample_backward_workspace(Context& k, Interpolation, View<const float>,
                                             const Y& y) {
    return cpu::upsample_backward_workspace(k, sink(y));
  }
  template <Sink Y>
  static void upsample_backward(Context& k, Interpolation kind, View<const float> fine, const Y& y,
                                std::byte* workspace) {
    cpu::upsample_backward(k, kind, fine, sink(y), workspace);
  }

  static void region_sums(Context& k, View<const float> logits, View<const float> target,
                          std::span<RegionSums> sums) {
    cpu::region_sums(k, isa(), logits, target, sums);
  }
  static void divergence_sums(Context& k, View<const float> logits, View<const float> target,
                              double temperature, std::span<RegionSums> sums) {
    cpu::divergence_sums(k, logits, target, temperature, sums);
  }
  static void region_gradient(Context& k, View<const float> logits, View<const float> target,
                              std::span<const RegionCoefficients> coefficients, View<float> grad) {
    cpu::region_gradient(k, isa(), logits, target, coefficients, grad);
  }
  static void probabilities(Context& k, View<const float> logits, View<float> out) {
    cpu::probabilities(k, isa(), logits, out);
  }

  static double sample(Context&, const RandomKey& key, View<const float> code, View<float> z) {
    return detail::sample(key, code, z);
  }
  static void sample_backward(Context&, const RandomKey& key, View<const float> code,
                              View<const float> grad_z, double weight, View<float> grad_code) {
    detail::sample_backward(key, code, grad_z, weight, grad_code);
  }

  static void sgd_step(Context& k, const SgdStep& o, std::span<float> p, std::span<const float> g,
                       std::span<float> moment) {
    cpu::sgd_step(k, isa(), o, p, g, moment);
  }
  static void adam_step(Context& k, const AdamStep& o, std::span<float> p, std::span<const float> g,
                        std::span<float> moment1, std::span<float> moment2) {
    cpu::adam_step(k, isa(), o, p, g, moment1, moment2);
  }
  static double squared_norm(Context& k, std::span<const float> p) {
    return cpu::squared_norm(k, isa(), p);
  }
  static void scale(Context& k, std::span<float> p, double factor) { cpu::scale(k, p, factor); }
  static void blend(Context& k, std::span<float> p, std::span<const float> other, double decay) {
    cpu::blend(k, isa(), p, other, decay);
  }

 private:
  static cpu::Isa isa() { return cpu::isa_of<Set>(); }
  template <Source X>
  static cpu::AnySource source(const X& x) {
    return cpu::any_source(x, isa());
  }
  template <Sink Y>
  static cpu::AnySink sink(const Y& y) {
    return cpu::any_sink(y, isa());
  }
};

}  // namespace glia
