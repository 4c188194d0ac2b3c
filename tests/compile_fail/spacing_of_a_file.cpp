// Distances along i, j, k of a file are not those along d, h, w of a volume.
// EXPECT: FileSpacing
// EXPECT: Spacing
#include "glia/io/affine.hpp"
#include "glia/metrics/region_scores.hpp"

using namespace glia;
auto scores(const LabelVolume& truth, const LabelVolume& prediction, const Affine& affine) {
#ifdef GLIA_MISUSE
  return score_case(truth, prediction, affine.spacing());
#else
  const auto [i, j, k] = affine.spacing();
  return score_case(truth, prediction, Spacing{.d = k, .h = j, .w = i});
#endif
}
