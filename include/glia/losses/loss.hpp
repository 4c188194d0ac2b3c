#pragma once

#include <concepts>
#include <span>

#include "glia/backend/descriptors.hpp"
#include "glia/core/options.hpp"

namespace glia {

/// A loss over sigmoid regions that the backend's region sums decide.
///
/// Requirements: 1. `evaluate(sums, shape, coefficients)` with `sums` [N * C] of logits of the
/// given shape returns the loss and adds dL/dlogit to `coefficients` [N * C]. Losses are values, so
/// their options are members; a run records them if the loss names them (`HasOptions`).
template <class L>
concept Loss = requires(const L& loss, std::span<const RegionSums> sums, Shape logits,
                        std::span<RegionCoefficients> coefficients) {
  { loss.evaluate(sums, logits, coefficients) } -> std::same_as<double>;
};

}  // namespace glia
