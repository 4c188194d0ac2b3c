#pragma once

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"
#include "glia/train/trainer.hpp"
#include "unit/data/patch_cases.hpp"
#include "unit/data/phantom_cases.hpp"

namespace glia::test {

/// Two levels, 3 thousand weights: a step on 8x8x8 voxels takes milliseconds.
using SmallNet = UNet<Reference<float>, Channels<4, 3>, Widths<4, 8>>;

inline constexpr index_t small_patch = 8;

/// The block of 8x8x8 voxels of a small phantom that holds the most tumour.
inline PreparedCase phantom_patch(std::uint64_t seed = 3) {
  const PreparedCase whole =
      prepared(make_phantom({.extent = {20, 20, 20}, .without_enhancement = 0}, seed, 0));
  const Extent limits = whole.labels->extent;
  CropBox best{0, 0, 0, {small_patch, small_patch, small_patch}};
  index_t most = -1;
  for (CropBox box = best; box.d0 + small_patch <= limits.d; ++box.d0) {
    for (box.h0 = 0; box.h0 + small_patch <= limits.h; ++box.h0) {
      for (box.w0 = 0; box.w0 + small_patch <= limits.w; ++box.w0) {
        const auto labels = crop(*whole.labels, box).voxels;
        const auto tumour = std::ssize(labels) - std::ranges::count(labels, label::background);
        if (tumour > most) best = box;
        most = std::max(most, tumour);
      }
    }
  }
  const LabelVolume labels = crop(*whole.labels, best);
  return make_case(
      "phantom", best.extent,
      [&](index_t d, index_t h, index_t w, index_t m) {
        return whole.image.view().at(0, best.d0 + d, best.h0 + h, best.w0 + w, m);
      },
      [&](index_t d, index_t h, index_t w) { return labels.at(d, h, w); });
}

/// The same cases under other names: a trainer does not validate on what it trains on.
inline std::vector<PreparedCase> renamed(std::vector<PreparedCase> cases) {
  for (PreparedCase& one : cases) one.id = "validated " + one.id;
  return cases;
}

/// The same case with an image that is nowhere a number.
inline PreparedCase broken_patch() {
  PreparedCase broken = phantom_patch();
  std::ranges::fill(broken.image.values(), std::numeric_limits<float>::quiet_NaN());
  return broken;
}

inline TrainerOptions small_options(index_t epochs, index_t steps_per_epoch) {
  TrainerOptions options;
  options.epochs = epochs;
  options.steps_per_epoch = steps_per_epoch;
  options.loader.patch = {small_patch, small_patch, small_patch};
  options.loader.batch = 1;
  options.loader.augment = AugmentOptions::none();
  return options;
}

/// Bit patterns: equal numbers are equal bits here, and NaN equals itself.
inline std::vector<std::uint32_t> bits(std::span<const float> values) {
  std::vector<std::uint32_t> patterns;
  for (const float value : values) patterns.push_back(std::bit_cast<std::uint32_t>(value));
  return patterns;
}
inline std::vector<std::uint32_t> bits(const Model<SmallNet>& model) {
  return bits(model.parameters().flat());
}

}  // namespace glia::test
