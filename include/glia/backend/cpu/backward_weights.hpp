#pragma once

#include <algorithm>
#include <cstddef>

#include "glia/backend/cpu/backward_weights_plan.hpp"
#include "glia/tensor/context.hpp"

/// The gradients of a convolution's weights and bias:
/// dw[o][i][tap] += sum over voxels of x[voxel * stride + tap - padding][i] grad[voxel][o], db[o]
/// += sum of grad[.][o].
namespace glia::cpu {

/// Packs rows [first, first + side.rows) of plane `plane` (all in picked units, without padding) of
/// sample n into `out`. Rows outside the source become zero; panel tails and padding columns must
/// be zero already. A row of the gradient adds to `bias` if it is not null.
inline void pack_plane(const Packing& side, index_t n, index_t plane, index_t first, index_t last,
                       float* out, double* bias, float* scratch) {
  const Shape& s = side.shape;
  float* const rows = scratch + round_up(side.source.scratch(), 16);
  const index_t row_floats = s.w * s.c, picked = divide_up(s.h, side.pick);
  const auto target = [&](index_t h) {
    return out + (h - first) * side.row_floats() + side.padding * side.panel_width;
  };
  const auto clear = [&](index_t h) {
    for (index_t p = 0; p < side.panels; ++p) {
      std::fill_n(out + p * side.panel_floats() + (h - first) * side.row_floats(),
                  side.row_floats(), 0.0F);
    }
  };
  for (index_t h = first; h < last;) {
    if (h < 0 || h >= picked) {
      clear(h++);
      continue;
    }
    const index_t end = (std::min)({last, picked, h + side.rows_at_once()});
    const RowTarget to = side.direct() ? RowTarget{target(h), side.row_floats(), side.panel_width}
                                       : RowTarget{rows, row_floats, s.c};
    side.source.read({n, plane * side.pick, h * side.pick, (h + (end - h - 1)) * side.pick + 1}, to,
                     scratch);
    for (index_t row = h; row < end; ++row) {
      const float* from = to.data + (row - h) * to.row_pitch;
      if (bias) run_on<AddColumns>(side.source.isa, AddColumns{from, to.pitch, s.w, bias}, s.c);
      if (side.direct()) continue;
      run_on<SplitRow>(side.source.isa, SplitRow{from, side.pick * s.c, target(row),
                                                 side.panel_width, side.panel_floats(),
                                                 divide_up(s.w, side.pick), s.c, side.broadcast});
    }
    h = end;
  }
}

/// dw += the gradients of one pair of panels, turned into the order [Out, In, kD, kH, kW].
inline void add_pair(const BackwardWeightsPlan& plan, index_t pa, index_t pb, const float* pair,
                     float* dw) {
  const ConvDescriptor& c = plan.descriptor;
  const index_t width = plan.b.panel_width, taps = c.taps();
  const index_t rows = (std::min)(plan.a.panel_width, plan.a.shape.c - pa * plan.a.panel_width);
  const index_t used = (std::min)(width, plan.b.shape.c - pb * width);
  for (index_t column = 0; column < used; ++column) {
    for (index_t row = 0; row < rows; ++row) {
      const index_t at_a = pa * plan.a.panel_width + row, at_b = pb * width + column;
      float* to = dw + (plan.swapped ? at_a * c.in + at_b : at_b * c.in + at_a) * taps;
      const float* from = pair + row * width + column;
      for (index_t tap = 0; tap < taps; ++tap) to[tap] += from[tap * plan.a.panel_width * width];
    }
  }
}

/// One thread's part of a sliced gradient: packs the blocks of its chunk one after another and adds
/// their products.
class SlicedGradient {
 public:
  SlicedGradient(const BackwardWeightsPlan& plan, float* weights, double* bias, float* scratch)
      : plan_(plan),
        weights_(weights),
        bias_(bias),
        ring_(scratch),
        block_(ring_ + plan.ring_floats()),
        scratch_(block_ + plan.b.plane_floats()) {}

