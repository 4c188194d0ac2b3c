#pragma once

#include "glia/source/activated.hpp"
#include "glia/source/concat.hpp"
#include "glia/source/dropped.hpp"
#include "glia/source/norm_gradient.hpp"
#include "glia/source/output.hpp"
#include "glia/source/plain.hpp"
#include "glia/source/upsampled.hpp"

/// Element by element evaluation of sources and sinks: the definition that every other backend is
/// tested against.
namespace glia::reference {

struct Voxel {
  index_t n, d, h, w;
};

/// Evaluate<S>::value(source, voxel, c) for sources, Evaluate<S>::take(sink, voxel, c, result) for
/// sinks.
template <class S>
struct Evaluate;

template <class T>
struct Evaluate<Plain<T>> {
  static T value(const Plain<T>& s, Voxel v, index_t c) { return s.x.at(v.n, v.d, v.h, v.w, c); }
};

template <class T, class R>
struct Evaluate<Activated<T, R>> {
  static R before(const Activated<T, R>& s, index_t n, index_t c, T raw) {
    return s.scale[n * s.raw.shape.c + c] * static_cast<R>(raw) + s.shift[n * s.raw.shape.c + c];
  }
  static T value(const Activated<T, R>& s, Voxel v, index_t c) {
    const R x = before(s, v.n, c, s.raw.at(v.n, v.d, v.h, v.w, c));
    return static_cast<T>(x > R(0) ? x : s.negative_slope * x);
  }
};

template <Source S>
struct Evaluate<Upsampled<S>> {
  using T = typename S::Scalar;
  static T value(const Upsampled<S>& s, Voxel v, index_t c) {
    const Shape coarse = s.inner.shape();
    const auto d = doubled_sample(s.kind, v.d, coarse.d);
    const auto h = doubled_sample(s.kind, v.h, coarse.h);
    const auto w = doubled_sample(s.kind, v.w, coarse.w);
    double sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
      const bool high_d = corner & 4, high_h = corner & 2, high_w = corner & 1;
      const double weight = (high_d ? d.weight : 1 - d.weight) *
                            (high_h ? h.weight : 1 - h.weight) * (high_w ? w.weight : 1 - w.weight);
      const Voxel at{v.n, high_d ? d.high : d.low, high_h ? h.high : h.low,
                     high_w ? w.high : w.low};
      if (weight != 0) sum += weight * static_cast<double>(Evaluate<S>::value(s.inner, at, c));
    }
    return static_cast<T>(sum);
  }
};

template <Source A, Source B>
struct Evaluate<Concat<A, B>> {
  static auto value(const Concat<A, B>& s, Voxel v, index_t c) {
    const index_t split = s.first.shape().c;
    return c < split ? Evaluate<A>::value(s.first, v, c)
                     : Evaluate<B>::value(s.second, v, c - split);
  }
};

template <class T, class R>
struct Evaluate<NormGradient<T, R>> {
  static T value(const NormGradient<T, R>& s, Voxel v, index_t c) {
    const index_t channels = s.raw.shape.c, plane = s.raw.shape.n * channels;
    const R* k = s.coefficients + v.n * channels + c;
    return static_cast<T>(k[0] * static_cast<R>(s.grad.at(v.n, v.d, v.h, v.w, c)) +
                          k[plane] * static_cast<R>(s.raw.at(v.n, v.d, v.h, v.w, c)) +
                          k[2 * plane]);
  }
};

template <Source S>
struct Evaluate<Dropped<S>> {
  using T = typename S::Scalar;
  static T value(const Dropped<S>& s, Voxel v, index_t c) {
    if (!s.mask.keeps(s.mask.first_unit(s.shape(), v.n, v.d, v.h, v.w) + c)) return T(0);
    return static_cast<T>(s.mask.gain()) * Evaluate<S>::value(s.inner, v, c);
  }
};

template <class T, class R>
struct Evaluate<Output<T, R>> {
  static void take(const Output<T, R>& s, Voxel v, index_t c, T result) {
    const Shape pooled = s.pooled.shape;
    if (s.bias) result += static_cast<T>(s.bias[c]);
    if (s.addend.data) result += s.addend.at(v.n, v.d, v.h, v.w, c);
    s.y.at(v.n, v.d, v.h, v.w, c) = result;
    if (s.moments) {
      double* moments = s.moments + 2 * (v.n * s.y.shape.c + c);
      moments[0] += static_cast<double>(result);
      moments[1] += static_cast<double>(result) * static_cast<double>(result);
    }
    if (s.pooled.data && v.d / 2 < pooled.d && v.h / 2 < pooled.h && v.w / 2 < pooled.w) {
      T& best = s.pooled.at(v.n, v.d / 2, v.h / 2, v.w / 2, c);
      const bool first = v.d % 2 == 0 && v.h % 2 == 0 && v.w % 2 == 0;
      if (first || (s.gain[c] < R(0) ? result < best : result > best)) best = result;
    }
  }
};

template <class T>
struct Evaluate<Store<T>> {
  static void take(const Store<T>& s, Voxel v, index_t c, T result) {
    T& y = s.y.at(v.n, v.d, v.h, v.w, c);
    y = s.accumulate ? y + result : result;
  }
};

template <class T, class R>
struct Evaluate<ActivatedGradient<T, R>> {
  static void take(const ActivatedGradient<T, R>& s, Voxel v, index_t c, T result) {
    const index_t i = v.n * s.grad.shape.c + c;
    const T raw = s.source.raw.at(v.n, v.d, v.h, v.w, c);
    if (!(Evaluate<Activated<T, R>>::before(s.source, v.n, c, raw) > R(0))) {
      result = static_cast<T>(s.source.negative_slope * static_cast<R>(result));
    }
    T& grad = s.grad.at(v.n, v.d, v.h, v.w, c);
    grad = s.accumulate ? grad + result : result;
    s.sums[2 * i] += static_cast<double>(result);
    s.sums[2 * i + 1] += static_cast<double>(result) *
                         static_cast<double>((static_cast<R>(raw) - s.mean[i]) * s.rstd[i]);
  }
};

template <class T, class R>
struct Evaluate<PooledGradient<T, R>> {
  static void take(const PooledGradient<T, R>& s, Voxel v, index_t c, T result) {
    const T chosen = s.pooled.at(v.n, v.d, v.h, v.w, c);
    for (index_t corner = 0; corner < 8; ++corner) {
      const Voxel fine{v.n, 2 * v.d + corner / 4, 2 * v.h + corner / 2 % 2, 2 * v.w + corner % 2};
      if (s.fine.source.raw.at(fine.n, fine.d, fine.h, fine.w, c) != chosen) continue;
      Evaluate<ActivatedGradient<T, R>>::take(s.fine, fine, c, result);
      return;
    }
  }
};

template <Sink A, Sink B>
struct Evaluate<Split<A, B>> {
  using T = typename A::Scalar;
  static void take(const Split<A, B>& s, Voxel v, index_t c, T result) {
    const index_t split = s.first.shape().c;
    if (c < split) {
      Evaluate<A>::take(s.first, v, c, result);
    } else {
      Evaluate<B>::take(s.second, v, c - split, result);
    }
  }
};

/// Calls f(voxel) in order N, D, H, W.
template <class F>
void for_each_voxel(Shape s, F&& f) {
  for (index_t n = 0; n < s.n; ++n)
    for (index_t d = 0; d < s.d; ++d)
      for (index_t h = 0; h < s.h; ++h)
        for (index_t w = 0; w < s.w; ++w) f(Voxel{n, d, h, w});
}

}  // namespace glia::reference
