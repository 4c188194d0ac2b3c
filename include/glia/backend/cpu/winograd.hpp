#pragma once

#include <algorithm>
#include <cstddef>

#include "glia/backend/cpu/direct.hpp"
#include "glia/backend/cpu/winograd_transforms.hpp"

/// 3x3x3 convolutions of stride 1, and their adjoints, by Winograd's minimal filtering F(2, 3)
/// along each axis.
namespace glia::cpu {

/// How they are cut. A task is a block of output planes and rows of one sample; a group is a number
/// of 2x2x2 tiles whose 64 products with the transformed weights are made at a time.
struct WinogradPlan {
  static constexpr index_t ring_bytes = 400 * 1024;  ///< wanted size of the packed input planes
  static constexpr index_t group_tiles = 32;         ///< wanted tiles of a group
  static constexpr index_t weight_bytes_limit = index_t{1} << 25;
  static constexpr index_t least_channels = 16, least_tiles = 256, wanted_tasks = 32;
  static constexpr index_t transposed_channels = 4;  ///< that weights are transformed by

  Isa isa;
  bool adjoint;
  Shape in, out;
  index_t lanes, vectors, blocks, result_pitch;
  index_t tile_columns, row_block, plane_block, pixel_pitch, row_pitch, plane_pitch;
  index_t segment,
      group_pairs;  ///< a group is `segment` tiles of each of `group_pairs` pairs of rows
  index_t scratch, partials, workers;

  /// Whether the products saved outweigh transforms and larger weights.
  static bool suits(const ConvDescriptor& c, Shape out) {
    const index_t tiles = out.n * divide_up(out.d, 2) * divide_up(out.h, 2) * divide_up(out.w, 2);
    return c.kernel == 3 && c.stride == 1 && (std::min)(c.in, c.out) >= least_channels &&
           tiles >= least_tiles && out.n * out.voxels() * 27 >= 2 * tiles * winograd_points &&
           winograd_points * c.in * c.out * 4 <= weight_bytes_limit;
  }

  WinogradPlan(bool transposed, const AnySource& source, const AnySink& sink, int threads)
      : isa(source.isa),
        adjoint(transposed),
        in(source.shape()),
        out(sink.shape()),
        lanes(vector_bytes(isa) / 4),
        vectors(divide_up(out.c, lanes)),
        blocks((std::max)(index_t{1}, vectors / 2)),
        result_pitch(vectors * lanes),
        tile_columns(divide_up(out.w, 2)),
        pixel_pitch(in.c),
        row_pitch((2 * tile_columns + 2) * pixel_pitch),
        scratch(round_up(source.scratch(), 16)),
        partials(sink.partials()),
        workers(threads) {
    row_block = (std::max)((ring_bytes / (16 * row_pitch) - 2) / 2 * 2,
                           2 * divide_up(group_tiles, tile_columns));
    row_block = round_up(divide_up(out.h, divide_up(out.h, row_block)), 2);
    plane_block = round_up(divide_up(out.d, divide_up(out.d, index_t{16})), 2);
    while (tasks() < wanted_tasks && plane_block > 2) plane_block = round_up(plane_block / 2, 2);
    plane_pitch = round_up((row_block + 2) * row_pitch, 16);
    segment = divide_up(tile_columns, divide_up(tile_columns, group_tiles));
    group_pairs = std::clamp(group_tiles / tile_columns, index_t{1}, row_block / 2);
  }

  [[nodiscard]] index_t row_blocks() const { return divide_up(out.h, row_block); }
  [[nodiscard]] index_t plane_blocks() const { return divide_up(out.d, plane_block); }
  [[nodiscard]] index_t tasks() const { return out.n * plane_blocks() * row_blocks(); }
  [[nodiscard]] index_t block_first(index_t block) const { return vectors * block / blocks; }
  [[nodiscard]] index_t block_vectors(index_t block) const {
    return block_first(block + 1) - block_first(block);
  }

  // Points lie an odd number of cache lines apart, tiles not 1 KiB, so that few compete for the
  // same sets of a cache.
  [[nodiscard]] index_t tile_pitch() const { return in.c % 256 == 0 ? in.c + 16 : in.c; }
  [[nodiscard]] index_t input_pitch() const {
    return round_up(segment * group_pairs * tile_pitch(), 32) + 16;
  }
  [[nodiscard]] index_t product_pitch() const {
    return round_up(segment * group_pairs * result_pitch, 32) + 16;
  }
  [[nodiscard]] index_t weights_pitch() const { return in.c * result_pitch; }
  [[nodiscard]] index_t result_row() const { return 2 * tile_columns * result_pitch; }

