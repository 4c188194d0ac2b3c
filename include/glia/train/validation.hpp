#pragma once

#include <array>
#include <vector>

#include "glia/data/prepared_case.hpp"
#include "glia/data/region.hpp"
#include "glia/infer/predict_labels.hpp"
#include "glia/metrics/confusion.hpp"

namespace glia {

/// Mean Dice of WT, TC and ET over labelled cases. Both masks empty is 1 (BraTS). Throws UsageError
/// if there are no cases, DataError for a case without labels and as `require_consistent`.
template <Predictor P>
[[nodiscard]] std::array<double, 3> validate(P&& predictor, const std::vector<PreparedCase>& cases,
                                             const SlidingWindowOptions& options = {}) {
  if (cases.empty()) throw UsageError("validation: expected cases, got none");
  std::array<double, 3> mean{};
  for (const PreparedCase& source : cases) {
    if (!source.labels) throw DataError("validation: case " + source.id + " has no labels");
    require_consistent(source);
    const LabelVolume labels = predict_labels(predictor, source, options).labels;
    for (int r = 0; r < region::count; ++r) {
      const double score = dice(confusion(region_mask(*source.labels, r), region_mask(labels, r)));
      mean[static_cast<std::size_t>(r)] += score / static_cast<double>(cases.size());
    }
  }
  return mean;
}

}  // namespace glia
