#pragma once

#include "glia/backend/cpu/exponential.hpp"
#include "glia/backend/cpu/sink_rows.hpp"
#include "glia/backend/cpu/source_rows.hpp"
#include "glia/source/voxelwise.hpp"

/// Evaluation by rows of functions of a voxel's channels. Channels are few, so vectors run along
/// voxels: a block of them is gathered into one array per channel first.
namespace glia::cpu {

/// A block of voxels, channel by channel.
struct ChannelBlock {
  static constexpr index_t voxels = 64;
  static constexpr index_t most_channels = most_voxel_channels;
  float channel[most_channels][voxels];

  /// Voxels behind the end are 0.
  [[gnu::always_inline]] void gather(const float* from, index_t pitch, index_t count,
                                     index_t channels) {
    for (index_t c = 0; c < channels; ++c) {
      for (index_t w = 0; w < count; ++w) channel[c][w] = from[w * pitch + c];
      for (index_t w = count; w < voxels; ++w) channel[c][w] = 0;
    }
  }
  [[gnu::always_inline]] void scatter(float* to, index_t pitch, index_t count,
                                      index_t channels) const {
    for (index_t c = 0; c < channels; ++c)
      for (index_t w = 0; w < count; ++w) to[w * pitch + c] = channel[c][w];
  }
  [[gnu::always_inline]] void add_to(float* to, index_t pitch, index_t count,
                                     index_t channels) const {
    for (index_t c = 0; c < channels; ++c)
      for (index_t w = 0; w < count; ++w) to[w * pitch + c] += channel[c][w];
  }
};

/// The channels of L voxels: `forward` is y = f(x), `backward` is dx = (df/dx)' dy.
template <class F, int L>
struct Function;

template <int L>
struct Function<Sigmoid, L> {
  using V = Floats<L>;
  [[gnu::always_inline]] static void forward(const V* x, index_t count, V* y) {
    for (index_t c = 0; c < count; ++c) {
      Logistic<L> at;
      logistic<L>(x[c], at);
      y[c] = at.probability;
    }
  }
  [[gnu::always_inline]] static void backward(const V* x, index_t count, const V* dy, V* dx) {
    for (index_t c = 0; c < count; ++c) {
      Logistic<L> at;
      logistic<L>(x[c], at);
      dx[c] = dy[c] * at.probability * at.complement;
    }
  }
};

template <int L>
struct Function<Softmax, L> {
  using V = Floats<L>;
  [[gnu::always_inline]] static void forward(const V* x, index_t count, V* y) {
    V largest = x[0], sum{};
    for (index_t c = 1; c < count; ++c) largest = x[c] > largest ? x[c] : largest;
    for (index_t c = 0; c < count; ++c) {
      const V below = largest - x[c];
      exp_of_minus_abs<L>(below, y[c]);
      sum = sum + y[c];
    }
    for (index_t c = 0; c < count; ++c) y[c] = y[c] / sum;
  }
  [[gnu::always_inline]] static void backward(const V* x, index_t count, const V* dy, V* dx) {
    forward(x, count, dx);
    V mean{};
    for (index_t c = 0; c < count; ++c) mean = mean + dx[c] * dy[c];
    for (index_t c = 0; c < count; ++c) dx[c] = dx[c] * (dy[c] - mean);
  }
};

/// With S the sums of exp(x) over the classes inside and outside of a region, relative to the
/// largest x on either side: y = log S_in - log S_out, dy/dx[c] = exp(x[c]) / S of c's side.
template <class... Sets, int L>
struct Function<RegionLogits<Sets...>, L> {
  using V = Floats<L>;
  using Regions = RegionLogits<Sets...>;
  struct Side {
    V largest, sum;
  };
  [[gnu::always_inline]] static void side(const V* x, index_t count, index_t region, bool inside,
                                          Side& out) {
    out = {V{} - 3e38F, V{}};
    for (index_t c = 0; c < count; ++c) {
      if (Regions::contains(region, c) == inside)
        out.largest = x[c] > out.largest ? x[c] : out.largest;
    }
    for (index_t c = 0; c < count; ++c) {
      if (Regions::contains(region, c) != inside) continue;
      const V below = out.largest - x[c];
      V t;
      exp_of_minus_abs<L>(below, t);
      out.sum = out.sum + t;
    }
  }
  /// log(sum) for sums in [1, most_channels]: three steps of Halley's iteration, whose error starts
  /// below 0.5 and becomes a twelfth of its cube.
  [[gnu::always_inline]] static void log_of_sum(const V& sum, V& y) {
    y = (sum - 1.0F) * 0.3F;
    for (int step = 0; step < 3; ++step) {
      V t;
      exp_of_minus_abs<L>(y, t);
      y = y + (sum * t - 1.0F) * (2.0F / (sum * t + 1.0F));
    }
  }
  [[gnu::always_inline]] static void forward(const V* x, index_t count, V* y) {
    for (index_t r = 0; r < Regions::channels(count); ++r) {
      Side in, out;
      side(x, count, r, true, in);
      side(x, count, r, false, out);
      V log_in, log_out;
      log_of_sum(in.sum, log_in);
      log_of_sum(out.sum, log_out);
      y[r] = (in.largest - out.largest) + (log_in - log_out);
    }
  }
  [[gnu::always_inline]] static void backward(const V* x, index_t count, const V* dy, V* dx) {
    for (index_t c = 0; c < count; ++c) dx[c] = V{};
    for (index_t r = 0; r < Regions::channels(count); ++r) {
      for (const bool inside : {false, true}) {
        Side s;
        side(x, count, r, inside, s);
        for (index_t c = 0; c < count; ++c) {
          if (Regions::contains(r, c) != inside) continue;
          const V below = s.largest - x[c];
          V t;
          exp_of_minus_abs<L>(below, t);
          const V g = dy[r] * t / s.sum;
          dx[c] = inside ? dx[c] + g : dx[c] - g;
        }
      }
    }
  }
};

/// One block of voxels of a row through `forward`, in place, or `backward`, which leaves dx in `g`.
template <class F>
struct FunctionBlock {
  template <class Set>
  [[gnu::always_inline]] static void forward(ChannelBlock& x, index_t channels) {
    constexpr int lanes = Set::bytes / 4;
    Floats<lanes> in[ChannelBlock::most_channels], out[ChannelBlock::most_channels];
    for (index_t w = 0; w < ChannelBlock::voxels; w += lanes) {
      for (index_t c = 0; c < channels; ++c) load<lanes>(in[c], x.channel[c] + w);
      Function<F, lanes>::forward(in, channels, out);
      for (index_t c = 0; c < F::channels(channels); ++c) save<lanes>(x.channel[c] + w, out[c]);
    }
  }
  template <class Set>
  [[gnu::always_inline]] static void backward(const ChannelBlock& x, index_t channels,
                                              ChannelBlock& g) {
    constexpr int lanes = Set::bytes / 4;
    Floats<lanes> in[ChannelBlock::most_channels], dy[ChannelBlock::most_channels],
        dx[ChannelBlock::most_channels];
    for (index_t w = 0; w < ChannelBlock::voxels; w += lanes) {
      for (index_t c = 0; c < channels; ++c) load<lanes>(in[c], x.channel[c] + w);
      for (index_t c = 0; c < F::channels(channels); ++c) load<lanes>(dy[c], g.channel[c] + w);
      Function<F, lanes>::backward(in, channels, dy, dx);
      for (index_t c = 0; c < channels; ++c) save<lanes>(g.channel[c] + w, dx[c]);
    }
  }
};

template <class F>
struct VoxelwiseKernel {
  template <class Set>
  [[gnu::always_inline]] static void run(const View<const float>& x, const RowRange& range,
                                         const RowTarget& out) {
    const index_t channels = x.shape.c;
    for (index_t h = range.first; h < range.last; ++h) {
      const float* from = x.row(range.n, range.d, h);
      float* to = out.data + (h - range.first) * out.row_pitch;
      for (index_t w = 0; w < x.shape.w; w += ChannelBlock::voxels) {
        const index_t left = x.shape.w - w,
                      count = left < ChannelBlock::voxels ? left : ChannelBlock::voxels;
        ChannelBlock block;
        block.gather(from + w * x.pitch, x.pitch, count, channels);
        FunctionBlock<F>::template forward<Set>(block, channels);
        block.scatter(to + w * out.pitch, out.pitch, count, F::channels(channels));
      }
    }
  }
};

template <class F>
struct SourceRows<Voxelwise<float, F>> {
  static index_t scratch(const Voxelwise<float, F>&, Isa) { return 0; }
  static void read(const Voxelwise<float, F>& s, Isa isa, const RowRange& range,
                   const RowTarget& out, float*) {
    run_on<VoxelwiseKernel<F>>(isa, s.x, range, out);
  }
};

template <class F>
struct VoxelwiseGradientKernel {
  template <class Set>
  [[gnu::always_inline]] static void run(const View<const float>& x, const View<float>& grad,
                                         const ResultRow& row) {
    const index_t channels = x.shape.c;
    const float* from = x.row(row.n, row.d, row.h);
    float* to = grad.row(row.n, row.d, row.h);
    for (index_t w = 0; w < x.shape.w; w += ChannelBlock::voxels) {
      const index_t left = x.shape.w - w,
                    count = left < ChannelBlock::voxels ? left : ChannelBlock::voxels;
      ChannelBlock block, g;
      block.gather(from + w * x.pitch, x.pitch, count, channels);
      g.gather(row.data + w * row.pitch, row.pitch, count, F::channels(channels));
      FunctionBlock<F>::template backward<Set>(block, channels, g);
      g.add_to(to + w * grad.pitch, grad.pitch, count, channels);
    }
  }
};

template <class F>
struct SinkRows<VoxelwiseGradient<float, F>> {
  static index_t partials(const VoxelwiseGradient<float, F>&) { return 0; }
  static void write(const VoxelwiseGradient<float, F>& s, Isa isa, const ResultRow& row, double*) {
    run_on<VoxelwiseGradientKernel<F>>(isa, s.source.x, s.grad, row);
  }
  static void merge(const VoxelwiseGradient<float, F>&, index_t, const double*) {}
};

}  // namespace glia::cpu
