#pragma once

#include <algorithm>
#include <cstddef>

#include "glia/backend/cpu/direct_plan.hpp"
#include "glia/tensor/context.hpp"

/// Convolution of a source into a sink, and its adjoint with respect to the input: the same kernel
/// on transposed weights, strided adjoints class by class of output residues.
namespace glia::cpu {

/// `count` channels of weights, `filled` lanes of them, [lane][channel][taps] by strides ->
/// [channel][tap][width], zeros behind the last lane.
inline void transpose_weights(const float* weights, index_t lane_stride, index_t filled,
                              index_t channel_stride, index_t count, index_t taps, float* out,
                              index_t width) {
  if (filled < width) std::fill_n(out, count * taps * width, 0.0F);
  for (index_t lane = 0; lane < filled; ++lane) {
    for (index_t c = 0; c < count; ++c) {
      const float* from = weights + lane * lane_stride + c * channel_stride;
      float* to = out + c * taps * width + lane;
      for (index_t tap = 0; tap < taps; ++tap) to[tap * width] = from[tap];
    }
  }
}

/// Weights [Out, In, kernel^3] -> [block][slot][channel of the source][vectors of the block,
/// lanes], zeros behind the sink's last channel. Taps are contiguous in one and lanes in the other,
/// so a few channels at a time are transposed in the worker's memory.
inline void pack_weights(Context& context, const DirectPlan& plan, const float* weights,
                         float* packed, std::byte* memory) {
  const index_t kernel = plan.axis.kernel, taps = plan.taps(), channels = plan.in.c;
  const index_t lane_stride = plan.axis.adjoint ? taps : channels * taps;
  const index_t channel_stride = plan.axis.adjoint ? plan.out.c * taps : taps;
  constexpr index_t chunk = DirectPlan::transposed_channels;
  const index_t chunks = divide_up(channels, chunk);
  context.pool().for_each(plan.blocks * chunks, [&](index_t task, int worker) {
    const index_t block = task / chunks, first_lane = plan.block_first(block) * plan.lanes;
    const index_t width = plan.block_vectors(block) * plan.lanes;
    const index_t filled = (std::min)(width, plan.out.c - first_lane);
    const index_t first = task % chunks * chunk, count = (std::min)(channels - first, chunk);
    auto* transposed = reinterpret_cast<float*>(memory + worker * plan.worker_bytes());
    transpose_weights(weights + first_lane * lane_stride + first * channel_stride, lane_stride,
                      filled, channel_stride, count, taps, transposed, width);
    for (index_t slot = 0; slot < taps; ++slot) {
      const index_t tap = (plan.axis.kernel_at(slot / (kernel * kernel)) * kernel +
                           plan.axis.kernel_at(slot / kernel % kernel)) *
                              kernel +
                          plan.axis.kernel_at(slot % kernel);
      float* to = packed + taps * channels * first_lane + (slot * channels + first) * width;
      for (index_t c = 0; c < count; ++c)
        std::copy_n(transposed + (c * taps + tap) * width, width, to + c * width);
    }
  });
}

/// The part of a convolution that one worker does at a time.
class DirectTask {
 public:
  DirectTask(const DirectPlan& plan, const AnySource& source, const AnySink& sink,
             const float* weights, std::byte* memory)
      : plan_(plan),
        axis_(plan.axis),
        source_(source),
        sink_(sink),
        weights_(weights),
        ring_(reinterpret_cast<float*>(memory)),
        result_(ring_ + plan.ring_floats()),
        scratch_(result_ + plan.result_floats()),
        runs_(reinterpret_cast<Run*>(scratch_ + plan.scratch)) {}

