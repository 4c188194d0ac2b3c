#pragma once

#include "glia/backend/cpu/rows.hpp"
#include "glia/source/activated.hpp"
#include "glia/source/concat.hpp"
#include "glia/source/output.hpp"
#include "glia/source/plain.hpp"

/// Every sink, fed by rows. Statistics of a row are summed in float, those of a task in double as
/// [2, C].
namespace glia::cpu {

template <Sink S>
struct SinkRows;

/// The reference through which kernels take `sink`, which must outlive it.
template <Sink S>
[[nodiscard]] AnySink any_sink(const S& sink, Isa isa) {
  static constexpr SinkTable table{
      [](const void* self) { return static_cast<const S*>(self)->shape(); },
      [](const void* self) { return SinkRows<S>::partials(*static_cast<const S*>(self)); },
      [](const void* self, Isa set, const ResultRow& row, double* partials) {
        SinkRows<S>::write(*static_cast<const S*>(self), set, row, partials);
      },
      [](const void* self, index_t n, const double* partials) {
        SinkRows<S>::merge(*static_cast<const S*>(self), n, partials);
      }};
  return {&sink, &table, isa};
}

/// sums [N, C, 2] += partials [2, C] for sample n.
inline void merge_partials(double* sums, index_t n, index_t channels, const double* partials) {
  for (index_t c = 0; c < channels; ++c) {
    sums[2 * (n * channels + c)] += partials[c];
    sums[2 * (n * channels + c) + 1] += partials[channels + c];
  }
}

struct OutputKernel {
  float* row;
  index_t row_pitch;
  float* y;
  index_t y_pitch;
  const float *bias, *addend, *gain;
  index_t addend_pitch;
  float* pooled;
  index_t pooled_pitch, pooled_width, width, channels;
  bool pooled_first, streams;
  double* partials;

  /// Larger tensors are out of every cache before the next kernel reads them.
  static constexpr double streamed_bytes = 1 << 27;

