#pragma once

#include "glia/backend/cpu/sink_rows.hpp"
#include "glia/backend/cpu/source_rows.hpp"
#include "glia/source/averaged.hpp"
#include "glia/source/interleaved.hpp"
#include "glia/source/maximum.hpp"

/// Evaluation by rows of what moves values between voxels and tensors.
namespace glia::cpu {

/// The voxels of a fine row with the parity of channel block `t` of coarse row (d, h), two pitches
/// apart.
template <class T>
[[gnu::always_inline]] inline T* interleaved_row(const View<T>& fine, index_t n, index_t d,
                                                 index_t h, index_t t) {
  return fine.row(n, 2 * d + t / 4, 2 * h + t / 2 % 2) + t % 2 * fine.pitch;
}

struct DeinterleavedKernel {
  template <class Set>
  [[gnu::always_inline]] static void run(const View<const float>& fine, const RowRange& range,
                                         const RowTarget& out) {
    for (index_t h = range.first; h < range.last; ++h) {
      for (index_t t = 0; t < 8; ++t) {
        const PlainKernel row{interleaved_row(fine, range.n, range.d, h, t), 2 * fine.pitch,
                              out.data + (h - range.first) * out.row_pitch + t * fine.shape.c,
                              out.pitch, fine.shape.w / 2};
        for_channels_twice<Set>(fine.shape.c, row);
      }
    }
  }
};

template <>
struct SourceRows<Deinterleaved<float>> {
  static index_t scratch(const Deinterleaved<float>&, Isa) { return 0; }
  static void read(const Deinterleaved<float>& s, Isa isa, const RowRange& range,
                   const RowTarget& out, float*) {
    run_on<DeinterleavedKernel>(isa, s.fine, range, out);
  }
};

struct InterleavedKernel {
  template <class Set>
  [[gnu::always_inline]] static void run(const View<float>& fine, const ResultRow& r) {
    for (index_t t = 0; t < 8; ++t) {
      const StoreKernel row{r.data + t * fine.shape.c,
                            r.pitch,
                            interleaved_row(fine, r.n, r.d, r.h, t),
                            2 * fine.pitch,
                            fine.shape.w / 2,
                            false};
      for_channels<Set>(fine.shape.c, row);
    }
  }
};

template <>
struct SinkRows<Interleaved<float>> {
  static index_t partials(const Interleaved<float>&) { return 0; }
  static void write(const Interleaved<float>& s, Isa isa, const ResultRow& row, double*) {
    run_on<InterleavedKernel>(isa, s.fine, row);
  }
  static void merge(const Interleaved<float>&, index_t, const double*) {}
};

/// One row of each of several tensors.
template <class T>
struct RowsOf {
  T* row[Maximum<float, 1>::most];
  index_t pitch[Maximum<float, 1>::most];

