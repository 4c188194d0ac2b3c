#pragma once

#include <array>
#include <string>

#include "glia/core/error.hpp"
#include "glia/layers/deferred_norm.hpp"

namespace glia {

/// Channels of the image and of the result, for instance <4, 3>: T1, T1ce, T2, FLAIR to logits of
/// WT, TC, ET.
template <index_t In, index_t Out>
struct Channels {
  static_assert(In > 0 && Out > 0, "Channels: both counts must be positive");
  static constexpr index_t in = In, out = Out;
};

/// Widths of the levels, full resolution first.
template <index_t... W>
struct Widths {
  static_assert(((W > 0) && ...), "Widths: every width must be positive");
  static constexpr index_t levels = sizeof...(W);
  static constexpr std::array<index_t, sizeof...(W)> values{W...};
};

/// A network is a type; its weights are a value. Requirements: 1. `Engine`, its backend; 2.
/// `Parameters` and `Saved`; 3. `in` and `out` channels; 4. `divisor`, of which every extent of the
/// image must be a multiple; 5. `On<B>`, the same network on another backend; 6. static
/// `forward<Mode>` and `backward`, used by `Model` and `Trainer`.
template <class N>
concept Network = requires {
  typename N::Engine;
  typename N::Parameters;
  typename N::Saved;
  typename N::template On<typename N::Engine>;
  { N::in } -> std::convertible_to<index_t>;
  { N::out } -> std::convertible_to<index_t>;
  { N::divisor } -> std::convertible_to<index_t>;
}
&&ParameterStruct<typename N::Parameters>;

/// Throws UsageError unless a tensor that a network is given has the shape that it needs.
inline void require_shape(const char* what, Shape got, Shape expected) {
  require_shape("network", what, got, expected);
}

/// Throws UsageError unless there is an image, with the network's channels and extents that its
/// levels can halve.
template <Network Net>
void require_extents(Shape image) {
  if (image.n < 1)
    throw UsageError("network: images: got " + std::to_string(image.n) + ", expected at least 1");
  if (image.c != Net::in) {
    throw UsageError("network: image channels: got " + std::to_string(image.c) + ", expected " +
                     std::to_string(Net::in));
  }
  for (const index_t extent : {image.d, image.h, image.w}) {
    if (extent > 0 && extent % Net::divisor == 0) continue;
    throw UsageError("network: image extent: got " + to_string(image.extent()) +
                     ", expected multiples of " + std::to_string(Net::divisor));
  }
}

}  // namespace glia
