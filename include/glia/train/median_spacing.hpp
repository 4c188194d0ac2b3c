#pragma once

#include <cstddef>
#include <vector>

#include "glia/core/percentile.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/tensor/spacing.hpp"

namespace glia {

/// The median over cases of the distance between voxels, for each axis by itself. Requires cases.
[[nodiscard]] inline Spacing median_spacing(const std::vector<PreparedCase>& cases) {
  const auto along = [&](std::size_t axis) {
    std::vector<double> lengths;
    for (const PreparedCase& one : cases) lengths.push_back(one.spacing.along(axis));
    return detail::percentile(lengths, 50);
  };
  return {along(0), along(1), along(2)};
}

}  // namespace glia
