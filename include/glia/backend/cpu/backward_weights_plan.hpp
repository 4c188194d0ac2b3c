#pragma once

#include <algorithm>

#include "glia/backend/cpu/backward_weights_tile.hpp"
#include "glia/backend/cpu/round.hpp"
#include "glia/backend/descriptors.hpp"

namespace glia::cpu {

/// One factor of the weights' gradient as it is packed: panels of some channels,
/// [panel][row][voxel][channel].
struct Packing {
  AnySource source;
  Shape shape;
  bool broadcast, is_gradient;
  index_t pick;         ///< every pick-th plane, row and voxel of the source is packed
  index_t padding;      ///< zeros on both ends of every axis
  index_t panel_width;  ///< channels
  index_t panels;
  index_t voxels;  ///< of a row, with padding
  index_t rows;    ///< of a plane of a block

  [[nodiscard]] index_t row_floats() const { return voxels * panel_width; }
  /// An odd number of cache lines, so that panels do not compete for the same sets.
  [[nodiscard]] index_t panel_floats() const { return round_up(rows * row_floats(), 32) + 16; }
  [[nodiscard]] index_t plane_floats() const { return panels * panel_floats(); }
  [[nodiscard]] index_t picked_planes() const { return divide_up(shape.d, pick); }
  /// Whether the source can write rows of the only panel itself.
  [[nodiscard]] bool direct() const { return pick == 1 && panels == 1; }
  /// Source rows that are evaluated at a time; a range, because an upsampled source shares work
  /// between its rows.
  [[nodiscard]] index_t rows_at_once() const {
    if (pick != 1) return 1;
    return std::clamp(index_t{32768} / (shape.w * shape.c), index_t{1}, rows);
  }
  [[nodiscard]] index_t scratch_floats() const {
    return round_up(source.scratch(), 16) +
           (direct() ? 0 : round_up(rows_at_once() * shape.w * shape.c, 16));
  }
};

/// How a weights' gradient is cut. All of it follows from shapes, so that results do not depend on
/// threads.
///
/// Sliced: chunks of the volume add to weights' gradients of their own, which are then summed in
/// order; a chunk keeps the input planes that an output plane reads in a ring. Whole, for deep
/// layers, whose weights outnumber their voxels: both factors are packed entirely, and tasks share
/// the weights.
struct BackwardWeightsPlan {
  static constexpr index_t ring_bytes = 480 * 1024;  ///< wanted size of the ring
  static constexpr index_t tile_voxels =
      256;  ///< that a tile goes through, so that they stay in cache
  static constexpr index_t block_voxels = 1024;  ///< wanted voxels of a plane of a block
  static constexpr index_t wanted_chunks = 32;
  static constexpr index_t copies_bytes = 32 * 1024 * 1024;  ///< most of all private gradients
  static constexpr index_t whole_panels = 64, whole_voxels = 32768, whole_voxels_of_kernel_1 = 4096;
  static constexpr index_t panels_of_task =
      4;  ///< of the broadcast side, where tasks share the weights

  ConvDescriptor descriptor;
  Isa isa;
  bool swapped;  ///< the gradient is broadcast and the input lies in vectors: kernel 1 with few
                 ///< outputs
  Packing a, b;  ///< the broadcast side and the vector side
  Shape out;
  index_t stride, tile_rows;
  bool whole;
  index_t row_block, plane_block, chunks, workers;

