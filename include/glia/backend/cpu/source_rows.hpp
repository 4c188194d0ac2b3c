#pragma once

#include <algorithm>
#include <cstring>

#include "glia/backend/cpu/rows.hpp"
#include "glia/source/activated.hpp"
#include "glia/source/concat.hpp"
#include "glia/source/norm_gradient.hpp"
#include "glia/source/plain.hpp"
#include "glia/source/upsampled.hpp"

/// Evaluation of every source by rows.
namespace glia::cpu {

template <Source S>
struct SourceRows;

/// The reference through which kernels take `source`, which must outlive it.
template <Source S>
[[nodiscard]] AnySource any_source(const S& source, Isa isa) {
  static constexpr SourceTable table{
      [](const void* self) { return static_cast<const S*>(self)->shape(); },
      [](const void* self) {
        return SourceRows<S>::scratch(*static_cast<const S*>(self), Isa::generic);
      },
      [](const void* self, Isa set, const RowRange& range, const RowTarget& out, float* scratch) {
        SourceRows<S>::read(*static_cast<const S*>(self), set, range, out, scratch);
      }};
  return {&source, &table, isa};
}

struct PlainKernel {
  const float* x;
  index_t x_pitch;
  float* out;
  index_t pitch, width;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    const float* from = x + c;
    float* to = out + c;
    for (index_t w = 0; w < width; ++w, from += x_pitch, to += pitch) {
      Floats<L> v;
      load<L>(v, from);
      save<L>(to, v);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const View<const float>& x, const RowRange& range,
                                         const RowTarget& out) {
    for (index_t h = range.first; h < range.last; ++h) {
      const PlainKernel row{x.row(range.n, range.d, h), x.pitch,
                            out.data + (h - range.first) * out.row_pitch, out.pitch, x.shape.w};
      for_channels_twice<Set>(x.shape.c, row);
    }
  }
};

template <>
struct SourceRows<Plain<float>> {
  static index_t scratch(const Plain<float>&, Isa) { return 0; }
  static void read(const Plain<float>& s, Isa isa, const RowRange& range, const RowTarget& out,
                   float*) {
    const View<const float>& x = s.x;
    const bool contiguous = x.pitch == x.shape.c && out.pitch == x.shape.c;
    if (!contiguous) return run_on<PlainKernel>(isa, x, range, out);
    const auto bytes = static_cast<std::size_t>(x.shape.w * x.shape.c) * sizeof(float);
    for (index_t h = range.first; h < range.last; ++h) {
      std::memcpy(out.data + (h - range.first) * out.row_pitch, x.row(range.n, range.d, h), bytes);
    }
  }
};

struct ActivatedKernel {
  const float *raw, *scale, *shift;
  index_t raw_pitch;
  float* out;
  index_t pitch, width;
  float negative_slope;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    Floats<L> a, b, v;
    load<L>(a, scale + c);
    load<L>(b, shift + c);
    const float* from = raw + c;
    float* to = out + c;
    for (index_t w = 0; w < width; ++w, from += raw_pitch, to += pitch) {
      load<L>(v, from);
      v = v * a + b;
      v = v > 0.0F ? v : v * negative_slope;
      save<L>(to, v);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const Activated<float>& s, const RowRange& range,
                                         const RowTarget& out) {
    const View<const float>& x = s.raw;
    const index_t first = range.n * x.shape.c;
    for (index_t h = range.first; h < range.last; ++h) {
      const ActivatedKernel row{x.row(range.n, range.d, h),
                                s.scale + first,
                                s.shift + first,
                                x.pitch,
                                out.data + (h - range.first) * out.row_pitch,
                                out.pitch,
                                x.shape.w,
                                s.negative_slope};
      for_channels_twice<Set>(x.shape.c, row);
    }
  }
};

template <>
struct SourceRows<Activated<float>> {
  static index_t scratch(const Activated<float>&, Isa) { return 0; }
  static void read(const Activated<float>& s, Isa isa, const RowRange& range, const RowTarget& out,
                   float*) {
    run_on<ActivatedKernel>(isa, s, range, out);
  }
};

struct NormGradientKernel {
  const float *grad, *raw, *coefficients;
  index_t grad_pitch, raw_pitch, plane;
  float* out;
  index_t pitch, width;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    Floats<L> of_grad, of_raw, constant, g, x;
    load<L>(of_grad, coefficients + c);
    load<L>(of_raw, coefficients + plane + c);
    load<L>(constant, coefficients + 2 * plane + c);
    const float *from = grad + c, *raw_from = raw + c;
    float* to = out + c;
    for (index_t w = 0; w < width; ++w, from += grad_pitch, raw_from += raw_pitch, to += pitch) {
      load<L>(g, from);
      load<L>(x, raw_from);
      x = g * of_grad + (x * of_raw + constant);
      save<L>(to, x);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const NormGradient<float>& s, const RowRange& range,
                                         const RowTarget& out) {
    const Shape shape = s.raw.shape;
    for (index_t h = range.first; h < range.last; ++h) {
      const NormGradientKernel row{s.grad.row(range.n, range.d, h),
                                   s.raw.row(range.n, range.d, h),
                                   s.coefficients + range.n * shape.c,
                                   s.grad.pitch,
                                   s.raw.pitch,
                                   shape.n * shape.c,
                                   out.data + (h - range.first) * out.row_pitch,
                                   out.pitch,
                                   shape.w};
      for_channels_twice<Set>(shape.c, row);
    }
  }
};

template <>
struct SourceRows<NormGradient<float>> {
  static index_t scratch(const NormGradient<float>&, Isa) { return 0; }
  static void read(const NormGradient<float>& s, Isa isa, const RowRange& range,
                   const RowTarget& out, float*) {
    run_on<NormGradientKernel>(isa, s, range, out);
  }
};

template <Source A, Source B>
struct SourceRows<Concat<A, B>> {
  static index_t scratch(const Concat<A, B>& s, Isa isa) {
    return (std::max)(SourceRows<A>::scratch(s.first, isa), SourceRows<B>::scratch(s.second, isa));
  }
  static void read(const Concat<A, B>& s, Isa isa, const RowRange& range, const RowTarget& out,
                   float* scratch) {
    SourceRows<A>::read(s.first, isa, range, out, scratch);
    SourceRows<B>::read(s.second, isa, range,
                        {out.data + s.first.shape().c, out.row_pitch, out.pitch}, scratch);
  }
};

/// out = (1 - weight) a + weight b, for `count` floats; out may be a.
struct BlendRows {
  template <class Set>
  [[gnu::always_inline]] static void run(const float* a, const float* b, float weight, float* out,
                                         index_t count) {
    constexpr int lanes = Set::bytes / 4;
    const float rest = 1.0F - weight;
    index_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      Floats<lanes> x, y;
      load<lanes>(x, a + i);
      load<lanes>(y, b + i);
      x = y * weight + x * rest;
      save<lanes>(out + i, x);
    }
    for (; i < count; ++i) out[i] = b[i] * weight + a[i] * rest;
  }
};