  void run(index_t task, double* partials) {
    n_ = task / (plan_.plane_blocks() * plan_.row_blocks());
    const index_t first_plane =
        task / plan_.row_blocks() % plan_.plane_blocks() * plan_.plane_block;
    const index_t last_plane = (std::min)(plan_.out.d, first_plane + plan_.plane_block);
    const index_t first_row = task % plan_.row_blocks() * plan_.row_block;
    const index_t last_row = (std::min)(plan_.out.h, first_row + plan_.row_block);
    packed_rows_ = axis_.range(first_row, last_row);
    std::fill_n(partials, plan_.partials, 0.0);
    index_t next = 0;
    for (index_t d = first_plane; d < last_plane; d += plan_.group_planes) {
      const index_t planes = (std::min)(last_plane - d, plan_.group_planes);
      const Axis::Range needed = axis_.range(d, d + planes);
      next = (std::max)({next, needed.low, index_t{0}});
      for (; next <= (std::min)(needed.high, plan_.in.d - 1); ++next) pack(next);
      for (index_t h = first_row; h < last_row; h += plan_.group_rows) {
        make_group({d, planes, h, (std::min)(last_row - h, plan_.group_rows)}, partials);
      }
    }
  }

 private:
  [[nodiscard]] float* packed_row(index_t d, index_t h) const {
    return ring_ + d % plan_.ring * plan_.plane_pitch + (h - packed_rows_.low) * plan_.row_pitch;
  }

  /// Input plane d between columns of zeros; rows and planes outside the input are never read.
  void pack(index_t d) {
    const index_t first = (std::max)(packed_rows_.low, index_t{0});
    const index_t last = (std::min)(packed_rows_.high + 1, plan_.in.h);
    if (first >= last) return;
    const index_t before = -plan_.first_column * plan_.pixel_pitch,
                  inside = plan_.in.w * plan_.pixel_pitch;
    for (index_t h = first; h < last; ++h) {
      float* row = packed_row(d, h);
      std::fill_n(row, before, 0.0F);
      std::fill(row + before + inside, row + plan_.row_pixels * plan_.pixel_pitch, 0.0F);
    }
    source_.read({n_, d, first, last},
                 {packed_row(d, first) + before, plan_.row_pitch, plan_.pixel_pitch}, scratch_);
  }

  /// `rows` rows of each of `planes` planes.
  struct Group {
    index_t first_plane, planes, first_row, rows;
  };

  /// Weights are met in chunks, each by all rows of the group, so that they stay in the cache.
  void make_group(const Group& group, double* partials) {
    const index_t pairs = axis_.most_taps() * axis_.most_taps(), rows = group.planes * group.rows;
    const auto d = [&](index_t row) { return group.first_plane + row / group.rows; };
    const auto h = [&](index_t row) { return group.first_row + row % group.rows; };
    const auto at = [&](index_t row) { return result_ + row * plan_.out.w * plan_.result_pitch; };
    for (index_t block = 0; block < plan_.blocks; ++block) {
      const index_t pair_bytes =
          axis_.most_taps() * plan_.in.c * plan_.block_vectors(block) * plan_.lanes * 4;
      const index_t chunk = (std::max)(index_t{1}, DirectPlan::chunk_bytes / pair_bytes);
      for (index_t pair = 0; pair < pairs; pair += chunk) {
        for (index_t row = 0; row < rows; ++row)
          make_row(block, d(row), h(row), pair, pair + chunk, at(row));
      }
    }
    for (index_t row = 0; row < rows; ++row)
      sink_.write({n_, d(row), h(row), at(row), plan_.result_pitch}, partials);
  }

  /// Adds taps [first_pair, last_pair) over (d, h) to one block of channels of a row.
  void make_row(index_t block, index_t d, index_t h, index_t first_pair, index_t last_pair,
                float* row) {
    const index_t vectors = plan_.block_vectors(block), most = most_pixels(plan_.isa, vectors);
    for (index_t residue = 0; residue < axis_.period() && residue < plan_.out.w; ++residue) {
      const index_t run_count = find_runs(block, d, h, residue, first_pair, last_pair);
      if (run_count == 0 && first_pair > 0) continue;
      Tile tile{runs_,
                run_count,
                axis_.step() * plan_.pixel_pitch,
                row + residue * plan_.result_pitch + plan_.block_first(block) * plan_.lanes,
                axis_.period() * plan_.result_pitch,
                first_pair > 0};
      for (index_t left = divide_up(plan_.out.w - residue, axis_.period()); left > 0;) {
        const index_t pixels = divide_up(left, divide_up(left, most));
        tile_function(plan_.isa, pixels, vectors)(tile);
        for (index_t r = 0; r < run_count; ++r) runs_[r].x += pixels * tile.x_step;
        tile.out += pixels * tile.out_step;
        left -= pixels;
      }
    }
  }

