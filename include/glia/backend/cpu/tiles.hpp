#pragma once

#include <array>
#include <utility>

#include "glia/backend/cpu/rows.hpp"

/// The inner loop of every convolution: a tile of pixels by vectors of output channels stays in
/// registers while the products of whole runs of packed inputs and weights are added to it.
namespace glia::cpu {

/// `length` consecutive packed inputs of the tile's first pixel, and the weights [length, vectors,
/// lanes] they meet.
struct Run {
  const float* x;
  const float* weights;
  index_t length;
};

/// One tile. Pixels lie `x_step` apart in the packed input and `out_step` apart in the result.
struct Tile {
  const Run* runs;
  index_t run_count, x_step;
  float* out;
  index_t out_step;
  bool accumulate;  ///< add to `out` instead of overwriting it
};

template <int Pixels, int Vectors>
struct TileKernel {
  template <class Set>
  [[gnu::always_inline]] static void run(const Tile& tile) {
    constexpr int lanes = Set::bytes / 4;
    using V = Floats<lanes>;
    constexpr int groups =
        (Pixels + 2) / 3;  // three pixels share a base address: base, base + s, base + 2 s
    V sum[std::size_t{Pixels}][std::size_t{Vectors}];
    const index_t step = tile.x_step;
    if (tile.accumulate) {
#pragma GCC unroll 32
      for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v)
          load<lanes>(sum[p][v], tile.out + p * tile.out_step + v * lanes);
      }
    } else {
#pragma GCC unroll 32
      for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) sum[p][v] = V{};
      }
    }
    for (const Run *r = tile.runs, *end = r + tile.run_count; r != end; ++r) {
      const float* base[std::size_t{groups}];
#pragma GCC unroll 16
      for (int g = 0; g < groups; ++g) base[g] = r->x + 3 * g * step;
      const float *weights = r->weights, *last = weights + r->length * (Vectors * lanes);
      for (; weights != last; weights += Vectors * lanes) {
        V w[std::size_t{Vectors}];
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) load<lanes>(w[v], weights + v * lanes);
#pragma GCC unroll 32
        for (int p = 0; p < Pixels; ++p) {
          const float x = base[p / 3][p % 3 * step];
#pragma GCC unroll 8
          for (int v = 0; v < Vectors; ++v) sum[p][v] = w[v] * x + sum[p][v];
        }
#pragma GCC unroll 16
        for (int g = 0; g < groups; ++g) ++base[g];
      }
    }
#pragma GCC unroll 32
    for (int p = 0; p < Pixels; ++p) {
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v)
        save<lanes>(tile.out + p * tile.out_step + v * lanes, sum[p][v]);
    }
  }
};

/// The largest tile of v vectors (index v - 1) that the registers of a set hold.
[[nodiscard]] constexpr index_t most_pixels(Isa isa, index_t vectors) {
  constexpr std::array<index_t, 4> wide{14, 14, 9, 6}, narrow{8, 6, 4, 2};
  const auto v = static_cast<std::size_t>(vectors - 1);
  return isa == Isa::avx512 ? wide[v] : narrow[v];
}

using TileFunction = void (*)(const Tile&);

namespace detail {
template <int Pixels, int Vectors>
TileFunction tile_of([[maybe_unused]] Isa isa) {
  using Kernel = TileKernel<Pixels, Vectors>;
#if defined(__x86_64__)
  if (isa == Isa::avx512) return run_avx512<Kernel, const Tile>;
  if constexpr (Pixels <= most_pixels(Isa::avx2, Vectors)) {
    if (isa == Isa::avx2) return run_avx2<Kernel, const Tile>;
  }
#endif
  if constexpr (Pixels <= most_pixels(Isa::generic, Vectors)) {
    return [](const Tile& tile) { Kernel::template run<isa::Generic>(tile); };
  } else {
    return nullptr;
  }
}
template <int Vectors, int... Pixels>
TileFunction choose_tile(Isa isa, index_t pixels, std::integer_sequence<int, Pixels...>) {
  TileFunction chosen = nullptr;
  ((pixels == Pixels + 1 ? void(chosen = tile_of<Pixels + 1, Vectors>(isa)) : void()), ...);
  return chosen;
}
}  // namespace detail

/// The kernel for a tile of 1 to most_pixels(isa, vectors) pixels by 1 to 4 vectors.
[[nodiscard]] inline TileFunction tile_function(Isa isa, index_t pixels, index_t vectors) {
  switch (vectors) {
    case 1:
      return detail::choose_tile<1>(isa, pixels, std::make_integer_sequence<int, 14>{});
    case 2:
      return detail::choose_tile<2>(isa, pixels, std::make_integer_sequence<int, 14>{});
    case 3:
      return detail::choose_tile<3>(isa, pixels, std::make_integer_sequence<int, 9>{});
    default:
      return detail::choose_tile<4>(isa, pixels, std::make_integer_sequence<int, 6>{});
  }
}

}  // namespace glia::cpu
