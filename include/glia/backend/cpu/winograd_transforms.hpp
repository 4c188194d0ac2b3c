#pragma once

#include "glia/backend/cpu/rows.hpp"

/// The transforms of Winograd's minimal filtering F(2, 3) along each of three axes (Lavin & Gray
/// 2016): 2x2x2 outputs of a 3x3x3 convolution from 4x4x4 inputs by 64 products instead of 216.
/// Factors are 1 and 1/2: no accuracy is lost.
namespace glia::cpu {

inline constexpr index_t winograd_points = 64;

/// [a, b, c, d] -> [a - c, b + c, c - b, b - d], in place.
template <int L>
[[gnu::always_inline]] inline void transform_input(Floats<L>& a, Floats<L>& b, Floats<L>& c,
                                                   Floats<L>& d) {
  const Floats<L> sum = b + c, difference = c - b;
  a = a - c;
  d = b - d;
  b = sum;
  c = difference;
}

/// Tiles of one pair of rows, `tiles` along W, every channel: 4x4x4 windows two voxels apart ->
/// [64][tile][channel].
struct WinogradInput {
  const float* planes[4];  ///< first voxel of the first window in each of four planes
  index_t row_pitch, pixel_pitch, tiles, channels;
  float* out;
  index_t tile_pitch, point_pitch;

  /// Column w of the window, 4x4 over (d, h), transformed along d and h.
  template <int L>
  [[gnu::always_inline]] void column(index_t w, index_t c, Floats<L>* to) const {
    Floats<L> v[4][4];
#pragma GCC unroll 4
    for (int d = 0; d < 4; ++d) {
#pragma GCC unroll 4
      for (int h = 0; h < 4; ++h) load<L>(v[d][h], planes[d] + h * row_pitch + w * pixel_pitch + c);
    }
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) transform_input<L>(v[0][h], v[1][h], v[2][h], v[3][h]);
#pragma GCC unroll 4
    for (int d = 0; d < 4; ++d) {
      transform_input<L>(v[d][0], v[d][1], v[d][2], v[d][3]);
#pragma GCC unroll 4
      for (int h = 0; h < 4; ++h) to[4 * d + h] = v[d][h];
    }
  }
  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    Floats<L> pairs[2][2][16];  // the newer pair of columns of one window is the older of the next
    column<L>(0, c, pairs[0][0]);
    column<L>(1, c, pairs[0][1]);
    for (index_t t = 0; t < tiles; ++t) {
      const auto& older = pairs[t % 2];
      auto& newer = pairs[(t + 1) % 2];
      column<L>(2 * t + 2, c, newer[0]);
      column<L>(2 * t + 3, c, newer[1]);
      float* to = out + t * tile_pitch + c;
      for (int i = 0; i < 16; ++i, to += 4 * point_pitch) {
        Floats<L> v0 = older[0][i], v1 = older[1][i], v2 = newer[0][i], v3 = newer[1][i];
        transform_input<L>(v0, v1, v2, v3);
        save<L>(to, v0);
        save<L>(to + point_pitch, v1);
        save<L>(to + 2 * point_pitch, v2);
        save<L>(to + 3 * point_pitch, v3);
      }
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const WinogradInput& input) {
    for_channels_twice<Set>(input.channels, input);
  }
};

/// [64][tile][channel] -> 2x2x2 outputs of each tile of a pair of rows.
struct WinogradOutput {
  const float* in;
  index_t point_pitch, tiles, channels;  ///< channels: a multiple of the vectors
  float* rows[2][2];                     ///< first voxel of the first tile in each plane and row

  /// Along W and H for one d of four: 4x4 -> 2x2.
  template <int L>
  [[gnu::always_inline]] void plane(const float* from, Floats<L>* to) const {
    Floats<L> sums[4][2];
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) {
      Floats<L> a, b, c, d;
      load<L>(a, from + (4 * h) * point_pitch);
      load<L>(b, from + (4 * h + 1) * point_pitch);
      load<L>(c, from + (4 * h + 2) * point_pitch);
      load<L>(d, from + (4 * h + 3) * point_pitch);
      sums[h][0] = a + b + c;
      sums[h][1] = b - c - d;
    }
#pragma GCC unroll 2
    for (int w = 0; w < 2; ++w) {
      to[w] = sums[0][w] + sums[1][w] + sums[2][w];
      to[2 + w] = sums[1][w] - sums[2][w] - sums[3][w];
    }
  }
  template <int L>
  [[gnu::always_inline]] void block(index_t c) const {
    for (index_t t = 0; t < tiles; ++t) {
      Floats<L> v[4][4];
#pragma GCC unroll 4
      for (int d = 0; d < 4; ++d) plane<L>(in + 16 * d * point_pitch + t * channels + c, v[d]);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const index_t at = (2 * t + i % 2) * channels + c;
        save<L>(rows[0][i / 2] + at, v[0][i] + v[1][i] + v[2][i]);
        save<L>(rows[1][i / 2] + at, v[1][i] - v[2][i] - v[3][i]);
      }
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const WinogradOutput& output) {
    constexpr int lanes = Set::bytes / 4;
    for (index_t c = 0; c < output.channels; c += lanes) output.block<lanes>(c);
  }
};

/// Kernels [27][width], width lanes side by side -> [64] points, `point_pitch` apart.
struct WinogradWeights {
  const float* in;
  index_t width;
  float* out;
  index_t point_pitch;
  bool reversed;  ///< taps in descending order, as the adjoint needs them

  template <int L>
  [[gnu::always_inline]] static void line(const Floats<L>& a, const Floats<L>& b,
                                          const Floats<L>& c, Floats<L>* to, int step) {
    const Floats<L> ends = (a + c) * 0.5F, middle = b * 0.5F;
    to[0] = a;
    to[step] = ends + middle;
    to[2 * step] = ends - middle;
    to[3 * step] = c;
  }
  template <int L>
  [[gnu::always_inline]] void block(index_t lane) const {
    Floats<L> taps[27], over_w[36], over_h[48], over_d[64];
    for (int tap = 0; tap < 27; ++tap)
      load<L>(taps[tap], in + (reversed ? 26 - tap : tap) * width + lane);
    for (int i = 0; i < 9; ++i)
      line<L>(taps[3 * i], taps[3 * i + 1], taps[3 * i + 2], over_w + 4 * i, 1);
    for (int d = 0; d < 3; ++d) {
      for (int w = 0; w < 4; ++w) {
        const Floats<L>* from = over_w + 12 * d + w;
        line<L>(from[0], from[4], from[8], over_h + 16 * d + w, 4);
      }
    }
    for (int i = 0; i < 16; ++i) line<L>(over_h[i], over_h[16 + i], over_h[32 + i], over_d + i, 16);
    for (int point = 0; point < 64; ++point)
      save<L>(out + point * point_pitch + lane, over_d[point]);
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const WinogradWeights& weights) {
    constexpr int lanes = Set::bytes / 4;
    for (index_t lane = 0; lane < weights.width; lane += lanes) weights.block<lanes>(lane);
  }
};

}  // namespace glia::cpu