  BackwardWeightsPlan(const ConvDescriptor& c, const AnySource& x, const AnySource& grad,
                      int threads)
      : descriptor(c),
        isa(x.isa),
        out(grad.shape()),
        stride(c.kernel == 1 ? 1 : c.stride),
        workers(threads) {
    const index_t unit = broadcast_unit_of(isa), lanes = vector_panel_of(isa) / 2;
    const auto cost = [&](index_t rows, index_t vectors) {
      return round_up(rows, c.kernel == 1 ? narrow_panel(rows, unit) : unit) *
             round_up(vectors, lanes);
    };
    swapped = c.kernel == 1 && cost(c.out, c.in) < cost(c.in, c.out);
    const AnySource &first = swapped ? grad : x, &second = swapped ? x : grad;
    a = {first, first.shape(), true, swapped, 1, 0, unit, 0, 0, 0};
    b = {second, second.shape(), false, !swapped, 1, 0, 2 * lanes, 0, 0, 0};
    (swapped ? b : a).pick = c.kernel == 1 ? c.stride : 1;
    (swapped ? b : a).padding = c.padding();
    if (c.kernel == 1) a.panel_width = narrow_panel(a.shape.c, unit);
    for (Packing* side : {&a, &b}) {
      side->panels = divide_up(side->shape.c, side->panel_width);
      side->voxels = divide_up(side->shape.w, side->pick) + 2 * side->padding;
    }
    tile_rows = c.kernel == 1 ? a.panel_width : c.kernel == 3 ? 3 * unit : unit;

    const index_t few = c.kernel == 1 ? whole_voxels_of_kernel_1 : whole_voxels;
    whole = out.n * out.voxels() <= few && a.panels * b.panels >= whole_panels;
    row_block = whole ? out.h : std::clamp(block_voxels / out.w, index_t{1}, out.h);
    set_rows();
    while (!whole && row_block > 1 && ring_floats() * 4 > ring_bytes) {
      row_block = divide_up(row_block, 2);
      set_rows();
    }
    plane_block = out.d;
    while (!whole && units() < wanted_chunks / 2 && plane_block > 8)
      plane_block = divide_up(plane_block, 2);
    const index_t most = (std::max)(index_t{1}, copies_bytes / (weight_floats() * 4));
    chunks = whole ? 0 : (std::min)({units(), wanted_chunks, most});
  }

  [[nodiscard]] index_t row_blocks() const { return divide_up(out.h, row_block); }
  [[nodiscard]] index_t plane_blocks() const { return divide_up(out.d, plane_block); }
  /// Blocks of planes and rows of one sample: what a chunk is made of.
  [[nodiscard]] index_t units() const { return out.n * plane_blocks() * row_blocks(); }
  [[nodiscard]] index_t rows_per_tile() const {
    return std::clamp(tile_voxels / out.w, index_t{1}, row_block);
  }
  [[nodiscard]] index_t ring_floats() const { return descriptor.kernel * a.plane_floats(); }

  /// Gradients of the weights between one panel of each side: [kd][kh][kw and channel of a][channel
  /// of b].
  [[nodiscard]] index_t plane_taps_floats() const {
    return descriptor.kernel * descriptor.kernel * a.panel_width * b.panel_width;
  }
  [[nodiscard]] index_t pair_floats() const { return descriptor.kernel * plane_taps_floats(); }
  [[nodiscard]] index_t weight_floats() const { return a.panels * b.panels * pair_floats(); }
  /// Registers of panel p of the vector side that hold channels.
  [[nodiscard]] int vectors(index_t p) const {
    return b.shape.c - p * b.panel_width <= b.panel_width / 2 ? 1 : 2;
  }
  [[nodiscard]] index_t groups() const { return divide_up(a.panels, panels_of_task); }

  // The workspace, in bytes: sums of the bias' gradient, then private gradients or the packed
  // factors, then one part for each worker.
  [[nodiscard]] index_t bias_sums() const { return whole ? out.n * out.d : chunks; }
  [[nodiscard]] index_t bias_bytes() const { return round_up(bias_sums() * out.c * 8, 64); }
  [[nodiscard]] index_t packed_a_floats() const {
    return whole ? out.n * a.picked_planes() * a.plane_floats() : 0;
  }
  [[nodiscard]] index_t packed_b_floats() const {
    return whole ? out.n * b.picked_planes() * b.plane_floats() : 0;
  }
  [[nodiscard]] index_t shared_bytes() const {
    return (whole ? packed_a_floats() + packed_b_floats() : chunks * weight_floats()) * 4;
  }
  [[nodiscard]] index_t worker_floats() const {
    const index_t planes = whole ? 0 : ring_floats() + b.plane_floats();
    return round_up(planes + (std::max)({a.scratch_floats(), b.scratch_floats(), pair_floats()}),
                    16);
  }
  [[nodiscard]] index_t bytes() const {
    return bias_bytes() + shared_bytes() + workers * worker_floats() * 4;
  }

 private:
  /// Panel of kernel 1: one to three units, whichever fits best.
  static index_t narrow_panel(index_t channels, index_t unit) {
    index_t best = 3 * unit;
    for (const index_t width : {2 * unit, unit}) {
      if (round_up(channels, width) < round_up(channels, best)) best = width;
    }
    return best;
  }
  void set_rows() {
    a.rows = (row_block - 1) * stride + descriptor.kernel;
    b.rows = row_block;
  }
};

}  // namespace glia::cpu
