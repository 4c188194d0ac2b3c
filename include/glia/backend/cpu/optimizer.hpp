#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "glia/backend/cpu/rows.hpp"
#include "glia/backend/descriptors.hpp"
#include "glia/tensor/context.hpp"

/// Whole-model operations on flat parameters: one pass over memory each, in chunks of fixed size,
/// so that results are the same bits for any number of threads.
namespace glia::cpu {

inline constexpr index_t optimizer_chunk = 65536;

/// Calls task(chunk, first, end) for the chunks of [0, count).
template <class Task>
void for_each_chunk(Context& context, index_t count, index_t chunk, Task&& task) {
  context.pool().for_each((count + chunk - 1) / chunk, [&](index_t index, int) {
    task(index, index * chunk, (std::min)(count, (index + 1) * chunk));
  });
}

/// PyTorch's SGD: g += weight_decay p; m = momentum m + g; p -= rate (nesterov ? g + momentum m :
/// m).
struct SgdKernel {
  template <class Set, class Real>
  [[gnu::always_inline]] static void run(const SgdStep& o, Real* p, const Real* g, Real* m,
                                         index_t count) {
    const auto rate = static_cast<Real>(o.rate), momentum = static_cast<Real>(o.momentum);
    const auto decay = static_cast<Real>(o.weight_decay);
    const auto now = static_cast<Real>(o.nesterov ? 1.0 : 0.0);
    const auto later = static_cast<Real>(o.nesterov ? o.momentum : 1.0);
    for (index_t i = 0; i < count; ++i) {
      const Real gradient = g[i] + decay * p[i];
      const Real moment = momentum * m[i] + gradient;
      m[i] = moment;
      p[i] -= rate * (now * gradient + later * moment);
    }
  }
};

/// y = 1 / sqrt(x) within 3 ulp for normal x, a large number for 0: an estimate from the exponent
/// (Lomont 2003), then Newton's method. A call of sqrt may set errno, which keeps compilers from
/// vectorising it.
template <int L>
[[gnu::always_inline]] inline void inverse_root(const Floats<L>& x, Floats<L>& y) {
  using Integers = typename FloatsOf<L>::Integers;
  Integers bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
  bits = 0x5f375a86 - (bits >> 1);
  __builtin_memcpy(&y, &bits, sizeof(bits));
  const Floats<L> half = x * 0.5F;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) y = y * (1.5F - half * y * y);
}

/// PyTorch's Adam and AdamW: p -= rate / (1 - beta1^t) m1 / (sqrt(m2) / sqrt(1 - beta2^t) +
/// epsilon).
struct AdamKernel {
  float size, root, keep, decay, epsilon, b1, a1, b2, a2;
  float* p;
  const float* g;
  float *m1, *m2;

  AdamKernel(const AdamStep& o, float* parameters, const float* gradient, float* moment1,
             float* moment2)
      : keep(static_cast<float>(o.decoupled ? 1 - o.rate * o.weight_decay : 1.0)),
        decay(static_cast<float>(o.decoupled ? 0.0 : o.weight_decay)),
        epsilon(static_cast<float>(o.epsilon)),
        b1(static_cast<float>(o.beta1)),
        a1(static_cast<float>(1 - o.beta1)),
        b2(static_cast<float>(o.beta2)),
        a2(static_cast<float>(1 - o.beta2)),
        p(parameters),
        g(gradient),
        m1(moment1),
        m2(moment2) {
    const auto t = static_cast<double>(o.step);
    size = static_cast<float>(o.rate / (1 - std::pow(o.beta1, t)));
    root = static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta2, t)));
  }
  template <int L>
  [[gnu::always_inline]] void block(index_t i) const {
    Floats<L> value, gradient, first, second, inverse;
    load<L>(value, p + i);
    load<L>(gradient, g + i);
    load<L>(first, m1 + i);
    load<L>(second, m2 + i);
    gradient = value * decay + gradient;
    first = first * b1 + gradient * a1;
    second = second * b2 + gradient * gradient * a2;
    save<L>(m1 + i, first);
    save<L>(m2 + i, second);
    inverse_root<L>(second, inverse);
    value = value * keep - first / (second * inverse * root + epsilon) * size;
    save<L>(p + i, value);
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const AdamKernel& kernel, index_t count) {
    for_channels<Set>(count, AdamKernel(kernel));  // a copy whose fields no store can change
  }
};