  [[nodiscard]] index_t weights_bytes() const {
    return round_up(winograd_points * weights_pitch() * 4, 64);
  }
  [[nodiscard]] index_t partials_bytes() const { return round_up(tasks() * partials * 8, 64); }
  [[nodiscard]] index_t worker_bytes() const {
    const index_t floats = 4 * plane_pitch + winograd_points * (input_pitch() + product_pitch()) +
                           round_up(4 * group_pairs * result_row(), 16) + scratch;
    return (std::max)(floats,
                      round_up(27 * transposed_channels * block_vectors(blocks - 1) * lanes, 16)) *
           4;
  }
  [[nodiscard]] index_t bytes() const {
    return weights_bytes() + partials_bytes() + workers * worker_bytes();
  }
};

/// Weights [Out, In, 27] -> [64][block][channel of the source][vectors of the block, lanes].
inline void transform_weights(Context& context, const WinogradPlan& plan, const float* weights,
                              float* transformed, std::byte* memory) {
  constexpr index_t chunk = WinogradPlan::transposed_channels;
  const index_t chunks = divide_up(plan.in.c, chunk);
  const index_t lane_stride = plan.adjoint ? 27 : plan.in.c * 27,
                channel_stride = plan.adjoint ? plan.out.c * 27 : 27;
  context.pool().for_each(plan.blocks * chunks, [&](index_t task, int worker) {
    const index_t block = task / chunks, first_lane = plan.block_first(block) * plan.lanes;
    const index_t width = plan.block_vectors(block) * plan.lanes;
    const index_t filled = (std::min)(width, plan.out.c - first_lane);
    const index_t first = task % chunks * chunk, count = (std::min)(plan.in.c - first, chunk);
    auto* transposed = reinterpret_cast<float*>(memory + worker * plan.worker_bytes());
    transpose_weights(weights + first_lane * lane_stride + first * channel_stride, lane_stride,
                      filled, channel_stride, count, 27, transposed, width);
    for (index_t c = 0; c < count; ++c) {
      const WinogradWeights kernel{transposed + c * 27 * width, width,
                                   transformed + plan.in.c * first_lane + (first + c) * width,
                                   plan.weights_pitch(), plan.adjoint};
      run_on<WinogradWeights>(plan.isa, kernel);
    }
  });
}

/// The part of a convolution that one worker does at a time.
class WinogradTask {
 public:
  WinogradTask(const WinogradPlan& plan, const AnySource& source, const AnySink& sink,
               const float* weights, std::byte* memory)
      : plan_(plan),
        source_(source),
        sink_(sink),
        weights_(weights),
        ring_(reinterpret_cast<float*>(memory)),
        inputs_(ring_ + 4 * plan.plane_pitch),
        products_(inputs_ + winograd_points * plan.input_pitch()),
        result_(products_ + winograd_points * plan.product_pitch()),
        scratch_(result_ + round_up(4 * plan.group_pairs * plan.result_row(), 16)) {}

  void run(index_t task, double* partials) {
    n_ = task / (plan_.plane_blocks() * plan_.row_blocks());
    const index_t first_plane =
        task / plan_.row_blocks() % plan_.plane_blocks() * plan_.plane_block;
    const index_t last_plane = (std::min)(plan_.out.d, first_plane + plan_.plane_block);
    first_row_ = task % plan_.row_blocks() * plan_.row_block;
    last_row_ = (std::min)(plan_.out.h, first_row_ + plan_.row_block);
    const index_t pairs = divide_up(last_row_ - first_row_, 2);
    std::fill_n(partials, plan_.partials, 0.0);
    pack(first_plane - 1);
    pack(first_plane);
    for (index_t d = first_plane; d < last_plane; d += 2) {
      pack(d + 1);
      pack(d + 2);
      for (index_t pair = 0; pair < pairs; pair += plan_.group_pairs) {
        make_rows(d, pair, (std::min)(pairs - pair, plan_.group_pairs), partials);
      }
    }
  }

 private:
  [[nodiscard]] float* plane(index_t d) const { return ring_ + (d + 4) % 4 * plan_.plane_pitch; }

  /// Input plane d with a border of zeros, rows first_row - 1 and on.
  void pack(index_t d) {
    const index_t first = (std::max)(first_row_ - 1, index_t{0});
    const index_t last =
        d < 0 || d >= plan_.in.d ? first : (std::min)(plan_.in.h, first_row_ + plan_.row_block + 1);
    const index_t inside = plan_.in.w * plan_.pixel_pitch;
    float *row = plane(d), *end = row + plan_.plane_pitch;
    const RowTarget target{row + (first - first_row_ + 1) * plan_.row_pitch + plan_.pixel_pitch,
                           plan_.row_pitch, plan_.pixel_pitch};
    if (first < last) source_.read({n_, d, first, last}, target, scratch_);
    for (index_t h = first_row_ - 1; h < last; ++h, row += plan_.row_pitch) {
      if (h < 0) {
        std::fill_n(row, plan_.row_pitch, 0.0F);
      } else {
        std::fill_n(row, plan_.pixel_pitch, 0.0F);
        std::fill(row + plan_.pixel_pitch + inside, row + plan_.row_pitch, 0.0F);
      }
    }
    std::fill(row, end, 0.0F);
  }

