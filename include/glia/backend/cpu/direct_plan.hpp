#pragma once

#include <algorithm>
#include <array>

#include "glia/backend/cpu/axis.hpp"
#include "glia/backend/cpu/round.hpp"
#include "glia/backend/cpu/rows.hpp"
#include "glia/backend/cpu/tiles.hpp"
#include "glia/backend/descriptors.hpp"

namespace glia::cpu {

/// How a convolution, or its adjoint, is cut: all of it follows from shapes, so that results do not
/// depend on threads.
///
/// A task is a block of output planes and rows of one sample. It keeps the input planes that an
/// group of output planes reads packed in a ring that stays in the second-level cache, makes a
/// group of output rows (of several planes, where planes are small) for one block of channels after
/// another, and hands each finished row to the sink.
struct DirectPlan {
  static constexpr index_t ring_bytes = 512 * 1024;  ///< wanted size of the ring
  static constexpr index_t chunk_bytes =
      192 * 1024;  ///< of the weights that a group of rows meets at a time
  static constexpr index_t group_pixels = 128;       ///< wanted pixels of a group of rows
  static constexpr index_t transposed_channels = 4;  ///< that weights are packed by
  static constexpr index_t wanted_tasks = 32;
  static constexpr index_t least_task_pixels = 64;  ///< of one plane

  Isa isa;
  Axis axis;
  Shape in, out;
  index_t lanes, vectors,
      blocks;  ///< floats in a vector; vectors and blocks of vectors that hold the output channels
  index_t row_block, plane_block;
  index_t first_column, row_pixels, pixel_pitch, row_pitch, plane_pitch,
      ring;  ///< of the packed input
  index_t group_rows, group_planes, result_pitch;
  index_t scratch, partials, workers;

  DirectPlan(const ConvDescriptor& c, bool adjoint, const AnySource& source, const AnySink& sink,
             int threads)
      : isa(source.isa),
        axis{c.kernel, c.stride, adjoint},
        in(source.shape()),
        out(sink.shape()),
        lanes(vector_bytes(isa) / 4),
        vectors(divide_up(out.c, lanes)),
        scratch(round_up(source.scratch(), 16)),
        partials(sink.partials()),
        workers(threads) {
    const index_t class_width = divide_up(out.w, axis.period());
    // Where a row is one tile, its tile may as well be wide.
    const bool wide_registers = isa == Isa::avx512;
    if (wide_registers && class_width <= most_pixels(isa, 3)) {
      blocks = divide_up(vectors, class_width <= most_pixels(isa, 4) ? 4 : 3);
    } else {
      blocks = (std::max)(index_t{1}, vectors / 2);
    }
    result_pitch = vectors * lanes;

    const Axis::Range wide = axis.range(0, out.w);
    first_column = (std::min)(index_t{0}, wide.low);
    row_pixels = (std::max)(in.w - 1, wide.high) - first_column + 1;
    // Pixels a multiple of 1 KiB apart would compete for few sets of the first-level cache.
    pixel_pitch = in.c % 256 == 0 ? in.c + 16 : in.c;
    row_pitch = round_up(row_pixels * pixel_pitch, 16);
    ring = packed_extent(1);

    const auto fits = [this](index_t rows) {
      return ring * packed_extent(rows) * row_pitch * 4 <= ring_bytes;
    };
    row_block = round_up(out.h, 2);
    while (row_block > 2 && !fits(row_block)) row_block -= 2;
    row_block = even_share(out.h, row_block);
    plane_block = even_share(out.d, (std::min)(index_t{16}, round_up(out.d, 2)));
    while (tasks() < wanted_tasks && plane_block > 2) plane_block = round_up(plane_block / 2, 2);
    while (tasks() < wanted_tasks && row_block > 2 && row_block / 2 * out.w >= least_task_pixels) {
      row_block = round_up(row_block / 2, 2);
    }
    plane_pitch = packed_extent(row_block) * row_pitch;
    group_rows = std::clamp(group_pixels / out.w, index_t{1}, row_block);
    group_planes = 1;
    if (group_rows >= out.h) {
      group_planes = std::clamp(group_pixels / (out.h * out.w), index_t{1}, plane_block);
      ring = packed_extent(group_planes);
    }
  }

  [[nodiscard]] index_t taps() const { return axis.kernel * axis.kernel * axis.kernel; }
  [[nodiscard]] index_t row_blocks() const { return divide_up(out.h, row_block); }
  [[nodiscard]] index_t plane_blocks() const { return divide_up(out.d, plane_block); }
  [[nodiscard]] index_t tasks() const { return out.n * plane_blocks() * row_blocks(); }

  [[nodiscard]] index_t block_first(index_t block) const { return vectors * block / blocks; }
  [[nodiscard]] index_t block_vectors(index_t block) const {
    return block_first(block + 1) - block_first(block);
  }

  // The workspace, in bytes: packed weights, partial sums of every task, then one part for each
  // worker.
  [[nodiscard]] index_t weights_bytes() const {
    return round_up(taps() * in.c * result_pitch * 4, 64);
  }
  [[nodiscard]] index_t partials_bytes() const { return round_up(tasks() * partials * 8, 64); }
  [[nodiscard]] index_t ring_floats() const { return round_up(ring * plane_pitch, 16); }
  [[nodiscard]] index_t result_floats() const {
    return round_up(group_planes * group_rows * out.w * result_pitch, 16);
  }
  [[nodiscard]] index_t runs_bytes() const {
    return round_up(taps() * static_cast<index_t>(sizeof(Run)), 64);
  }
  [[nodiscard]] index_t worker_bytes() const {
    const index_t widest = block_vectors(blocks - 1) * lanes;
    return (std::max)((ring_floats() + result_floats() + scratch) * 4 + runs_bytes(),
                      round_up(taps() * transposed_channels * widest * 4, 64));
  }
  [[nodiscard]] index_t bytes() const {
    return weights_bytes() + partials_bytes() + workers * worker_bytes();
  }

 private:
  /// The most input rows or planes that so many output rows or planes read, wherever they start.
  [[nodiscard]] index_t packed_extent(index_t outputs) const {
    index_t most = 1;
    for (index_t first = 0; first < axis.period(); ++first) {
      const Axis::Range range = axis.range(first, first + outputs);
      most = (std::max)(most, range.high - range.low + 1);
    }
    return most;
  }
  /// Even blocks of at most `most` that share `extent` evenly.
  static index_t even_share(index_t extent, index_t most) {
    return (std::min)(most, round_up(divide_up(extent, divide_up(extent, most)), 2));
  }
};

}  // namespace glia::cpu