  /// The runs that the first pixel of a residue class of a row reads.
  index_t find_runs(index_t block, index_t d, index_t h, index_t residue, index_t first_pair,
                    index_t last_pair) {
    const Axis::Taps planes = axis_.taps(d % axis_.period()), rows = axis_.taps(h % axis_.period());
    const Axis::Taps across = axis_.taps(residue);
    const index_t kernel = axis_.kernel, channels = plan_.in.c;
    const index_t width = plan_.block_vectors(block) * plan_.lanes;
    const float* weights =
        weights_ + plan_.taps() * channels * plan_.block_first(block) * plan_.lanes;
    if (across.count == 0) return 0;
    index_t count = 0;
    for (index_t pair = first_pair; pair < (std::min)(last_pair, planes.count * rows.count);
         ++pair) {
      const index_t td = pair / rows.count, th = pair % rows.count;
      const index_t in_d = axis_.origin(d) + planes.offset + td,
                    in_h = axis_.origin(h) + rows.offset + th;
      if (in_d < 0 || in_d >= plan_.in.d || in_h < 0 || in_h >= plan_.in.h) continue;
      const float* x =
          packed_row(in_d, in_h) + (across.offset - plan_.first_column) * plan_.pixel_pitch;
      const index_t slot = ((planes.slot + td) * kernel + rows.slot + th) * kernel + across.slot;
      const float* w = weights + slot * channels * width;
      if (plan_.pixel_pitch == channels) {
        runs_[count++] = {x, w, across.count * channels};
      } else {
        for (index_t tw = 0; tw < across.count; ++tw) {
          runs_[count++] = {x + tw * plan_.pixel_pitch, w + tw * channels * width, channels};
        }
      }
    }
    return count;
  }

  const DirectPlan& plan_;
  const Axis& axis_;
  const AnySource& source_;
  const AnySink& sink_;
  const float* weights_;
  float *ring_, *result_, *scratch_;
  Run* runs_;
  index_t n_ = 0;
  Axis::Range packed_rows_{0, -1};
};

/// Calls run(task, worker, partials of the task) for every task of a plan, then merges the partials
/// in order.
template <class Plan, class Run>
void run_tasks(Context& context, const Plan& plan, const AnySink& sink, std::byte* workspace,
               Run&& run) {
  auto* partials = reinterpret_cast<double*>(workspace + plan.weights_bytes());
  context.pool().for_each(plan.tasks(), [&](index_t task, int worker) {
    run(task, worker, partials + task * plan.partials);
  });
  const index_t tasks_of_sample = plan.tasks() / plan.out.n;
  for (index_t task = 0; task < plan.tasks(); ++task) {
    sink.merge(task / tasks_of_sample, partials + task * plan.partials);
  }
}

/// sink = convolution of source, or sink = its adjoint applied to source (the gradient of the
/// output).
inline void convolve(Context& context, const DirectPlan& plan, const AnySource& source,
                     const float* weights, const AnySink& sink, std::byte* workspace) {
  auto* packed = reinterpret_cast<float*>(workspace);
  std::byte* memory = workspace + plan.weights_bytes() + plan.partials_bytes();
  pack_weights(context, plan, weights, packed, memory);
  run_tasks(context, plan, sink, workspace, [&](index_t task, int worker, double* partials) {
    DirectTask(plan, source, sink, packed, memory + worker * plan.worker_bytes())
        .run(task, partials);
  });
}

}  // namespace glia::cpu
