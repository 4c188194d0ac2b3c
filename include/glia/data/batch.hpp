#pragma once

#include <string>
#include <vector>

#include "glia/tensor/host_tensor.hpp"

namespace glia {

/// Patches and their targets, as one training step consumes them.
struct Batch {
  HostTensor<float> image;  ///< [N, D, H, W, 4]: T1, T1ce, T2, FLAIR; z-scores, 0 outside the brain
  HostTensor<float> target;                ///< [N, D, H, W, 3]: WT, TC, ET; 0, 1, or a soft target
  std::vector<std::string> ids;            ///< the case that each of the N samples comes from
  std::vector<bool> pseudo_labelled = {};  ///< whether its target comes from a teacher
};

}  // namespace glia
