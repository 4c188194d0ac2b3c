#pragma once

#include <algorithm>
#include <cstddef>

#include "glia/backend/cpu/round.hpp"
#include "glia/backend/cpu/rows.hpp"
#include "glia/tensor/context.hpp"

namespace glia::cpu {

/// How `store` is cut: tasks of two planes by an even number of rows, whatever the threads.
struct StorePlan {
  static constexpr index_t task_bytes = 128 * 1024;  ///< wanted size of a task's rows of one plane

  Shape shape;
  index_t row_block, row_pitch, scratch, partials, workers;

  StorePlan(const AnySource& source, const AnySink& sink, int threads)
      : shape(sink.shape()),
        row_pitch(round_up(shape.w * shape.c, 16)),
        scratch(round_up(source.scratch(), 16)),
        partials(sink.partials()),
        workers(threads) {
    row_block = std::clamp(task_bytes / (row_pitch * 4) / 2 * 2, index_t{2}, round_up(shape.h, 2));
  }
  [[nodiscard]] index_t row_blocks() const { return divide_up(shape.h, row_block); }
  [[nodiscard]] index_t tasks_of_sample() const { return divide_up(shape.d, 2) * row_blocks(); }
  [[nodiscard]] index_t tasks() const { return shape.n * tasks_of_sample(); }
  [[nodiscard]] index_t partials_bytes() const { return round_up(tasks() * partials * 8, 64); }
  [[nodiscard]] index_t worker_bytes() const { return (row_block * row_pitch + scratch) * 4; }
  [[nodiscard]] index_t bytes() const { return partials_bytes() + workers * worker_bytes(); }
};

/// sink = source.
inline void store(Context& context, const AnySource& source, const AnySink& sink,
                  std::byte* workspace) {
  const StorePlan plan(source, sink, context.threads());
  auto* partials = reinterpret_cast<double*>(workspace);
  context.pool().for_each(plan.tasks(), [&](index_t task, int worker) {
    auto* rows =
        reinterpret_cast<float*>(workspace + plan.partials_bytes() + worker * plan.worker_bytes());
    double* sums = partials + task * plan.partials;
    std::fill_n(sums, plan.partials, 0.0);
    const index_t n = task / plan.tasks_of_sample(), within = task % plan.tasks_of_sample();
    const index_t first_plane = within / plan.row_blocks() * 2,
                  first_row = within % plan.row_blocks() * plan.row_block;
    const index_t last_row = (std::min)(plan.shape.h, first_row + plan.row_block);
    for (index_t d = first_plane; d < (std::min)(plan.shape.d, first_plane + 2); ++d) {
      source.read({n, d, first_row, last_row}, {rows, plan.row_pitch, plan.shape.c},
                  rows + plan.row_block * plan.row_pitch);
      for (index_t h = first_row; h < last_row; ++h) {
        sink.write({n, d, h, rows + (h - first_row) * plan.row_pitch, plan.shape.c}, sums);
      }
    }
  });
  for (index_t task = 0; task < plan.tasks(); ++task) {
    sink.merge(task / plan.tasks_of_sample(), partials + task * plan.partials);
  }
}

}  // namespace glia::cpu
