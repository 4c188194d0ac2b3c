#pragma once

#include <array>
#include <concepts>

#include "glia/source/source.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// Most channels on either side of a function of a voxel.
inline constexpr index_t most_voxel_channels = 8;

/// A function of the few channels of one voxel: `channels(in)`, how many it makes of `in`. Backends
/// evaluate it and its derivative; the set is closed: Sigmoid, Softmax, RegionLogits.
template <class F>
concept VoxelFunction = requires(index_t in) {
  { F::channels(in) } -> std::same_as<index_t>;
};

/// p[c] = 1 / (1 + exp(-x[c])).
struct Sigmoid {
  static constexpr index_t channels(index_t in) { return in; }
};

/// p[c] = exp(x[c]) / sum over k of exp(x[k]).
struct Softmax {
  static constexpr index_t channels(index_t in) { return in; }
};

/// Classes whose probabilities add up to a region's.
template <index_t... Class>
struct ClassSet {
  static constexpr bool contains(index_t c) { return ((c == Class) || ...); }
};

/// y[r] = log sum over classes in region r of exp(x[c]) - log sum over the others: the logit whose
/// sigmoid is the region's share of the softmax over all classes.
template <class... Sets>
struct RegionLogits {
  static constexpr index_t channels(index_t) { return sizeof...(Sets); }
  static constexpr bool contains(index_t region, index_t c) {
    const std::array<bool, sizeof...(Sets)> in{Sets::contains(c)...};
    return in[static_cast<std::size_t>(region)];
  }
};

/// f of every voxel. Requires at most `most_voxel_channels` channels on either side.
template <class T, VoxelFunction F>
struct Voxelwise {
  using Scalar = T;
  View<const T> x;
  [[nodiscard]] Shape shape() const { return with_channels(x.shape, F::channels(x.shape.c)); }
  [[nodiscard]] double bytes() const { return x.bytes(); }
};

/// Adjoint of Voxelwise: grad += result times the derivative of f at x.
template <class T, VoxelFunction F>
struct VoxelwiseGradient {
  using Scalar = T;
  Voxelwise<T, F> source;
  View<T> grad;
  [[nodiscard]] Shape shape() const { return source.shape(); }
  [[nodiscard]] double bytes_read() const { return source.bytes() + grad.bytes(); }
  [[nodiscard]] double bytes_written() const { return grad.bytes(); }
};

}  // namespace glia
