#pragma once

#include "glia/backend/cpu/source_rows.hpp"
#include "glia/source/dropped.hpp"

namespace glia::cpu {

/// x *= factor; the factors of a voxel lie `factor_pitch` after those of the one before.
struct ScaleKernel {
  float* x;
  index_t pitch;
  const float* factors;
  index_t factor_pitch, width;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    float* at = x + c;
    const float* factor = factors + c;
    for (index_t w = 0; w < width; ++w, at += pitch, factor += factor_pitch) {
      Floats<L> v, f;
      load<L>(v, at);
      load<L>(f, factor);
      v = v * f;
      save<L>(at, v);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const ScaleKernel& row, index_t channels) {
    for_channels<Set>(channels, row);
  }
};

/// The factors of `count` units, from `first` on.
inline void draw_factors(const DropoutMask& mask, index_t first, index_t count, float* factors) {
  const auto gain = static_cast<float>(mask.gain());
  for (index_t unit = first / 4 * 4; unit < first + count; unit += 4) {
    const auto words = mask.key.words(static_cast<std::uint32_t>(unit / 4));
    const index_t end = (std::min)(unit + 4, first + count);
    for (index_t i = (std::max)(unit, first); i < end; ++i) {
      factors[i - first] = words[static_cast<std::size_t>(i - unit)] < mask.threshold ? 0.0F : gain;
    }
  }
}

template <Source S>
struct SourceRows<Dropped<S>> {
  static index_t scratch(const Dropped<S>& s, Isa isa) {
    return (std::max)(SourceRows<S>::scratch(s.inner, isa), factors(s));
  }
  static void read(const Dropped<S>& s, Isa isa, const RowRange& range, const RowTarget& out,
                   float* scratch) {
    const Shape shape = s.shape();
    SourceRows<S>::read(s.inner, isa, range, out, scratch);
    for (index_t h = range.first; h < range.last; ++h) {
      if (h == range.first || !s.mask.whole_channels) {
        draw_factors(s.mask, s.mask.first_unit(shape, range.n, range.d, h, 0), factors(s), scratch);
      }
      const ScaleKernel row{out.data + (h - range.first) * out.row_pitch, out.pitch, scratch,
                            s.mask.whole_channels ? 0 : shape.c, shape.w};
      run_on<ScaleKernel>(isa, row, shape.c);
    }
  }

 private:
  /// Factors of a row.
  static index_t factors(const Dropped<S>& s) {
    return s.mask.whole_channels ? s.shape().c : s.shape().w * s.shape().c;
  }
};

}  // namespace glia::cpu
