#pragma once

#include <algorithm>
#include <array>

#include "glia/backend/cpu/rows.hpp"
#include "glia/source/upsampled.hpp"
#include "glia/tensor/context.hpp"
#include "glia/tensor/view.hpp"

/// The adjoint of doubling, in gather form and one axis at a time: W first, so that a fine row is
/// read once and from one place; then H over the four rows, D over the four planes that a coarse
/// one served.
namespace glia::cpu {

/// The fine voxels 2i - 1 ... 2i + 2 that a coarse voxel served along one axis. Those outside have
/// weight 0 and a valid index.
struct GatherWeights {
  std::array<index_t, 4> index;
  std::array<float, 4> weight;

  GatherWeights(Interpolation kind, index_t coarse, index_t coarse_size) {
    for (index_t k = 0; k < 4; ++k) {
      const auto slot = static_cast<std::size_t>(k);
      const index_t fine = 2 * coarse - 1 + k;
      index[slot] = (std::clamp)(fine, index_t(0), 2 * coarse_size - 1);
      weight[slot] = 0;
      if (fine != index[slot]) continue;
      const LinearSample at = doubled_sample(kind, fine, coarse_size);
      if (at.low == coarse) weight[slot] += static_cast<float>(1 - at.weight);
      if (at.high == coarse) weight[slot] += static_cast<float>(at.weight);
    }
  }
};

/// out = the weighted sum of four rows.
struct GatherRows {
  std::array<const float*, 4> rows;
  std::array<float, 4> weights;
  float* out;

  template <int L>
  [[gnu::always_inline]] void block(index_t i) const {
    Floats<L> a, b, c, d;
    load<L>(a, rows[0] + i);
    load<L>(b, rows[1] + i);
    load<L>(c, rows[2] + i);
    load<L>(d, rows[3] + i);
    a = (a * weights[0] + b * weights[1]) + (c * weights[2] + d * weights[3]);
    save<L>(out + i, a);
  }
  template <class Set>
  [[gnu::always_inline]] static void run(const GatherRows& gather, index_t length) {
    for_channels<Set>(length, gather);
  }
};

/// A fine row shrunk to half its width; `out` is dense. All voxels but the ends have the weights
/// `middle`.
struct ShrinkRow {
  GatherWeights first, middle, last;

  template <class Set>
  [[gnu::always_inline]] static void run(const ShrinkRow& row, const float* fine, index_t pitch,
                                         const Shape& coarse, float* out) {
    const index_t channels = coarse.c;
    for_channels<Set>(channels, gather(row.first, fine, pitch, out));
    GatherRows voxel = gather(row.middle, fine, pitch, out + channels);
    for (index_t w = 1; w + 1 < coarse.w; ++w) {
      for_channels<Set>(channels, voxel);
      for (const float*& from : voxel.rows) from += 2 * pitch;
      voxel.out += channels;
    }
    if (coarse.w > 1)
      for_channels<Set>(channels, gather(row.last, fine, pitch, out + (coarse.w - 1) * channels));
  }
  /// One coarse voxel from the four fine ones that it served.
  [[gnu::always_inline]] static GatherRows gather(const GatherWeights& at, const float* fine,
                                                  index_t pitch, float* out) {
    return {{fine + at.index[0] * pitch, fine + at.index[1] * pitch, fine + at.index[2] * pitch,
             fine + at.index[3] * pitch},
            at.weight,
            out};
  }
};

/// The tasks of upsample_backward: blocks of coarse planes and rows, aligned as sinks demand.
struct UpsampleTasks {
  static constexpr index_t planes = 16, rows = 4;
  Shape coarse;
  [[nodiscard]] index_t plane_blocks() const { return (coarse.d + planes - 1) / planes; }
  [[nodiscard]] index_t row_blocks() const { return (coarse.h + rows - 1) / rows; }
  [[nodiscard]] index_t per_sample() const { return plane_blocks() * row_blocks(); }
  [[nodiscard]] index_t count() const { return coarse.n * per_sample(); }
  /// Floats of a coarse row, up to a cache line.
  [[nodiscard]] index_t row() const { return (coarse.w * coarse.c + 15) / 16 * 16; }
  /// Floats that one thread needs: a ring of four planes, a ring of four rows and a result.
  [[nodiscard]] index_t scratch() const { return (4 * rows + 4 + 1) * row(); }
};

/// One task: coarse planes in order, each adding two fine planes to the ring of shrunk ones.
class UpsampleBlock {
 public:
  UpsampleBlock(Interpolation kind, View<const float> fine, const AnySink& sink, index_t task,
                float* scratch)
      : kind_(kind),
        fine_(fine),
        sink_(sink),
        tasks_{sink.shape()},
        coarse_(tasks_.coarse),
        n_(task / tasks_.per_sample()),
        d0_(task % tasks_.per_sample() / tasks_.row_blocks() * UpsampleTasks::planes),
        d1_((std::min)(coarse_.d, d0_ + UpsampleTasks::planes)),
        h0_(task % tasks_.row_blocks() * UpsampleTasks::rows),
        h1_((std::min)(coarse_.h, h0_ + UpsampleTasks::rows)),
        planes_(scratch),
        rows_(planes_ + 4 * UpsampleTasks::rows * tasks_.row()),
        result_(rows_ + 4 * tasks_.row()) {}

