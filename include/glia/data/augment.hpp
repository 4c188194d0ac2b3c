#pragma once

#include <array>
#include <cmath>
#include <numbers>

#include "glia/core/options.hpp"
#include "glia/core/random.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/patch_transform.hpp"
#include "glia/tensor/spacing.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// Ranges and probabilities of the paper's augmentations: crop, rotate, scale, mirror, contrast and
/// intensity shift per modality. The paper gives no numbers; these are nnU-Net's, the shift is
/// Myronenko's.
struct AugmentOptions {
  double rotation_degrees = 30;  ///< each axis turns by a uniform angle in [-this, this]
  double rotation_probability = 0.2;
  double scale_low = 0.7;  ///< smallest magnification, the same for all axes
  double scale_high = 1.4;
  double scale_probability = 0.2;
  double mirror_probability = 0.5;  ///< of each axis, independently
  double contrast_low = 0.75;       ///< smallest factor of a modality's deviation from its mean
  double contrast_high = 1.25;
  double contrast_probability = 0.15;  ///< of each modality, independently
  double shift = 0.1;                  ///< each modality shifts by a uniform value in [-this, this]
  double shift_probability = 1;

  template <class F>
  void options(F&& f) const {
    f("rotation_degrees", rotation_degrees, any_number());
    f("rotation_probability", rotation_probability, between(0, 1));
    f("scale_low", scale_low, above(0));
    f("scale_high", scale_high, at_least(scale_low));
    f("scale_probability", scale_probability, between(0, 1));
    f("mirror_probability", mirror_probability, between(0, 1));
    f("contrast_low", contrast_low, above(0));
    f("contrast_high", contrast_high, at_least(contrast_low));
    f("contrast_probability", contrast_probability, between(0, 1));
    f("shift", shift, any_number());
    f("shift_probability", shift_probability, between(0, 1));
  }

  /// Exact crops, nothing drawn.
  [[nodiscard]] static constexpr AugmentOptions none() {
    return {.rotation_probability = 0,
            .scale_probability = 0,
            .mirror_probability = 0,
            .contrast_probability = 0,
            .shift_probability = 0};
  }
};

/// Adds a random rotation, magnification and mirroring about the patch's centre to a crop (about
/// its corner, zoomed patches would drift away from what they were centred on). The rotation
/// is one of space, so voxels that are no cubes do not shear the anatomy. Throws UsageError for a
/// spacing that is not positive and finite.
[[nodiscard]] inline PatchTransform augment_geometry(const PatchTransform& crop,
                                                     const Spacing& spacing,
                                                     const AugmentOptions& options,
                                                     Random& random) {
  require_positive(spacing);
  PatchTransform drawn{.centre = crop.centre};
  if (random.bernoulli(options.rotation_probability)) {
    const double range = options.rotation_degrees * std::numbers::pi / 180;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double angle = random.uniform(-range, range);
      const double cosine = std::cos(angle), sine = std::sin(angle);
      const std::size_t p = (axis + 1) % 3, q = (axis + 2) % 3;
      for (auto& row : drawn.matrix) {  // times a rotation in the plane of axes p and q
        const double at_p = row[p], at_q = row[q];
        row[p] = at_p * cosine + at_q * sine;
        row[q] = at_q * cosine - at_p * sine;
      }
    }
  }
  const double scale = random.bernoulli(options.scale_probability)
                           ? random.uniform(options.scale_low, options.scale_high)
                           : 1.0;
  for (std::size_t to = 0; to < 3; ++to) {
    const double sign = random.bernoulli(options.mirror_probability) ? -1.0 : 1.0;
    for (std::size_t from = 0; from < 3; ++from) {
      drawn.matrix[from][to] *= sign * (spacing.along(to) / spacing.along(from)) / scale;
    }
  }
  return drawn;
}

/// Random contrast and shift of every modality of sample n: x' = mean + factor (x - mean) + shift.
/// Both, and the mean, see only voxels that are not 0: background stays 0, and how much of it the
/// patch holds changes nothing. Nothing is clamped, so the brightest rims stay graded. (nnU-Net
/// takes the mean of all voxels and clamps to the old range.) image [N, D, H, W, 4].
inline void augment_intensity(View<float> image, index_t n, const AugmentOptions& options,
                              Random& random) {
  const index_t voxels = image.shape.voxels();
  std::array<float, modality::count> factor, addend;
  bool changes = false;
  for (std::size_t m = 0; m < modality::count; ++m) {
    const bool contrast = random.bernoulli(options.contrast_probability);
    const double scale =
        contrast ? random.uniform(options.contrast_low, options.contrast_high) : 1.0;
    double shift = random.bernoulli(options.shift_probability)
                       ? random.uniform(-options.shift, options.shift)
                       : 0.0;
    changes |= scale != 1 || shift != 0;
    if (contrast) {
      double sum = 0;
      index_t count = 0;
      const float* at = image.row(n, 0, 0) + m;
      for (index_t v = 0; v < voxels; ++v, at += image.pitch) {
        sum += static_cast<double>(*at);
        count += *at != 0;
      }
      if (count > 0) shift += (1 - scale) * sum / static_cast<double>(count);
    }
    factor[m] = static_cast<float>(scale);
    addend[m] = static_cast<float>(shift);
  }
  if (!changes) return;
  float* at = image.row(n, 0, 0);
  for (index_t v = 0; v < voxels; ++v, at += image.pitch) {
    for (std::size_t m = 0; m < modality::count; ++m) {
      at[m] = at[m] != 0 ? at[m] * factor[m] + addend[m] : 0.0F;
    }
  }
}

}  // namespace glia