  template <int L>
  [[gnu::always_inline]] void put(float* to, const Floats<L>& v) const {
    if constexpr (L == 16) {
      if (streams) return stream(to, v);
    }
    save<L>(to, v);
  }
  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    using V = Floats<L>;
    V b{}, sum{}, squares{}, v;
    if (bias) load<L>(b, bias + c);
    float *from = row + c, *to = y + c;
    const float* other = addend + c;
    for (index_t w = 0; w < width; ++w, from += row_pitch, to += y_pitch) {
      load<L>(v, from);
      v = v + b;
      if (addend) {
        V more;
        load<L>(more, other);
        v = v + more;
        other += addend_pitch;
      }
      sum = sum + v;
      squares = v * v + squares;
      put<L>(to, v);
      if (pooled) save<L>(from, v);
    }
    if (partials) {
      add_to_doubles<L>(partials + c, sum);
      add_to_doubles<L>(partials + channels + c, squares);
    }
    if (pooled) pool<L>(c);
  }
  /// Signed by the gain, so that the largest is wanted always.
  template <int L>
  [[gnu::always_inline]] void pool(index_t c) const {
    using V = Floats<L>;
    V sign, best, v;
    load<L>(sign, gain + c);
    sign = sign < 0.0F ? V{} - 1.0F : V{} + 1.0F;
    const float* from = row + c;
    float* to = pooled + c;
    for (index_t w = 0; w < pooled_width; ++w, from += 2 * row_pitch, to += pooled_pitch) {
      load<L>(v, from);
      if (pooled_first) {
        best = v;
      } else {
        load<L>(best, to);
        best = v * sign > best * sign ? v : best;
      }
      load<L>(v, from + row_pitch);
      best = v * sign > best * sign ? v : best;
      save<L>(to, best);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const Output<float>& s, const ResultRow& r,
                                         double* partials) {
    const Shape pooled = s.pooled.shape;
    const bool pools = s.pooled.data && r.d / 2 < pooled.d && r.h / 2 < pooled.h;
    const bool whole_lines =
        s.y.pitch % 16 == 0 && reinterpret_cast<std::uintptr_t>(s.y.data) % 64 == 0;
    const OutputKernel kernel{r.data,
                              r.pitch,
                              s.y.row(r.n, r.d, r.h),
                              s.y.pitch,
                              s.bias,
                              s.addend.data ? s.addend.row(r.n, r.d, r.h) : nullptr,
                              s.gain,
                              s.addend.pitch,
                              pools ? s.pooled.row(r.n, r.d / 2, r.h / 2) : nullptr,
                              s.pooled.pitch,
                              pooled.w,
                              s.y.shape.w,
                              s.y.shape.c,
                              r.d % 2 == 0 && r.h % 2 == 0,
                              whole_lines && s.y.bytes() >= streamed_bytes,
                              s.moments ? partials : nullptr};
    for_channels<Set>(s.y.shape.c, kernel);
    if (kernel.streams) finish_streaming();
  }
};

template <>
struct SinkRows<Output<float>> {
  static index_t partials(const Output<float>& s) { return s.moments ? 2 * s.y.shape.c : 0; }
  static void write(const Output<float>& s, Isa isa, const ResultRow& row, double* partials) {
    run_on<OutputKernel>(isa, s, row, partials);
  }
  static void merge(const Output<float>& s, index_t n, const double* partials) {
    if (s.moments) merge_partials(s.moments, n, s.y.shape.c, partials);
  }
};

struct StoreKernel {
  const float* row;
  index_t row_pitch;
  float* y;
  index_t pitch, width;
  bool accumulate;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    const float* from = row + c;
    float* to = y + c;
    for (index_t w = 0; w < width; ++w, from += row_pitch, to += pitch) {
      Floats<L> v;
      load<L>(v, from);
      if (accumulate) {
        Floats<L> before;
        load<L>(before, to);
        v = before + v;
      }
      save<L>(to, v);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const Store<float>& s, const ResultRow& r) {
    const StoreKernel kernel{r.data,    r.pitch,     s.y.row(r.n, r.d, r.h),
                             s.y.pitch, s.y.shape.w, s.accumulate};
    for_channels<Set>(s.y.shape.c, kernel);
  }
};

template <>
struct SinkRows<Store<float>> {
  static index_t partials(const Store<float>&) { return 0; }
  static void write(const Store<float>& s, Isa isa, const ResultRow& row, double*) {
    run_on<StoreKernel>(isa, s, row);
  }
  static void merge(const Store<float>&, index_t, const double*) {}
};

/// What ActivatedGradient does with one voxel's gradient, and the sums of a row.
template <int L>
struct ActivatedGradientLanes {
  Floats<L> scale, shift, mean, sum{}, products{};
  float negative_slope;

  [[gnu::always_inline]] ActivatedGradientLanes(const ActivatedGradient<float>& s, index_t n,
                                                index_t c)
      : negative_slope(s.source.negative_slope) {
    const index_t i = n * s.grad.shape.c + c;
    load<L>(scale, s.source.scale + i);
    load<L>(shift, s.source.shift + i);
    load<L>(mean, s.mean + i);
  }
  [[gnu::always_inline]] void take(const Floats<L>& raw, Floats<L>& g, float* grad,
                                   bool accumulate) {
    const Floats<L> before = raw * scale + shift;
    g = before > 0.0F ? g : g * negative_slope;
    sum = sum + g;
    products = g * (raw - mean) + products;
    if (accumulate) {
      Floats<L> earlier;
      load<L>(earlier, grad);
      save<L>(grad, earlier + g);
    } else {
      save<L>(grad, g);
    }
  }
  [[gnu::always_inline]] void finish(const ActivatedGradient<float>& s, index_t n, index_t c,
                                     double* partials) {
    const index_t channels = s.grad.shape.c;
    Floats<L> rstd;
    load<L>(rstd, s.rstd + n * channels + c);
    products = products * rstd;
    add_to_doubles<L>(partials + c, sum);
    add_to_doubles<L>(partials + channels + c, products);
  }
};

struct ActivatedGradientKernel {
  const ActivatedGradient<float>& sink;
  const ResultRow& row;
  const float* raw;
  float* grad;
  double* partials;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    ActivatedGradientLanes<L> lanes(sink, row.n, c);
    const index_t width = sink.grad.shape.w, raw_pitch = sink.source.raw.pitch,
                  grad_pitch = sink.grad.pitch;
    const index_t pitch = row.pitch;
    const bool accumulate = sink.accumulate;
    const float *from = row.data + c, *raw_from = raw + c;
    float* to = grad + c;
    for (index_t w = 0; w < width; ++w, from += pitch, raw_from += raw_pitch, to += grad_pitch) {
      Floats<L> g, x;
      load<L>(g, from);
      load<L>(x, raw_from);
      lanes.take(x, g, to, accumulate);
    }
    lanes.finish(sink, row.n, c, partials);
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const ActivatedGradient<float>& s, const ResultRow& r,
                                         double* partials) {
    const ActivatedGradientKernel kernel{s, r, s.source.raw.row(r.n, r.d, r.h),
                                         s.grad.row(r.n, r.d, r.h), partials};
    for_channels<Set>(s.grad.shape.c, kernel);
  }
};

