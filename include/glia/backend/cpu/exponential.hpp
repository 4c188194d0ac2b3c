#pragma once

#include "glia/backend/cpu/rows.hpp"

/// The logistic function and the softplus term on vectors of floats (compiler vector extensions).
/// Functions take references, so that their calling convention does not depend on the instruction
/// set. A NaN stays a NaN.
namespace glia::cpu {

/// t = exp(-|x|), within 2 ulp; exp(-87) for larger |x|, where the result is below 2e-38.
///
/// Range reduction by ln 2 in two parts (Cody & Waite 1980), then the Taylor polynomial of degree 7
/// on
/// [-ln 2 / 2, ln 2 / 2], whose truncation error is below 6e-9.
template <int L>
[[gnu::always_inline]] inline void exp_of_minus_abs(const Floats<L>& x, Floats<L>& t) {
  using V = Floats<L>;
  using Integers = typename FloatsOf<L>::Integers;
  const V magnitude = x < 0.0F ? -x : x;
  const V a = magnitude > 87.0F ? V{} + 87.0F : magnitude;
  constexpr float to_integer = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const V n = (a * -1.44269504F + to_integer) - to_integer;
  const V r = (-a - n * 0.693359375F) + n * 2.12194440e-4F;
  V series = r * (1.0F / 5040) + 1.0F / 720;
  series = series * r + 1.0F / 120;
  series = series * r + 1.0F / 24;
  series = series * r + 1.0F / 6;
  series = series * r + 0.5F;
  series = series * r * r + r + 1.0F;
  const Integers exponent = __builtin_convertvector(n, Integers);
  t = series * reinterpret_cast<V>((exponent + 127) << 23);
}

/// What losses over logits need of the logistic function.
template <int L>
struct Logistic {
  Floats<L> probability;  ///< p = 1 / (1 + exp(-x))
  Floats<L> complement;   ///< 1 - p, without cancellation
  Floats<L> log_term;     ///< log(1 + exp(-|x|)): cross entropy is max(x, 0) - x g + log_term
};

/// All three within 4 ulp; log(1 + t) = 2 artanh(t / (2 + t)) by its series, whose argument is at
/// most 1/3.
template <int L>
[[gnu::always_inline]] inline void logistic(const Floats<L>& x, Logistic<L>& out) {
  using V = Floats<L>;
  V t;
  exp_of_minus_abs<L>(x, t);
  const V greater = 1.0F / (1.0F + t), lesser = t * greater;
  out.probability = x < 0.0F ? lesser : greater;
  out.complement = x < 0.0F ? greater : lesser;
  const V s = t / (2.0F + t), q = s * s;
  V series = q * (1.0F / 15) + 1.0F / 13;
  series = series * q + 1.0F / 11;
  series = series * q + 1.0F / 9;
  series = series * q + 1.0F / 7;
  series = series * q + 1.0F / 5;
  series = series * q + 1.0F / 3;
  out.log_term = 2.0F * (s + s * q * series);
}

}  // namespace glia::cpu
