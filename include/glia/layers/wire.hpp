#pragma once

#include "glia/source/concat.hpp"
#include "glia/source/upsampled.hpp"

namespace glia {

/// A source whose channel count the compiler knows: what runs between layers. Kernels see `source`
/// alone.
template <index_t C, Source S>
struct Wire {
  static constexpr index_t channels = C;
  S source;
};

/// True for wires of `Expected` channels; the compiler's message shows both numbers when they
/// differ.
template <class X, index_t Expected>
concept CarriesChannels = requires {
  X::channels;
}
&&(X::channels == Expected);

template <index_t C, Source S>
[[nodiscard]] Wire<C, S> make_wire(S source) {
  return {source};
}

template <index_t A, Source X, index_t B, Source Y>
[[nodiscard]] Wire<A + B, Concat<X, Y>> concat(Wire<A, X> first, Wire<B, Y> second) {
  return {{first.source, second.source}};
}

template <index_t C, Source X>
[[nodiscard]] Wire<C, Upsampled<X>> upsample(Wire<C, X> x,
                                             Interpolation kind = Interpolation::trilinear) {
  return {{x.source, kind}};
}

/// Training keeps what backward needs; inference frees each tensor after its last use.
enum class Mode { training, inference };

}  // namespace glia