template <>
struct SinkRows<ActivatedGradient<float>> {
  static index_t partials(const ActivatedGradient<float>& s) { return 2 * s.grad.shape.c; }
  static void write(const ActivatedGradient<float>& s, Isa isa, const ResultRow& row,
                    double* partials) {
    run_on<ActivatedGradientKernel>(isa, s, row, partials);
  }
  static void merge(const ActivatedGradient<float>& s, index_t n, const double* partials) {
    merge_partials(s.sums, n, s.grad.shape.c, partials);
  }
};

/// What is left of a coarse result passes the eight fine voxels in order; the first whose raw value
/// was pooled takes all.
struct PooledGradientKernel {
  const PooledGradient<float>& sink;
  const ResultRow& row;
  double* partials;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    using V = Floats<L>;
    const ActivatedGradient<float>& fine = sink.fine;
    ActivatedGradientLanes<L> lanes(fine, row.n, c);
    const float* pooled = sink.pooled.row(row.n, row.d, row.h) + c;
    for (index_t w = 0; w < sink.pooled.shape.w; ++w) {
      V left, chosen;
      load<L>(left, row.data + w * row.pitch + c);
      load<L>(chosen, pooled + w * sink.pooled.pitch);
      for (index_t corner = 0; corner < 8; ++corner) {
        const index_t d = 2 * row.d + corner / 4, h = 2 * row.h + corner / 2 % 2,
                      at = 2 * w + corner % 2;
        V raw;
        load<L>(raw, fine.source.raw.row(row.n, d, h) + at * fine.source.raw.pitch + c);
        V g = raw == chosen ? left : V{};
        left = raw == chosen ? V{} : left;
        lanes.take(raw, g, fine.grad.row(row.n, d, h) + at * fine.grad.pitch + c, true);
      }
    }
    lanes.finish(fine, row.n, c, partials);
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const PooledGradient<float>& s, const ResultRow& r,
                                         double* partials) {
    const PooledGradientKernel kernel{s, r, partials};
    for_channels<Set>(s.pooled.shape.c, kernel);
  }
};

template <>
struct SinkRows<PooledGradient<float>> {
  using Fine = SinkRows<ActivatedGradient<float>>;
  static index_t partials(const PooledGradient<float>& s) { return Fine::partials(s.fine); }
  static void write(const PooledGradient<float>& s, Isa isa, const ResultRow& row,
                    double* partials) {
    run_on<PooledGradientKernel>(isa, s, row, partials);
  }
  static void merge(const PooledGradient<float>& s, index_t n, const double* partials) {
    Fine::merge(s.fine, n, partials);
  }
};

template <Sink A, Sink B>
struct SinkRows<Split<A, B>> {
  static index_t partials(const Split<A, B>& s) {
    return SinkRows<A>::partials(s.first) + SinkRows<B>::partials(s.second);
  }
  static void write(const Split<A, B>& s, Isa isa, const ResultRow& row, double* partials) {
    SinkRows<A>::write(s.first, isa, row, partials);
    SinkRows<B>::write(s.second, isa,
                       {row.n, row.d, row.h, row.data + s.first.shape().c, row.pitch},
                       partials + SinkRows<A>::partials(s.first));
  }
  static void merge(const Split<A, B>& s, index_t n, const double* partials) {
    SinkRows<A>::merge(s.first, n, partials);
    SinkRows<B>::merge(s.second, n, partials + SinkRows<A>::partials(s.first));
  }
};

}  // namespace glia::cpu
