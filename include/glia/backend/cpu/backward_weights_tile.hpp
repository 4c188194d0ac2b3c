#pragma once

#include "glia/backend/cpu/rows.hpp"

/// The innermost loops of the weights' gradient. One side of the product is broadcast, the other
/// lies in vectors; both are packed in panels of a few channels, so that the kernel's taps along W
/// and a panel's channels are one contiguous run.
namespace glia::cpu {

/// Channels of a panel of the broadcast side; a tile has one to three times as many rows.
template <class Set>
inline constexpr int broadcast_unit = Set::bytes == 64 ? 4 : 2;
[[nodiscard]] constexpr index_t broadcast_unit_of(Isa isa) { return isa == Isa::avx512 ? 4 : 2; }
/// Channels of a panel of the vector side: two registers.
[[nodiscard]] constexpr index_t vector_panel_of(Isa isa) { return 2 * vector_bytes(isa) / 4; }

/// dw[row][channel] += sum over voxels of a[voxel][row] b[voxel][channel], for the taps of one
/// plane and some panels.
struct TileLoop {
  const float* a;          ///< first voxel and tap of the first panel
  index_t a_panel;         ///< floats from one panel to the next
  index_t a_row;           ///< floats from one row of voxels to the next
  index_t a_voxel;         ///< floats of a voxel in a panel
  index_t stride;          ///< of the convolution
  const float* b;          ///< dense rows of one panel
  index_t rows, width;     ///< voxels of b
  float* dw;               ///< [panel][kh][kw and channel][vector panel]
  index_t dw_panel;        ///< floats from one panel to the next
  index_t panels, kernel;  ///< panels of a, taps along H and along W
  index_t tile_rows;       ///< 1, 2 or 3 times broadcast_unit
  int vectors;             ///< of b's panel that hold channels

  template <class Set, int Rows, int Vectors>
  [[gnu::always_inline]] void tile(const float* from, float* to) const {
    constexpr int lanes = Set::bytes / 4;
    Floats<lanes> sum[std::size_t{Rows}][std::size_t{Vectors}]{};
    const float* vectors_of_b = b;
    const index_t step = stride * a_voxel, row_step = stride * a_row;
    for (index_t h = 0; h < rows; ++h) {
      const float* taps = from + h * row_step;
      for (index_t w = 0; w < width; ++w, taps += step, vectors_of_b += 2 * lanes) {
        Floats<lanes> g[std::size_t{Vectors}];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) load<lanes>(g[v], vectors_of_b + v * lanes);
#pragma GCC unroll 12
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
          for (int v = 0; v < Vectors; ++v) sum[r][v] = g[v] * taps[r] + sum[r][v];
        }
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) {
        Floats<lanes> before;
        load<lanes>(before, to + (2 * r + v) * lanes);
        save<lanes>(to + (2 * r + v) * lanes, before + sum[r][v]);
      }
    }
  }
  template <class Set, int Rows, int Vectors>
  [[gnu::always_inline]] void all() const {
    const index_t run = kernel * a_voxel, panel_width = 2 * Set::bytes / 4;
    for (index_t panel = 0; panel < panels; ++panel) {
      for (index_t kh = 0; kh < kernel; ++kh) {
        for (index_t first = 0; first < run; first += Rows) {
          tile<Set, Rows, Vectors>(a + panel * a_panel + kh * a_row + first,
                                   dw + panel * dw_panel + (kh * run + first) * panel_width);
        }
      }
    }
  }
  template <class Set, int Rows>
  [[gnu::always_inline]] void all_of_height() const {
    if (vectors == 1) {
      all<Set, Rows, 1>();
    } else {
      all<Set, Rows, 2>();
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const TileLoop& loop) {
    constexpr int unit = broadcast_unit<Set>;
    if (loop.tile_rows == 3 * unit) {
      loop.all_of_height<Set, 3 * unit>();
    } else if (loop.tile_rows == 2 * unit) {
      loop.all_of_height<Set, 2 * unit>();
    } else {
      loop.all_of_height<Set, unit>();
    }
  }
};

/// Spreads a row of voxels over panels.
struct SplitRow {
  const float* in;
  index_t in_voxel;  ///< floats between the voxels that are taken
  float* out;
  index_t panel_width, panel_pitch, width, channels;
  bool broadcast;  ///< panels of the broadcast side are narrower than a register

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    const float* from = in + c;
    float* to = out + c / panel_width * panel_pitch + c % panel_width;
    for (index_t w = 0; w < width; ++w, from += in_voxel, to += panel_width) {
      Floats<L> v;
      load<L>(v, from);
      save<L>(to, v);
    }
  }
  template <class Set>
  struct Narrow {
    static constexpr int bytes = 4 * broadcast_unit<Set>;
  };
  template <class Set>
  [[gnu::always_inline]] static void run(const SplitRow& split) {
    if (split.broadcast) {
      for_channels<Narrow<Set>>(split.channels, split);
    } else {
      for_channels<Set>(split.channels, split);
    }
  }
};

/// sums[c] += the sum of channel c over a row of voxels.
struct AddColumns {
  const float* in;
  index_t pitch, width;
  double* sums;

  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    Floats<L> sum[4]{}, v;
    index_t w = 0;
    for (; w + 4 <= width; w += 4) {
#pragma GCC unroll 4
      for (index_t i = 0; i < 4; ++i) {
        load<L>(v, in + (w + i) * pitch + c);
        sum[i] = sum[i] + v;
      }
    }
    for (; w < width; ++w) {
      load<L>(v, in + w * pitch + c);
      sum[0] = sum[0] + v;
    }
    add_to_doubles<L>(sums + c, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const AddColumns& add, index_t channels) {
    for_channels<Set>(channels, add);
  }
};

/// to += from.
struct AddArray {
  const float* from;
  float* to;

  template <int L>
  [[gnu::always_inline]] void block(index_t i) const {
    Floats<L> a, b;
    load<L>(a, to + i);
    load<L>(b, from + i);
    save<L>(to + i, a + b);
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const AddArray& arrays, index_t count) {
    for_channels<Set>(count, arrays);
  }
};

}  // namespace glia::cpu
