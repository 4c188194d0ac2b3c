#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/options.hpp"
#include "glia/core/random.hpp"
#include "glia/data/foreground_index.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/prepared_case.hpp"

namespace glia {

/// The third word of a random generator's name: what it is drawn for.
namespace purpose {
inline constexpr std::uint32_t shuffle = 1, position = 2, augmentation = 3, order = 4;
}

/// Which patch to take: voxels [first, first + patch) of a case; what lies outside of the case is
/// padding.
struct PatchPosition {
  index_t case_index = 0;
  std::array<index_t, 3> first{};  ///< d, h, w; negative where the case is smaller than the patch
  friend bool operator==(const PatchPosition&, const PatchPosition&) = default;
};

/// The patches, and the grid of whole volumes, of the paper.
inline constexpr Extent published_patch{128, 128, 128};

struct PatchSamplerOptions {
  Extent patch = published_patch;
  index_t batch = 2;
  /// Share of a batch that is centred on tumour: its last round(batch * foreground) samples; a
  /// batch of one draws with this probability (nnU-Net's oversampling).
  double foreground = 0.34;
  std::uint64_t seed = 0;
  /// Share of samples that come from cases which are not pseudo-labelled, exact over time; without
  /// it every case comes as often as every other. Radosavovic et al. 2018 use about 0.6.
  std::optional<double> labelled_share{};

  template <class F>
  void options(F&& f) const {
    f("patch.d", patch.d, at_least(1));
    f("patch.h", patch.h, at_least(1));
    f("patch.w", patch.w, at_least(1));
    f("batch", batch, at_least(1));
    f("foreground", foreground, between(0, 1));
    f("seed", seed);
    f("labelled_share", labelled_share, between(0, 1));
  }
};

/// Chooses patches. Cases come in shuffled epochs, each case once per epoch; with a labelled share,
/// labelled and pseudo-labelled cases have epochs of their own. A tumour-centred
/// sample draws one of the regions that its case has, then a voxel of that region; other samples,
/// and cases without tumour, draw a uniform position. Everything is a function of (seed, step,
/// sample).
class PatchSampler {
 public:
  /// Requires that `cases` outlives the sampler. Throws UsageError for options out of range,
  /// DataError for a case that cannot be trained on.
  PatchSampler(const std::vector<PreparedCase>& cases, const PatchSamplerOptions& options)
      : options_(options) {
    const auto expect = [](bool holds, const std::string& message) {
      if (!holds) throw UsageError("patch sampler: " + message);
    };
    expect(!cases.empty(), "expected at least one case, got none");
    require_valid("patch sampler", options);
    foregrounds_.reserve(cases.size());
    for (const PreparedCase& one : cases) {
      require_consistent(one);
      if (!one.soft && !one.labels)
        throw DataError(one.id + ": labels: expected a label volume, got none");
      const bool second = options.labelled_share && one.pseudo_labelled;
      groups_[second ? 1 : 0].push_back(static_cast<index_t>(extents_.size()));
      extents_.push_back(one.image.shape().extent());
      one.soft ? foregrounds_.emplace_back(*one.soft) : foregrounds_.emplace_back(*one.labels);
    }
    if (options.labelled_share) {
      expect(*options.labelled_share == 0 || !groups_[0].empty(),
             "labelled share: expected 0, because no case is labelled");
      expect(*options.labelled_share == 1 || !groups_[1].empty(),
             "labelled share: expected 1, because no case is pseudo-labelled");
    }
  }

  [[nodiscard]] const PatchSamplerOptions& options() const { return options_; }

  /// The patch that is sample number `sample` of step number `step`.
  [[nodiscard]] PatchPosition operator()(index_t step, index_t sample) const {
    PatchPosition position{.case_index = case_of(step, sample)};
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
  [[nodiscard]] index_t case_of(index_t step, index_t sample) const {
    if (!options_.labelled_share) return case_of_group(0, step * options_.batch + sample);
    // Samples change places within their batch, or which are labelled would always be the same
    // ones, for instance those that are centred on tumour.
    Random random = generator(step, 0, purpose::order);
    const index_t place = (sample + random.below(options_.batch)) % options_.batch;
    const index_t drawn = step * options_.batch + place;
    const auto labelled_before = [&](index_t count) {
      return static_cast<index_t>(
          std::floor(static_cast<double>(count) * *options_.labelled_share));
    };
    const index_t before = labelled_before(drawn);
    return labelled_before(drawn + 1) > before ? case_of_group(0, before)
                                               : case_of_group(1, drawn - before);
  }

  /// Case of the drawn-th sample of a group since the beginning of training, in
  /// shuffled epochs.
  [[nodiscard]] index_t case_of_group(std::size_t group, index_t drawn) const {
    std::vector<index_t> order = groups_[group];
    const auto count = static_cast<index_t>(order.size());
    Random random{options_.seed, static_cast<std::uint32_t>(drawn / count),
                  static_cast<std::uint32_t>(group), purpose::shuffle};
    shuffle(order, random);
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
  std::array<std::vector<index_t>, 2> groups_;  // labelled (or all), pseudo-labelled
  std::vector<Extent> extents_;
  std::vector<ForegroundIndex> foregrounds_;
};

}  // namespace glia
