#pragma once

#include <algorithm>
#include <cmath>

#include "glia/backend/concepts.hpp"
#include "glia/backend/latent.hpp"
#include "glia/backend/normalise.hpp"
#include "glia/backend/reference/evaluate.hpp"
#include "glia/backend/reference/rearranged.hpp"
#include "glia/backend/reference/voxelwise.hpp"
#include "glia/backend/softened.hpp"

namespace glia {

/// Naive loops in float or double, one thread: the oracle that every other backend is tested
/// against.
template <class T>
struct Reference {
  using Scalar = T;
  using Real = T;
  template <class S>
  using Evaluate = reference::Evaluate<S>;
  using Voxel = reference::Voxel;

  static constexpr index_t channel_pitch(index_t channels) { return channels; }

  template <class V>
  static void fill(Context&, V* p, index_t count, V value) {
    std::fill_n(p, count, value);
  }
  static void read(Context&, const double* from, std::span<double> to) {
    std::copy_n(from, to.size(), to.begin());
  }

  template <Source X, Sink Y>
  static index_t forward_workspace(Context&, const ConvDescriptor&, const X& x, const Y&) {
    return bytes(x.shape());
  }
  template <Source X, Sink Y>
  static void convolution(Context&, const ConvDescriptor& c, const X& x, const Real* weights,
                          const Y& y, std::byte* workspace) {
    const View<const T> in = materialise(x, workspace);
    reference::for_each_voxel(c.output(in.shape), [&](Voxel v) {
      for (index_t o = 0; o < c.out; ++o) {
        T sum = 0;
        for_each_tap(c, in.shape, v, [&](Voxel at, index_t tap) {
          for (index_t i = 0; i < c.in; ++i) {
            sum += in.at(at.n, at.d, at.h, at.w, i) * weights[(o * c.in + i) * c.taps() + tap];
          }
        });
        Evaluate<Y>::take(y, v, o, sum);
      }
    });
  }

  template <Source X, Source G, class Y>
  static index_t backward_workspace(Context&, const ConvDescriptor&, const X& x, const G& grad,
                                    const Y&) {
    return 2 * bytes(x.shape()) + bytes(grad.shape());
  }
  template <Source X, Source G, class Y>
  static void convolution_backward(Context&, const ConvDescriptor& c, const X& x, const G& grad,
                                   const Real* weights, const Y& y, Real* dw, Real* db,
                                   std::byte* workspace) {
    const View<const T> in = materialise(x, workspace);
    const View<const T> g = materialise(grad, workspace + bytes(in.shape));
    const View<T> dx{reinterpret_cast<T*>(workspace + bytes(in.shape) + bytes(g.shape)), in.shape,
                     in.shape.c};
    std::fill_n(dx.data, in.shape.elements(), T(0));
    reference::for_each_voxel(g.shape, [&](Voxel v) {
      for (index_t o = 0; o < c.out; ++o) {
        const T gradient = g.at(v.n, v.d, v.h, v.w, o);
        if (db) db[o] += gradient;
        for_each_tap(c, in.shape, v, [&](Voxel at, index_t tap) {
          for (index_t i = 0; i < c.in; ++i) {
            const index_t weight = (o * c.in + i) * c.taps() + tap;
            dw[weight] += gradient * in.at(at.n, at.d, at.h, at.w, i);
            dx.at(at.n, at.d, at.h, at.w, i) += gradient * weights[weight];
          }
        });
      }
    });
    if constexpr (Sink<Y>) {
      reference::for_each_voxel(in.shape, [&](Voxel v) {
        for (index_t i = 0; i < c.in; ++i) Evaluate<Y>::take(y, v, i, dx.at(v.n, v.d, v.h, v.w, i));
      });
    }
  }

  static void normalise(Context&, const NormDescriptor& k, const double* moments, const Real* gain,
                        const Real* offset, Real* out) {
    detail::normalise(k, moments, gain, offset, out);
  }
  static void normalise_backward(Context&, const NormDescriptor& k, const double* sums,
                                 const Real* saved, const Real* gain, Real* out, Real* dgain,
                                 Real* doffset) {
    detail::normalise_backward(k, sums, saved, gain, out, dgain, doffset);
  }

  template <Source X, Sink Y>
  static index_t store_workspace(Context&, const X&, const Y&) {
    return 0;
  }
  template <Source X, Sink Y>
  static void store(Context&, const X& x, const Y& y, std::byte*) {
    reference::for_each_voxel(x.shape(), [&](Voxel v) {
      for (index_t c = 0; c < x.shape().c; ++c)
        Evaluate<Y>::take(y, v, c, Evaluate<X>::value(x, v, c));
    });
  }

