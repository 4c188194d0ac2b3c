#pragma once

#include <cmath>
#include <span>

#include "glia/backend/concepts.hpp"

namespace glia {

/// Scales the gradient to at most `limit` in its global L2 norm (0: never) and returns the norm
/// before. A norm that is not finite is returned and nothing is scaled.
template <OptimizerOps B>
double clip_gradient_norm(Context& k, std::span<typename B::Real> gradients, double limit) {
  const double norm = std::sqrt(B::squared_norm(k, gradients));
  if (limit > 0 && std::isfinite(norm) && norm > limit)
    B::scale(k, gradients, limit / (norm + 1e-6));
  return norm;
}

}  // namespace glia
