#pragma once

#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/data/foreground_index.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia {

/// The third word of a random generator's name: what it is drawn for.
namespace purpose {
inline constexpr std::uint32_t shuffle = 1, position = 2, augmentation = 3;
}

/// Which patch to take: voxels [first, first + patch) of a case; what lies outside of the case is
/// padding.
struct PatchPosition {
  index_t case_index = 0;
  std::array<index_t, 3> first{};  ///< d, h, w; negative where the case is smaller than the patch
  friend bool operator==(const PatchPosition&, const PatchPosition&) = default;
};

struct PatchSamplerOptions {
  Extent patch{64, 64, 64};
  index_t batch = 2;
  /// Share of a batch that is centred on tumour: its last round(batch * foreground) samples; a
  /// batch of one draws with this probability (nnU-Net's oversampling).
  double foreground = 0.34;
  std::uint64_t seed = 0;
};

/// Chooses patches. Cases come in shuffled epochs, each case once per epoch. A tumour-centred
/// sample draws one of the regions that its case has, then a voxel of that region; other samples,
/// and cases without tumour, draw a uniform position. Everything is a function of (seed, step,
/// sample).
class PatchSampler {
 public:
  /// Requires that `cases` outlives the sampler. Throws UsageError for options out of range,
  /// DataError for a case that cannot be trained on.
  PatchSampler(const std::vector<PreparedCase>& cases, const PatchSamplerOptions& options)
      : options_(options) {
    const Extent& patch = options.patch;
    const auto expect = [](bool holds, const std::string& message) {
      if (!holds) throw UsageError("patch sampler: " + message);
    };
    expect(!cases.empty(), "expected at least one case, got none");
    expect(patch.d > 0 && patch.h > 0 && patch.w > 0,
           "patch: expected positive extents, got " + to_string(patch));
    expect(options.batch > 0,
           "batch: expected a positive number, got " + std::to_string(options.batch));
    expect(options.foreground >= 0 && options.foreground <= 1,
           "foreground: expected a share in [0, 1], got " + std::to_string(options.foreground));
    foregrounds_.reserve(cases.size());
    for (const PreparedCase& one : cases) {
      const Shape& shape = one.image.shape();
      if (shape.n != 1 || shape.c != modality::count || shape.voxels() == 0) {
        throw DataError(one.id + ": image: expected [1, D, H, W, 4], got " + to_string(shape));
      }
      if (!one.labels) throw DataError(one.id + ": labels: expected a label volume, got none");
      if (!(one.labels->extent == shape.extent())) {
        throw DataError(one.id + ": labels: expected the image's extent " +
                        to_string(shape.extent()) + ", got " + to_string(one.labels->extent));
      }
      extents_.push_back(shape.extent());
      foregrounds_.emplace_back(*one.labels);
    }
  }

  [[nodiscard]] const PatchSamplerOptions& options() const { return options_; }

  /// The patch that is sample number `sample` of step number `step`.
  [[nodiscard]] PatchPosition operator()(index_t step, index_t sample) const {
    PatchPosition position{.case_index = case_of(step * options_.batch + sample)};
    const auto at = static_cast<std::size_t>(position.case_index);
    Random random = generator(step, sample, purpose::position);
    const Extent& extent = extents_[at];
    if (centres_on_foreground(sample, random) && foregrounds_[at].count(region::WT) > 0) {
      const index_t voxel = draw_foreground(foregrounds_[at], random);
      const index_t w = voxel % extent.w, h = voxel / extent.w % extent.h,
                    d = voxel / extent.w / extent.h;
      position.first = {around(d, extent.d, options_.patch.d),
                        around(h, extent.h, options_.patch.h),
                        around(w, extent.w, options_.patch.w)};
    } else {
      position.first = {anywhere(extent.d, options_.patch.d, random),
                        anywhere(extent.h, options_.patch.h, random),
                        anywhere(extent.w, options_.patch.w, random)};
    }
    return position;
  }

  /// The random numbers of one sample, for one purpose.
  [[nodiscard]] Random generator(index_t step, index_t sample, std::uint32_t purpose) const {
    return Random{options_.seed, static_cast<std::uint32_t>(step),
                  static_cast<std::uint32_t>(sample), purpose};
  }

 private:
  /// Case of the drawn-th sample since the beginning of training: Fisher-Yates per epoch.
  [[nodiscard]] index_t case_of(index_t drawn) const {
    const auto count = static_cast<index_t>(extents_.size());
    Random random{options_.seed, static_cast<std::uint32_t>(drawn / count), 0, purpose::shuffle};
    std::vector<index_t> order(extents_.size());
    std::iota(order.begin(), order.end(), index_t{0});
    for (index_t left = count; left > 1; --left) {
      std::swap(order[static_cast<std::size_t>(left - 1)],
                order[static_cast<std::size_t>(random.below(left))]);
    }
    return order[static_cast<std::size_t>(drawn % count)];
  }

  [[nodiscard]] bool centres_on_foreground(index_t sample, Random& random) const {
    if (options_.batch == 1) return random.bernoulli(options_.foreground);
    return sample >=
           options_.batch - std::lround(static_cast<double>(options_.batch) * options_.foreground);
  }

  [[nodiscard]] static index_t draw_foreground(const ForegroundIndex& foreground, Random& random) {
    std::array<int, region::count> present{};
    index_t found = 0;
    for (int r = 0; r < region::count; ++r) {
      if (foreground.count(r) > 0) present[static_cast<std::size_t>(found++)] = r;
    }
    const int drawn = present[static_cast<std::size_t>(random.below(found))];
    return foreground.voxel(drawn, random.below(foreground.count(drawn)));
  }

  /// First voxel of a patch around `centre` that stays inside where it can.
  [[nodiscard]] static index_t around(index_t centre, index_t extent, index_t patch) {
    if (patch >= extent) return padded(extent, patch);
    return std::clamp(centre - patch / 2, index_t{0}, extent - patch);
  }
  [[nodiscard]] static index_t anywhere(index_t extent, index_t patch, Random& random) {
    return patch >= extent ? padded(extent, patch) : random.below(extent - patch + 1);
  }
  /// A case that is smaller than the patch lies in its middle.
  [[nodiscard]] static index_t padded(index_t extent, index_t patch) {
    return -((patch - extent) / 2);
  }

  PatchSamplerOptions options_;
  std::vector<Extent> extents_;
  std::vector<ForegroundIndex> foregrounds_;
};

}  // namespace glia
