#pragma once

#include "glia/losses/loss.hpp"

namespace glia {

/// 1 - mean over regions of (2 sum(pg) + smooth_numerator) / (P + G + smooth_denominator), where P
/// is sum(p^2) or sum(p) and G is sum(g^2) or sum(g): Milletari et al. 2016 with the five choices
/// in which published uses differ.
///
/// The defaults are Nalwade & Kisa's formula (both squared, no smoothing), its sums pooled over the
/// batch, with a denominator kept from zero. A region that is empty in the target then has Dice 0
/// and gradient 0 unless the numerator is smoothed.
struct SoftDice {
  enum class Pooling { batch, sample };
  enum class Form { one_minus, negative };

  bool squared_prediction = true;
  bool squared_target = true;
  double smooth_numerator = 0;
  double smooth_denominator = 1e-8;
  Pooling pooling = Pooling::batch;
  Form form = Form::one_minus;

  template <class F>
  void options(F&& f) const {
    f("", "soft Dice");
    f("squared_prediction", squared_prediction);
    f("squared_target", squared_target);
    f("smooth_numerator", smooth_numerator, at_least(0));
    f("smooth_denominator", smooth_denominator, at_least(0));
    f("pooling", pooling == Pooling::batch ? "batch" : "sample");
    f("form", form == Form::one_minus ? "one_minus" : "negative");
  }
  double evaluate(std::span<const RegionSums> sums, Shape logits,
                  std::span<RegionCoefficients> coefficients) const {
    const index_t groups = pooling == Pooling::batch ? 1 : logits.n;
    const index_t members = logits.n / groups;
    const double weight = 1 / static_cast<double>(groups * logits.c);
    double mean = 0;
    for (index_t group = 0; group < groups; ++group) {
      for (index_t c = 0; c < logits.c; ++c) {
        const auto index = [&](index_t member) {
          return static_cast<std::size_t>((group * members + member) * logits.c + c);
        };
        double numerator = smooth_numerator, denominator = smooth_denominator;
        for (index_t member = 0; member < members; ++member) {
          const RegionSums& s = sums[index(member)];
          numerator += 2 * s.pg;
          denominator += (squared_prediction ? s.pp : s.p) + (squared_target ? s.gg : s.g);
        }
        const double dice = numerator / denominator;
        mean += weight * dice;
        for (index_t member = 0; member < members; ++member) {
          RegionCoefficients& k = coefficients[index(member)];
          k.on_target -= weight * 2 / denominator;
          (squared_prediction ? k.on_probability : k.constant) +=
              weight * (squared_prediction ? 2 : 1) * dice / denominator;
        }
      }
    }
    return form == Form::one_minus ? 1 - mean : -mean;
  }
};

}  // namespace glia