/// *result = the sum of squares, in double; lane by lane, so that it is the same for every
/// instruction set.
struct SquaredNormKernel {
  template <class Set, class Real>
  [[gnu::always_inline]] static void run(const Real* p, index_t count, double* result) {
    constexpr index_t lanes = 16;
    double sums[lanes] = {};
    index_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      for (index_t lane = 0; lane < lanes; ++lane) {
        const auto x = static_cast<double>(p[i + lane]);
        sums[lane] += x * x;
      }
    }
    for (; i < count; ++i) sums[i % lanes] += static_cast<double>(p[i]) * static_cast<double>(p[i]);
    *result = 0;
    for (const double sum : sums) *result += sum;
  }
};

/// p = decay p + share other.
struct BlendKernel {
  template <class Set, class Real>
  [[gnu::always_inline]] static void run(Real* p, const Real* other, Real decay, Real share,
                                         index_t count) {
    for (index_t i = 0; i < count; ++i) p[i] = decay * p[i] + share * other[i];
  }
};

template <class Real>
void sgd_step(Context& context, Isa isa, const SgdStep& options, std::span<Real> p,
              std::span<const Real> g, std::span<Real> moment) {
  for_each_chunk(context, std::ssize(p), optimizer_chunk, [&](index_t, index_t first, index_t end) {
    run_on<SgdKernel>(isa, options, p.data() + first, g.data() + first, moment.data() + first,
                      end - first);
  });
}

inline void adam_step(Context& context, Isa isa, const AdamStep& options, std::span<float> p,
                      std::span<const float> g, std::span<float> moment1,
                      std::span<float> moment2) {
  const AdamKernel all(options, p.data(), g.data(), moment1.data(), moment2.data());
  for_each_chunk(context, std::ssize(p), optimizer_chunk, [&](index_t, index_t first, index_t end) {
    AdamKernel kernel = all;
    kernel.p += first;
    kernel.g += first;
    kernel.m1 += first;
    kernel.m2 += first;
    run_on<AdamKernel>(isa, kernel, end - first);
  });
}

template <class Real>
[[nodiscard]] double squared_norm(Context& context, Isa isa, std::span<const Real> p) {
  std::vector<double> partial(p.size() / static_cast<std::size_t>(optimizer_chunk) + 1);
  for_each_chunk(context, std::ssize(p), optimizer_chunk,
                 [&](index_t chunk, index_t first, index_t end) {
                   run_on<SquaredNormKernel>(isa, p.data() + first, end - first,
                                             &partial[static_cast<std::size_t>(chunk)]);
                 });
  double sum = 0;
  for (const double x : partial) sum += x;
  return sum;
}

/// p = decay p + (1 - decay) other.
template <class Real>
void blend(Context& context, Isa isa, std::span<Real> p, std::span<const Real> other,
           double decay) {
  for_each_chunk(context, std::ssize(p), optimizer_chunk, [&](index_t, index_t first, index_t end) {
    run_on<BlendKernel>(isa, p.data() + first, other.data() + first, static_cast<Real>(decay),
                        static_cast<Real>(1 - decay), end - first);
  });
}

template <class Real>
void scale(Context& context, std::span<Real> p, double factor) {
  for_each_chunk(context, std::ssize(p), optimizer_chunk, [&](index_t, index_t first, index_t end) {
    for (index_t i = first; i < end; ++i) {
      Real& x = p[static_cast<std::size_t>(i)];
      x = static_cast<Real>(static_cast<double>(x) * factor);
    }
  });
}

}  // namespace glia::cpu
