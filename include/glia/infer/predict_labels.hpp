#pragma once

#include "glia/data/prepared_case.hpp"
#include "glia/infer/predict_volume.hpp"
#include "glia/infer/regions.hpp"

namespace glia {

/// Labels of one case, in its crop, and how often its regions broke their nesting.
struct PredictedLabels {
  LabelVolume labels;
  NestingViolations violations;
};

/// Labels of a prepared case: probabilities by `predict_volume`, converted plane by plane, so what
/// lies outside the brain is background. Throws as `predict_volume` and `assign_labels` do.
template <Predictor P, RegionRule Rule = Overwrite>
[[nodiscard]] PredictedLabels predict_labels(P&& predictor, const PreparedCase& source,
                                             const SlidingWindowOptions& options = {},
                                             const Rule& rule = {}) {
  PredictedLabels result{LabelVolume(source.image.shape().extent()), {}};
  predict_volume(predictor, source.image.view(), options, [&](index_t d, View<const float> planes) {
    result.violations += assign_labels(planes, d, result.labels, rule);
  });
  return result;
}

}  // namespace glia