  [[gnu::always_inline]] RowsOf(const View<T>* x, index_t count, index_t n, index_t d, index_t h) {
    for (index_t i = 0; i < count; ++i) {
      row[i] = x[i].row(n, d, h);
      pitch[i] = x[i].pitch;
    }
  }
};

/// The largest of the tensors at voxel w.
template <int L>
[[gnu::always_inline]] inline void largest(const RowsOf<const float>& x, index_t count, index_t w,
                                           index_t c, Floats<L>& best) {
  load<L>(best, x.row[0] + w * x.pitch[0] + c);
  for (index_t i = 1; i < count; ++i) {
    Floats<L> v;
    load<L>(v, x.row[i] + w * x.pitch[i] + c);
    best = v > best ? v : best;
  }
}

struct MaximumKernel {
  RowsOf<const float> x;
  index_t count;
  float* out;
  index_t pitch, width;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    for (index_t w = 0; w < width; ++w) {
      Floats<L> best;
      largest<L>(x, count, w, c, best);
      save<L>(out + w * pitch + c, best);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const View<const float>* x, const index_t& count,
                                         const RowRange& range, const RowTarget& out) {
    for (index_t h = range.first; h < range.last; ++h) {
      const MaximumKernel row{{x, count, range.n, range.d, h},
                              count,
                              out.data + (h - range.first) * out.row_pitch,
                              out.pitch,
                              x->shape.w};
      for_channels_twice<Set>(x->shape.c, row);
    }
  }
};

template <index_t Count>
struct SourceRows<Maximum<float, Count>> {
  static index_t scratch(const Maximum<float, Count>&, Isa) { return 0; }
  static void read(const Maximum<float, Count>& s, Isa isa, const RowRange& range,
                   const RowTarget& out, float*) {
    run_on<MaximumKernel>(isa, s.x.data(), Count, range, out);
  }
};

/// What is left of a result passes the tensors in order; the first that holds the largest value
/// takes all.
struct MaximumGradientKernel {
  RowsOf<const float> x;
  RowsOf<float> grad;
  index_t count;
  const ResultRow& row;
  index_t width;
  bool accumulate;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    using V = Floats<L>;
    for (index_t w = 0; w < width; ++w) {
      V left, best, v;
      load<L>(left, row.data + w * row.pitch + c);
      largest<L>(x, count, w, c, best);
      for (index_t i = 0; i < count; ++i) {
        load<L>(v, x.row[i] + w * x.pitch[i] + c);
        V g = v == best ? left : V{};
        left = v == best ? V{} : left;
        float* to = grad.row[i] + w * grad.pitch[i] + c;
        if (accumulate) {
          V before;
          load<L>(before, to);
          g = g + before;
        }
        save<L>(to, g);
      }
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const View<const float>* x, const View<float>* grad,
                                         const index_t& count, const bool& accumulate,
                                         const ResultRow& r) {
    const MaximumGradientKernel kernel{
        {x, count, r.n, r.d, r.h}, {grad, count, r.n, r.d, r.h}, count, r, x->shape.w, accumulate};
    for_channels<Set>(x->shape.c, kernel);
  }
};

template <index_t Count>
struct SinkRows<MaximumGradient<float, Count>> {
  static index_t partials(const MaximumGradient<float, Count>&) { return 0; }
  static void write(const MaximumGradient<float, Count>& s, Isa isa, const ResultRow& row,
                    double*) {
    run_on<MaximumGradientKernel>(isa, s.source.x.data(), s.grad.data(), Count, s.accumulate, row);
  }
  static void merge(const MaximumGradient<float, Count>&, index_t, const double*) {}
};

struct AveragedKernel {
  const Averaged<float>& source;
  index_t n, d, h;
  float* out;
  index_t pitch;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    using V = Floats<L>;
    const View<const float>& fine = source.fine;
    const index_t factor = source.factor;
    const float least = source.of_targets ? 0.0F : -__builtin_inff();
    for (index_t w = 0; w < fine.shape.w / factor; ++w) {
      V sum{}, count{}, v;
      for (index_t line = 0; line < factor * factor; ++line) {
        const float* from = fine.row(n, d * factor + line / factor, h * factor + line % factor) +
                            w * factor * fine.pitch + c;
        for (index_t i = 0; i < factor; ++i, from += fine.pitch) {
          load<L>(v, from);
          sum = v < least ? sum : sum + v;
          count = v < least ? count : count + 1.0F;
        }
      }
      sum = count > 0.0F ? sum / count : V{} - 1.0F;
      save<L>(out + w * pitch + c, sum);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const Averaged<float>& s, const RowRange& range,
                                         const RowTarget& out) {
    for (index_t h = range.first; h < range.last; ++h) {
      const AveragedKernel row{
          s, range.n, range.d, h, out.data + (h - range.first) * out.row_pitch, out.pitch};
      for_channels_twice<Set>(s.fine.shape.c, row);
    }
  }
};

template <>
struct SourceRows<Averaged<float>> {
  static index_t scratch(const Averaged<float>&, Isa) { return 0; }
  static void read(const Averaged<float>& s, Isa isa, const RowRange& range, const RowTarget& out,
                   float*) {
    run_on<AveragedKernel>(isa, s, range, out);
  }
};

struct AveragedGradientKernel {
  const AveragedGradient<float>& sink;
  const ResultRow& row;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    const index_t factor = sink.factor;
    const float share = 1.0F / static_cast<float>(factor * factor * factor);
    for (index_t w = 0; w < sink.fine.shape.w; ++w) {
      Floats<L> v;
      load<L>(v, row.data + w / factor * row.pitch + c);
      v = v * share;
      for (index_t line = 0; line < factor * factor; ++line) {
        float* to =
            sink.fine.row(row.n, row.d * factor + line / factor, row.h * factor + line % factor) +
            w * sink.fine.pitch + c;
        Floats<L> sum = v;
        if (sink.accumulate) {
          Floats<L> before;
          load<L>(before, to);
          sum = before + v;
        }
        save<L>(to, sum);
      }
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const AveragedGradientKernel& kernel) {
    for_channels<Set>(kernel.sink.fine.shape.c, kernel);
  }
};

template <>
struct SinkRows<AveragedGradient<float>> {
  static index_t partials(const AveragedGradient<float>&) { return 0; }
  static void write(const AveragedGradient<float>& s, Isa isa, const ResultRow& row, double*) {
    const AveragedGradientKernel kernel{s, row};
    run_on<AveragedGradientKernel>(isa, kernel);
  }
  static void merge(const AveragedGradient<float>&, index_t, const double*) {}
};

}  // namespace glia::cpu
