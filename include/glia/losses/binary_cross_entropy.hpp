#pragma once

#include "glia/losses/loss.hpp"

namespace glia {

/// -(g log p + (1 - g) log(1 - p)), computed from logits and summed over voxels and regions,
/// divided by the normaliser. Voxels that a target leaves out count in the normaliser: what the
/// others weigh does not depend on how much of their patch a teacher was sure about.
struct BinaryCrossEntropy {
  enum class Normaliser {
    voxels,             ///< Nalwade & Kisa's formula: the sum over regions of the mean over voxels
    voxels_and_regions  ///< PyTorch's mean
  };
  Normaliser normaliser = Normaliser::voxels;

  template <class F>
  void options(F&& f) const {
    f("", "binary cross entropy");
    f("normaliser", normaliser == Normaliser::voxels ? "voxels" : "voxels_and_regions");
  }
  double evaluate(std::span<const RegionSums> sums, Shape logits,
                  std::span<RegionCoefficients> coefficients) const {
    const index_t regions = normaliser == Normaliser::voxels ? 1 : logits.c;
    const double weight = 1 / static_cast<double>(logits.n * logits.voxels() * regions);
    double sum = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sum += weight * sums[i].bce;
      coefficients[i].on_difference += weight;
    }
    return sum;
  }
};

}  // namespace glia