/// A row of `coarse` voxels stretched to twice as many.
struct StretchRow {
  const float* in;
  index_t coarse, channels;
  float* out;
  index_t pitch;
  float inner, outer;  ///< weights of the nearer and the farther coarse voxel

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    const float* from = in + c;
    float* to = out + c;
    Floats<L> left, here, right, v;
    load<L>(here, from);
    left = here;
    for (index_t w = 0; w < coarse; ++w, to += 2 * pitch) {
      if (w + 1 < coarse) from += channels;
      load<L>(right, from);
      v = here * inner + left * outer;
      save<L>(to, v);
      v = here * inner + right * outer;
      save<L>(to + pitch, v);
      left = here;
      here = right;
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const StretchRow& row) {
    for_channels_twice<Set>(row.channels, row);
  }
};

/// Coarse rows are blended over d once and kept while the fine rows that they serve go by.
class UpsampledRows {
 public:
  UpsampledRows(const AnySource& inner, Interpolation kind, const RowRange& range, float* scratch)
      : inner_(inner),
        kind_(kind),
        coarse_(inner.shape()),
        n_(range.n),
        length_(coarse_.w * coarse_.c),
        d_(doubled_sample(kind, range.d, coarse_.d)),
        rows_{scratch, scratch + length_},
        other_(scratch + 2 * length_),
        inner_scratch_(scratch + 3 * length_) {}

  static index_t scratch(const AnySource& inner) {
    return 3 * inner.shape().w * inner.shape().c + inner.scratch();
  }

  void read(index_t first, index_t last, const RowTarget& out) {
    const bool linear = kind_ == Interpolation::trilinear;
    for (index_t h = first; h < last; ++h) {
      const LinearSample at = doubled_sample(kind_, h, coarse_.h);
      const float* row = coarse_row(at.low, at.high);
      if (at.weight != 0) {
        const float* high = coarse_row(at.high, at.low);
        run_on<BlendRows>(inner_.isa, row, high, static_cast<float>(at.weight), other_, length_);
        row = other_;
      }
      const StretchRow stretch{row,
                               coarse_.w,
                               coarse_.c,
                               out.data + (h - first) * out.row_pitch,
                               out.pitch,
                               linear ? 0.75F : 1.0F,
                               linear ? 0.25F : 0.0F};
      run_on<StretchRow>(inner_.isa, stretch);
    }
  }

 private:
  /// Row h blended over d; row `keep` stays if it is there.
  const float* coarse_row(index_t h, index_t keep) {
    for (int i = 0; i < 2; ++i) {
      if (held_[i] == h) return rows_[i];
    }
    const int slot = held_[0] == keep ? 1 : 0;
    held_[slot] = h;
    inner_.read({n_, d_.low, h, h + 1}, {rows_[slot], length_, coarse_.c}, inner_scratch_);
    if (d_.weight != 0) {
      inner_.read({n_, d_.high, h, h + 1}, {other_, length_, coarse_.c}, inner_scratch_);
      run_on<BlendRows>(inner_.isa, rows_[slot], other_, static_cast<float>(d_.weight), rows_[slot],
                        length_);
    }
    return rows_[slot];
  }

  AnySource inner_;
  Interpolation kind_;
  Shape coarse_;
  index_t n_, length_;
  LinearSample d_;
  float* rows_[2];
  index_t held_[2] = {-1, -1};
  float *other_, *inner_scratch_;
};

template <Source S>
struct SourceRows<Upsampled<S>> {
  static index_t scratch(const Upsampled<S>& s, Isa isa) {
    return UpsampledRows::scratch(any_source(s.inner, isa));
  }
  static void read(const Upsampled<S>& s, Isa isa, const RowRange& range, const RowTarget& out,
                   float* scratch) {
    UpsampledRows(any_source(s.inner, isa), s.kind, range, scratch)
        .read(range.first, range.last, out);
  }
};

}  // namespace glia::cpu