  void run(index_t first_unit, index_t last_unit) {
    std::fill_n(weights_, plan_.weight_floats(), 0.0F);
    std::fill_n(ring_, plan_.ring_floats() + plan_.b.plane_floats(), 0.0F);
    for (index_t unit = first_unit; unit < last_unit; ++unit) {
      const index_t per_sample = plan_.plane_blocks() * plan_.row_blocks(),
                    within = unit % per_sample;
      planes(unit / per_sample, within / plan_.row_blocks() * plan_.plane_block,
             within % plan_.row_blocks() * plan_.row_block);
    }
  }

 private:
  void planes(index_t n, index_t first_plane, index_t first_row) {
    const Packing &a = plan_.a, &b = plan_.b;
    const index_t kernel = plan_.descriptor.kernel,
                  last_row = (std::min)(plan_.out.h, first_row + plan_.row_block);
    index_t next = 0;
    for (index_t d = first_plane; d < (std::min)(plan_.out.d, first_plane + plan_.plane_block);
         ++d) {
      const index_t low = d * plan_.stride - a.padding,
                    first = first_row * plan_.stride - a.padding;
      for (next = (std::max)({next, low, index_t{0}});
           next < (std::min)(low + kernel, a.picked_planes()); ++next) {
        pack_plane(a, n, next, first, first + (last_row - first_row - 1) * plan_.stride + kernel,
                   ring_ + next % kernel * a.plane_floats(), a.is_gradient ? bias_ : nullptr,
                   scratch_);
      }
      pack_plane(b, n, d, first_row, last_row, block_, b.is_gradient ? bias_ : nullptr, scratch_);
      products(low, last_row - first_row);
    }
  }
  void products(index_t low, index_t rows) {
    const Packing &a = plan_.a, &b = plan_.b;
    const index_t kernel = plan_.descriptor.kernel;
    for (index_t pb = 0; pb < b.panels; ++pb) {
      for (index_t h = 0; h < rows; h += plan_.rows_per_tile()) {
        for (index_t kd = 0; kd < kernel; ++kd) {
          if (low + kd < 0 || low + kd >= a.picked_planes()) continue;
          const TileLoop loop{
              ring_ + (low + kd) % kernel * a.plane_floats() + h * plan_.stride * a.row_floats(),
              a.panel_floats(),
              a.row_floats(),
              a.panel_width,
              plan_.stride,
              block_ + pb * b.panel_floats() + h * b.row_floats(),
              (std::min)(plan_.rows_per_tile(), rows - h),
              plan_.out.w,
              weights_ + pb * a.panels * plan_.pair_floats() + kd * plan_.plane_taps_floats(),
              plan_.pair_floats(),
              a.panels,
              kernel,
              plan_.tile_rows,
              plan_.vectors(pb)};
          run_on<TileLoop>(plan_.isa, loop);
        }
      }
    }
  }

