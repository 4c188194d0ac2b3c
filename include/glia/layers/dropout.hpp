#pragma once

#include <ratio>

#include "glia/layers/stream.hpp"
#include "glia/source/dropped.hpp"

namespace glia {

/// What a layer drops while it trains: 1. `probability`, below 1; 2. `whole_channels` of a sample,
/// or single elements.
template <class P>
concept DropoutPolicy = requires {
  { P::probability } -> std::convertible_to<double>;
  { P::whole_channels } -> std::convertible_to<bool>;
}
&&(P::probability >= 0 && P::probability < 1);

struct NoDropout {
  static constexpr double probability = 0;
  static constexpr bool whole_channels = false;
};

/// Single elements (Srivastava et al. 2014).
template <class Probability>
struct ElementDropout {
  static constexpr double probability =
      static_cast<double>(Probability::num) / static_cast<double>(Probability::den);
  static constexpr bool whole_channels = false;
};

/// Whole channels of a sample (Tompson et al. 2015).
template <class Probability>
struct SpatialDropout {
  static constexpr double probability =
      static_cast<double>(Probability::num) / static_cast<double>(Probability::den);
  static constexpr bool whole_channels = true;
};

/// Dropout of a stream: in training each unit becomes zero with the policy's probability and is
/// divided by the probability to stay otherwise; at inference nothing happens. What was drawn is a
/// function of the context's seed, the step and the order of layers.
template <Backend B, DropoutPolicy P>
struct Dropout {
  using T = typename B::Scalar;
  using Saved = DropoutMask;
  static constexpr bool drops = P::probability > 0;

  template <Mode M>
  static Stream<T> forward(Context& k, Stream<T> x, Saved& mask) {
    if constexpr (drops && M == Mode::training) {
      mask = {k.draw_key(), static_cast<std::uint32_t>(P::probability * 0x1.0p32),
              P::whole_channels};
      x = make_stream<B>(k, std::move(x.values));
      store<B>(k, Dropped<Plain<T>>{{x.values.view()}, mask}, output_to<B>(x));
    }
    return x;
  }

  /// The gradient of the input, as a source.
  static auto backward(View<const T> grad, const Saved& mask) {
    if constexpr (drops) {
      return Dropped<Plain<T>>{{grad}, mask};
    } else {
      return Plain<T>{grad};
    }
  }
};

}  // namespace glia