  void run(double* partials) {
    const index_t length = coarse_.w * coarse_.c;
    index_t next = (std::max)(index_t(0), 2 * d0_ - 1);
    for (index_t d = d0_; d < d1_; ++d) {
      const GatherWeights at(kind_, d, coarse_.d);
      for (; next <= at.index[3]; ++next) shrink_plane(next);
      for (index_t h = h0_; h < h1_; ++h) {
        const std::array<const float*, 4> rows{shrunk(at.index[0], h), shrunk(at.index[1], h),
                                               shrunk(at.index[2], h), shrunk(at.index[3], h)};
        run_on<GatherRows>(sink_.isa, GatherRows{rows, at.weight, result_}, length);
        sink_.write({n_, d, h, result_, coarse_.c}, partials);
      }
    }
  }

 private:
  /// Coarse row h of a fine plane.
  [[nodiscard]] float* shrunk(index_t fine_d, index_t h) const {
    return planes_ + (fine_d % 4 * UpsampleTasks::rows + h - h0_) * tasks_.row();
  }
  [[nodiscard]] float* shrunk_row(index_t fine_h) const {
    return rows_ + fine_h % 4 * tasks_.row();
  }

  void shrink_plane(index_t fine_d) {
    index_t next = (std::max)(index_t(0), 2 * h0_ - 1);
    for (index_t h = h0_; h < h1_; ++h) {
      const GatherWeights at(kind_, h, coarse_.h);
      for (; next <= at.index[3]; ++next) {
        run_on<ShrinkRow>(sink_.isa, shrink_, fine_.row(n_, fine_d, next), fine_.pitch, coarse_,
                          shrunk_row(next));
      }
      const std::array<const float*, 4> rows{shrunk_row(at.index[0]), shrunk_row(at.index[1]),
                                             shrunk_row(at.index[2]), shrunk_row(at.index[3])};
      run_on<GatherRows>(sink_.isa, GatherRows{rows, at.weight, shrunk(fine_d, h)},
                         coarse_.w * coarse_.c);
    }
  }

  Interpolation kind_;
  View<const float> fine_;
  AnySink sink_;
  UpsampleTasks tasks_;
  Shape coarse_;
  index_t n_, d0_, d1_, h0_, h1_;
  float *planes_, *rows_, *result_;
  ShrinkRow shrink_{{kind_, 0, coarse_.w},
                    {kind_, (std::min)(index_t(1), coarse_.w - 1), coarse_.w},
                    {kind_, coarse_.w - 1, coarse_.w}};
};

/// Bytes that `upsample_backward` needs.
[[nodiscard]] inline index_t upsample_backward_workspace(Context& context, const AnySink& sink) {
  const UpsampleTasks tasks{sink.shape()};
  return (tasks.count() * sink.partials() + 7) / 8 * 8 * static_cast<index_t>(sizeof(double)) +
         context.threads() * tasks.scratch() * static_cast<index_t>(sizeof(float));
}

/// sink = adjoint of doubling applied to `fine` [N, 2D, 2H, 2W, C].
inline void upsample_backward(Context& context, Interpolation kind, View<const float> fine,
                              const AnySink& sink, std::byte* workspace) {
  const UpsampleTasks tasks{sink.shape()};
  const index_t partials = sink.partials();
  auto* const sums = reinterpret_cast<double*>(workspace);
  auto* const scratch = reinterpret_cast<float*>(sums + (tasks.count() * partials + 7) / 8 * 8);
  std::fill_n(sums, tasks.count() * partials, 0.0);
  context.pool().for_each(tasks.count(), [&](index_t task, int worker) {
    UpsampleBlock(kind, fine, sink, task, scratch + worker * tasks.scratch())
        .run(sums + task * partials);
  });
  for (index_t task = 0; task < tasks.count(); ++task) {
    sink.merge(task / tasks.per_sample(), sums + task * partials);
  }
}

}  // namespace glia::cpu