  /// `pairs` pairs of rows, from `pair` of the task on, of planes d and d + 1.
  void make_rows(index_t d, index_t pair, index_t pairs, double* partials) {
    const index_t row = plan_.result_row();
    for (index_t first = 0; first < plan_.tile_columns; first += plan_.segment) {
      const index_t tiles = (std::min)(plan_.segment, plan_.tile_columns - first);
      for (index_t p = 0; p < pairs; ++p) {
        const index_t at = 2 * (pair + p) * plan_.row_pitch + 2 * first * plan_.pixel_pitch;
        const WinogradInput input{
            {plane(d - 1) + at, plane(d) + at, plane(d + 1) + at, plane(d + 2) + at},
            plan_.row_pitch,
            plan_.pixel_pitch,
            tiles,
            plan_.in.c,
            inputs_ + p * tiles * plan_.tile_pitch(),
            plan_.tile_pitch(),
            plan_.input_pitch()};
        run_on<WinogradInput>(plan_.isa, input);
      }
      multiply(pairs * tiles);
      for (index_t p = 0; p < pairs; ++p) {
        float* to = result_ + 2 * p * row + 2 * first * plan_.result_pitch;
        const index_t plane_rows = 2 * plan_.group_pairs * row;
        const WinogradOutput output{products_ + p * tiles * plan_.result_pitch,
                                    plan_.product_pitch(),
                                    tiles,
                                    plan_.result_pitch,
                                    {{to, to + row}, {to + plane_rows, to + plane_rows + row}}};
        run_on<WinogradOutput>(plan_.isa, output);
      }
    }
    const index_t first_row = first_row_ + 2 * pair,
                  last_row = (std::min)(last_row_, first_row + 2 * pairs);
    for (index_t plane = 0; plane < (std::min)(index_t{2}, plan_.out.d - d); ++plane) {
      for (index_t h = first_row; h < last_row; ++h) {
        float* from = result_ + (2 * plane * plan_.group_pairs + h - first_row) * row;
        sink_.write({n_, d + plane, h, from, plan_.result_pitch}, partials);
      }
    }
  }

  /// 64 products of matrices, tiles x channels by channels x output channels.
  void multiply(index_t tiles) {
    for (index_t point = 0; point < winograd_points; ++point) {
      for (index_t block = 0; block < plan_.blocks; ++block) {
        const index_t vectors = plan_.block_vectors(block),
                      lane = plan_.block_first(block) * plan_.lanes;
        const index_t most = most_pixels(plan_.isa, vectors);
        Run run{inputs_ + point * plan_.input_pitch(),
                weights_ + point * plan_.weights_pitch() + plan_.in.c * lane, plan_.in.c};
        Tile tile{&run,
                  1,
                  plan_.tile_pitch(),
                  products_ + point * plan_.product_pitch() + lane,
                  plan_.result_pitch,
                  false};
        for (index_t left = tiles; left > 0;) {
          const index_t pixels = divide_up(left, divide_up(left, most));
          tile_function(plan_.isa, pixels, vectors)(tile);
          run.x += pixels * tile.x_step;
          tile.out += pixels * tile.out_step;
          left -= pixels;
        }
      }
    }
  }

  const WinogradPlan& plan_;
  const AnySource& source_;
  const AnySink& sink_;
  const float* weights_;
  float *ring_, *inputs_, *products_, *result_, *scratch_;
  index_t n_ = 0, first_row_ = 0, last_row_ = 0;
};

/// sink = convolution of source, or its adjoint applied to source.
inline void convolve(Context& context, const WinogradPlan& plan, const AnySource& source,
                     const float* weights, const AnySink& sink, std::byte* workspace) {
  auto* transformed = reinterpret_cast<float*>(workspace);
  std::byte* memory = workspace + plan.weights_bytes() + plan.partials_bytes();
  transform_weights(context, plan, weights, transformed, memory);
  run_tasks(context, plan, sink, workspace, [&](index_t task, int worker, double* partials) {
    WinogradTask(plan, source, sink, transformed, memory + worker * plan.worker_bytes())
        .run(task, partials);
  });
}

}  // namespace glia::cpu
