#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "glia/tensor/volume.hpp"

namespace glia {

/// Mean and standard deviation of the voxels of a scan that are not 0.
struct IntensityStatistics {
  index_t count = 0;     ///< voxels that are not 0
  double mean = 0;       ///< 0 if there are none
  double deviation = 0;  ///< sqrt(sum (x - mean)^2 / count): the population's, as numpy computes it

  /// (x - mean) / deviation; 0 where the deviation is 0.
  [[nodiscard]] float z_score(float x) const {
    return deviation > 0 ? static_cast<float>((static_cast<double>(x) - mean) / deviation) : 0.0F;
  }
};

/// Statistics in two passes and double precision, so that large means cost no digits. Negative
/// voxels count: brain is what is not 0. A scan whose background is another constant cannot be
/// recognised; set its background to 0 before.
[[nodiscard]] inline IntensityStatistics nonzero_statistics(const Volume<float>& scan) {
  IntensityStatistics result;
  const auto first =
      std::find_if(scan.voxels.begin(), scan.voxels.end(), [](float x) { return x != 0.0F; });
  if (first == scan.voxels.end()) return result;
  const auto origin =
      static_cast<double>(*first);  // sums of differences: exactly 0 for a constant scan
  double sum = 0;
  for (const float x : scan.voxels) {
    if (x == 0.0F) continue;
    sum += static_cast<double>(x) - origin;
    ++result.count;
  }
  const auto count = static_cast<double>(result.count);
  result.mean = origin + sum / count;
  double squares = 0;
  for (const float x : scan.voxels) {
    if (x != 0.0F)
      squares += (static_cast<double>(x) - result.mean) * (static_cast<double>(x) - result.mean);
  }
  result.deviation = std::sqrt(squares / count);
  return result;
}

/// The scan with every voxel that is not 0 replaced by its z-score; 0 stays 0.
[[nodiscard]] inline Volume<float> normalise(const Volume<float>& scan) {
  const IntensityStatistics statistics = nonzero_statistics(scan);
  Volume<float> result(scan.extent);
  std::transform(scan.voxels.begin(), scan.voxels.end(), result.voxels.begin(),
                 [&](float x) { return x == 0.0F ? 0.0F : statistics.z_score(x); });
  return result;
}

}  // namespace glia