  template <Sink Y>
  static index_t upsample_backward_workspace(Context&, Interpolation, View<const T>, const Y& y) {
    return bytes(y.shape());
  }
  template <Sink Y>
  static void upsample_backward(Context&, Interpolation kind, View<const T> fine, const Y& y,
                                std::byte* workspace) {
    const Shape s = y.shape();
    const View<T> coarse{reinterpret_cast<T*>(workspace), s, s.c};
    std::fill_n(coarse.data, s.elements(), T(0));
    reference::for_each_voxel(fine.shape, [&](Voxel v) {
      const auto d = doubled_sample(kind, v.d, s.d), h = doubled_sample(kind, v.h, s.h),
                 w = doubled_sample(kind, v.w, s.w);
      for (int corner = 0; corner < 8; ++corner) {
        const bool high_d = corner & 4, high_h = corner & 2, high_w = corner & 1;
        const T weight =
            static_cast<T>((high_d ? d.weight : 1 - d.weight) * (high_h ? h.weight : 1 - h.weight) *
                           (high_w ? w.weight : 1 - w.weight));
        for (index_t c = 0; c < s.c; ++c) {
          coarse.at(v.n, high_d ? d.high : d.low, high_h ? h.high : h.low, high_w ? w.high : w.low,
                    c) += weight * fine.at(v.n, v.d, v.h, v.w, c);
        }
      }
    });
    reference::for_each_voxel(s, [&](Voxel v) {
      for (index_t c = 0; c < s.c; ++c)
        Evaluate<Y>::take(y, v, c, coarse.at(v.n, v.d, v.h, v.w, c));
    });
  }

  static void region_sums(Context&, View<const T> logits, View<const float> target,
                          std::span<RegionSums> sums) {
    std::fill(sums.begin(), sums.end(), RegionSums{});
    reference::for_each_voxel(logits.shape, [&](Voxel v) {
      for (index_t c = 0; c < logits.shape.c; ++c) {
        const auto x = static_cast<double>(logits.at(v.n, v.d, v.h, v.w, c));
        const auto g = static_cast<double>(target.at(v.n, v.d, v.h, v.w, c));
        if (g < 0) continue;
        const double p = sigmoid(x);
        RegionSums& sum = sums[static_cast<std::size_t>(v.n * logits.shape.c + c)];
        sum.pg += p * g;
        sum.pp += p * p;
        sum.gg += g * g;
        sum.p += p;
        sum.g += g;
        sum.bce += (std::max)(x, 0.0) - x * g + std::log1p(std::exp(-std::abs(x)));
      }
    });
  }
  static void divergence_sums(Context&, View<const T> logits, View<const float> target,
                              double temperature, std::span<RegionSums> sums) {
    reference::for_each_voxel(logits.shape, [&](Voxel v) {
      for (index_t c = 0; c < logits.shape.c; ++c) {
        const auto x = static_cast<double>(logits.at(v.n, v.d, v.h, v.w, c));
        const auto g = static_cast<double>(target.at(v.n, v.d, v.h, v.w, c));
        if (g < 0) continue;
        sums[static_cast<std::size_t>(v.n * logits.shape.c + c)].divergence +=
            detail::bernoulli_divergence(detail::soften(g, temperature), x / temperature);
      }
    });
  }
  static void region_gradient(Context&, View<const T> logits, View<const float> target,
                              std::span<const RegionCoefficients> coefficients, View<T> grad) {
    reference::for_each_voxel(logits.shape, [&](Voxel v) {
      for (index_t c = 0; c < logits.shape.c; ++c) {
        const auto x = static_cast<double>(logits.at(v.n, v.d, v.h, v.w, c));
        const auto g = static_cast<double>(target.at(v.n, v.d, v.h, v.w, c));
        const double p = sigmoid(x);
        const auto& k = coefficients[static_cast<std::size_t>(v.n * logits.shape.c + c)];
        double gradient = (k.on_target * g + k.on_probability * p + k.constant) * p * (1 - p) +
                          k.on_difference * (p - g);
        if (k.on_softened != 0)
          gradient += k.on_softened * detail::softened_difference(x, g, k.temperature);
        grad.at(v.n, v.d, v.h, v.w, c) = g < 0 ? T(0) : static_cast<T>(gradient);
      }
    });
  }
  static void probabilities(Context&, View<const T> logits, View<float> out) {
    reference::for_each_voxel(logits.shape, [&](Voxel v) {
      for (index_t c = 0; c < logits.shape.c; ++c) {
        out.at(v.n, v.d, v.h, v.w, c) =
            static_cast<float>(sigmoid(static_cast<double>(logits.at(v.n, v.d, v.h, v.w, c))));
      }
    });
  }

