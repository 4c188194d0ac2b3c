#pragma once

#include <algorithm>

#include "glia/data/prepared_case.hpp"
#include "glia/infer/regions.hpp"
#include "glia/infer/sliding_window.hpp"

namespace glia {

/// Labels of one case, in its crop, and how often its regions broke their nesting.
struct PredictedLabels {
  LabelVolume labels;
  NestingViolations violations;
};

/// True if no voxel of the case is brain.
[[nodiscard]] inline bool has_no_brain(const PreparedCase& source) {
  return std::ranges::all_of(source.image.values(), [](float x) { return x == 0; });
}

/// Labels of a prepared case: probabilities by sliding window, converted plane by plane. A case
/// without any voxel of brain has no tumour and is not shown to the predictor. Throws as
/// `sliding_window` and `assign_labels` do.
template <Predictor P, RegionRule Rule = Overwrite>
[[nodiscard]] PredictedLabels predict_labels(P&& predictor, const PreparedCase& source,
                                             const SlidingWindowOptions& options,
                                             const Rule& rule = {}) {
  PredictedLabels result{LabelVolume(source.image.shape().extent()), {}};
  if (has_no_brain(source)) return result;
  sliding_window(predictor, source.image.view(), options, [&](index_t d, View<const float> planes) {
    result.violations += assign_labels(planes, d, result.labels, rule);
  });
  return result;
}

}  // namespace glia