  const BackwardWeightsPlan& plan_;
  float* weights_;
  double* bias_;
  float *ring_, *block_, *scratch_;
};

/// dw += the products of packed factors for panel `pb` of b and panels [first, last) of a.
inline void add_whole(const BackwardWeightsPlan& plan, const float* packed_a, const float* packed_b,
                      index_t pb, index_t first, index_t last, float* pair, float* dw) {
  const Packing &a = plan.a, &b = plan.b;
  const index_t kernel = plan.descriptor.kernel, rows_per_tile = plan.rows_per_tile();
  for (index_t pa = first; pa < last; ++pa) {
    std::fill_n(pair, plan.pair_floats(), 0.0F);
    for (index_t plane = 0; plane < plan.out.n * plan.out.d; ++plane) {
      const index_t n = plane / plan.out.d, low = plane % plan.out.d * plan.stride - a.padding;
      for (index_t h = 0; h < plan.out.h; h += rows_per_tile) {
        for (index_t kd = 0; kd < kernel; ++kd) {
          if (low + kd < 0 || low + kd >= a.picked_planes()) continue;
          const float* plane_a = packed_a + (n * a.picked_planes() + low + kd) * a.plane_floats();
          const TileLoop loop{
              plane_a + pa * a.panel_floats() + h * plan.stride * a.row_floats(),
              a.panel_floats(),
              a.row_floats(),
              a.panel_width,
              plan.stride,
              packed_b + plane * b.plane_floats() + pb * b.panel_floats() + h * b.row_floats(),
              (std::min)(rows_per_tile, plan.out.h - h),
              plan.out.w,
              pair + kd * plan.plane_taps_floats(),
              plan.pair_floats(),
              1,
              kernel,
              plan.tile_rows,
              plan.vectors(pb)};
          run_on<TileLoop>(plan.isa, loop);
        }
      }
    }
    add_pair(plan, pa, pb, pair, dw);
  }
}

/// Bytes that `backward_weights` needs.
[[nodiscard]] inline index_t backward_weights_workspace(Context& context, const ConvDescriptor& c,
                                                        const AnySource& x, const AnySource& grad) {
  return BackwardWeightsPlan(c, x, grad, context.threads()).bytes();
}

/// dw [Out, In, kD, kH, kW] and db [Out] (null: no bias) += the gradients; x and grad are the input
/// and the gradient of the output of convolution `c`.
inline void backward_weights(Context& context, const ConvDescriptor& c, const AnySource& x,
                             const AnySource& grad, float* dw, float* db, std::byte* workspace) {
  const BackwardWeightsPlan plan(c, x, grad, context.threads());
  auto* const bias = reinterpret_cast<double*>(workspace);
  auto* const shared = reinterpret_cast<float*>(workspace + plan.bias_bytes());
  auto* const workers =
      reinterpret_cast<float*>(workspace + plan.bias_bytes() + plan.shared_bytes());
  const auto scratch_of = [&](int worker) { return workers + worker * plan.worker_floats(); };
  std::fill_n(bias, plan.bias_sums() * plan.out.c, 0.0);

  if (plan.whole) {
    float* const packed_b = shared + plan.packed_a_floats();
    const auto pack = [&](const Packing& side, index_t plane, float* packed, float* scratch) {
      const index_t planes = side.picked_planes();
      float* const to = packed + plane * side.plane_floats();
      std::fill_n(to, side.plane_floats(), 0.0F);
      pack_plane(side, plane / planes, plane % planes, -side.padding, side.rows - side.padding, to,
                 side.is_gradient ? bias + plane * plan.out.c : nullptr, scratch);
    };
    const index_t planes_of_a = plan.out.n * plan.a.picked_planes();
    context.pool().for_each(planes_of_a + plan.out.n * plan.b.picked_planes(),
                            [&](index_t task, int worker) {
                              if (task < planes_of_a) {
                                pack(plan.a, task, shared, scratch_of(worker));
                              } else {
                                pack(plan.b, task - planes_of_a, packed_b, scratch_of(worker));
                              }
                            });
    context.pool().for_each(plan.b.panels * plan.groups(), [&](index_t task, int worker) {
      const index_t first = task % plan.groups() * BackwardWeightsPlan::panels_of_task;
      add_whole(plan, shared, packed_b, task / plan.groups(), first,
                (std::min)(plan.a.panels, first + BackwardWeightsPlan::panels_of_task),
                scratch_of(worker), dw);
    });
  } else {
    const index_t floats = plan.weight_floats(), pair = plan.pair_floats();
    context.pool().for_each(plan.chunks, [&](index_t chunk, int worker) {
      SlicedGradient(plan, shared + chunk * floats, bias + chunk * plan.out.c, scratch_of(worker))
          .run(plan.units() * chunk / plan.chunks, plan.units() * (chunk + 1) / plan.chunks);
    });
    context.pool().for_each(plan.b.panels * plan.a.panels, [&](index_t task, int) {
      float* const sum = shared + task * pair;
      for (index_t chunk = 1; chunk < plan.chunks; ++chunk) {
        run_on<AddArray>(plan.isa, AddArray{sum + chunk * floats, sum}, pair);
      }
      add_pair(plan, task % plan.a.panels, task / plan.a.panels, sum, dw);
    });
  }
  for (index_t o = 0; db && o < plan.out.c; ++o) {
    double sum = 0;
    for (index_t part = 0; part < plan.bias_sums(); ++part) sum += bias[part * plan.out.c + o];
    db[o] += static_cast<float>(sum);
  }
}

}  // namespace glia::cpu