  static double sample(Context&, const RandomKey& key, View<const T> code, View<T> z) {
    return detail::sample(key, code, z);
  }
  static void sample_backward(Context&, const RandomKey& key, View<const T> code,
                              View<const T> grad_z, double weight, View<T> grad_code) {
    detail::sample_backward(key, code, grad_z, weight, grad_code);
  }

  /// PyTorch's SGD: m = momentum m + g; p -= rate * (nesterov ? g + momentum m : m).
  static void sgd_step(Context&, const SgdStep& o, std::span<T> p, std::span<const T> g,
                       std::span<T> moment) {
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double grad = static_cast<double>(g[i]) + o.weight_decay * static_cast<double>(p[i]);
      const double m = o.momentum * static_cast<double>(moment[i]) + grad;
      moment[i] = static_cast<T>(m);
      p[i] = static_cast<T>(static_cast<double>(p[i]) -
                            o.rate * (o.nesterov ? grad + o.momentum * m : m));
    }
  }
  /// PyTorch's Adam and AdamW: epsilon is added after the root of the bias-corrected second moment.
  static void adam_step(Context&, const AdamStep& o, std::span<T> p, std::span<const T> g,
                        std::span<T> moment1, std::span<T> moment2) {
    const double correction1 = 1 - std::pow(o.beta1, static_cast<double>(o.step));
    const double correction2 = 1 - std::pow(o.beta2, static_cast<double>(o.step));
    for (std::size_t i = 0; i < p.size(); ++i) {
      auto value = static_cast<double>(p[i]), grad = static_cast<double>(g[i]);
      if (o.decoupled) {
        value -= o.rate * o.weight_decay * value;
      } else {
        grad += o.weight_decay * value;
      }
      const double m1 = o.beta1 * static_cast<double>(moment1[i]) + (1 - o.beta1) * grad;
      const double m2 = o.beta2 * static_cast<double>(moment2[i]) + (1 - o.beta2) * grad * grad;
      moment1[i] = static_cast<T>(m1);
      moment2[i] = static_cast<T>(m2);
      p[i] = static_cast<T>(value - o.rate * (m1 / correction1) /
                                        (std::sqrt(m2 / correction2) + o.epsilon));
    }
  }
  static double squared_norm(Context&, std::span<const T> p) {
    double sum = 0;
    for (const T x : p) sum += static_cast<double>(x) * static_cast<double>(x);
    return sum;
  }
  static void scale(Context&, std::span<T> p, double factor) {
    for (T& x : p) x = static_cast<T>(static_cast<double>(x) * factor);
  }
  static void blend(Context&, std::span<T> p, std::span<const T> other, double decay) {
    for (std::size_t i = 0; i < p.size(); ++i) {
      p[i] = static_cast<T>(decay * static_cast<double>(p[i]) +
                            (1 - decay) * static_cast<double>(other[i]));
    }
  }

 private:
  static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
  static index_t bytes(Shape s) {
    constexpr index_t line = Arena::alignment;
    return (s.elements() * static_cast<index_t>(sizeof(T)) + line - 1) / line * line;
  }

  template <Source X>
  static View<const T> materialise(const X& x, std::byte* workspace) {
    const Shape s = x.shape();
    const View<T> dense{reinterpret_cast<T*>(workspace), s, s.c};
    reference::for_each_voxel(s, [&](Voxel v) {
      for (index_t c = 0; c < s.c; ++c)
        dense.at(v.n, v.d, v.h, v.w, c) = Evaluate<X>::value(x, v, c);
    });
    return dense;
  }
  /// Calls f(input voxel, tap) for every tap of output voxel `v` that falls inside the input.
  template <class F>
  static void for_each_tap(const ConvDescriptor& c, Shape in, Voxel v, F&& f) {
    for (index_t tap = 0; tap < c.taps(); ++tap) {
      const Voxel at{v.n, v.d * c.stride + tap / (c.kernel * c.kernel) - c.padding(),
                     v.h * c.stride + tap / c.kernel % c.kernel - c.padding(),
                     v.w * c.stride + tap % c.kernel - c.padding()};
      if (at.d >= 0 && at.d < in.d && at.h >= 0 && at.h < in.h && at.w >= 0 && at.w < in.w)
        f(at, tap);
    }
  }
};

}  // namespace glia
