#pragma once

#include <filesystem>

#include "glia/data/case.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/io/nifti.hpp"

namespace glia::program {

/// Writes labels of a prepared case in the voxel order and geometry of its files, in a label
/// scheme.
inline void write_case_labels(const std::filesystem::path& path, const LabelVolume& labels,
                              const PreparedCase& prepared, const Case& whole,
                              const LabelScheme& scheme) {
  const LabelVolume restored =
      from_canonical(uncrop(labels, prepared.crop, prepared.original), whole.orientation);
  write_nifti_labels(path, from_internal(restored, scheme), whole.geometry);
}

}  // namespace glia::program
