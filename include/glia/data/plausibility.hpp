#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "glia/core/number_text.hpp"
#include "glia/core/percentile.hpp"
#include "glia/core/types.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// Where what is unusual about a case becomes worth a word.
struct PlausibilityOptions {
  /// Ratio of the shares of non-zero voxels of two scans. Scans without their skull differ by a few
  /// per cent; skull and scalp about double the share.
  double nonzero_ratio = 1.5;
  /// Ratio of the largest voxel and the 99th percentile of those that are not 0. In scans of brains
  /// it is below 10.
  double spike_ratio = 20;
  /// Fewer enhancing voxels do not say which scan shows the contrast agent.
  index_t enhancing_voxels = 50;
};

namespace detail {

using Scans = std::array<Volume<float>, modality::count>;

inline std::string name_of(std::size_t channel) { return std::string(modality::names[channel]); }

inline bool is_constant(const Volume<float>& scan) {
  return std::adjacent_find(scan.voxels.begin(), scan.voxels.end(), std::not_equal_to<>()) ==
         scan.voxels.end();
}

inline void warn_of_equal_scans(const Scans& scans, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < scans.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (scans[i].voxels == scans[j].voxels && !is_constant(scans[i]))
        warnings.push_back(name_of(j) + " and " + name_of(i) + " are the same scan");
    }
  }
}

inline void warn_of_unequal_shares(const Scans& scans, const PlausibilityOptions& options,
                                   std::vector<std::string>& warnings) {
  struct Share {
    double nonzero;
    std::string name;
  };
  std::vector<Share> shares;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (is_constant(scans[i])) continue;
    const auto zeros = std::count(scans[i].voxels.begin(), scans[i].voxels.end(), 0.0F);
    shares.push_back(
        {1 - static_cast<double>(zeros) / static_cast<double>(scans[i].voxels.size()), name_of(i)});
  }
  if (shares.empty()) return;
  const auto text = [](const Share& share) {
    return number_text(std::round(1000 * share.nonzero) / 10) + " % of the voxels of " + share.name;
  };
  const auto [least, most] =
      std::minmax_element(shares.begin(), shares.end(),
                          [](const Share& a, const Share& b) { return a.nonzero < b.nonzero; });
  if (most->nonzero > options.nonzero_ratio * least->nonzero) {
    warnings.push_back(text(*most) + " are not 0, but " + text(*least) +
                       ": perhaps one scan has its skull and another has not");
  }
}

inline void warn_of_spikes(const Scans& scans, const PlausibilityOptions& options,
                           std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < scans.size(); ++i) {
    std::vector<float> sizes;
    for (const float voxel : scans[i].voxels) {
      if (voxel != 0) sizes.push_back(std::abs(voxel));
    }
    if (sizes.empty()) continue;
    const float largest = *std::max_element(sizes.begin(), sizes.end());
    const auto high = static_cast<float>(percentile(sizes, 99));
    if (static_cast<double>(largest) > options.spike_ratio * static_cast<double>(high)) {
      warnings.push_back(name_of(i) + " has voxels of up to " + number_text(largest) +
                         ", but 99 % of them are below " + number_text(high));
    }
  }
}

inline void warn_of_labels_outside(const Scans& scans, const LabelVolume& labels,
                                   std::vector<std::string>& warnings) {
  index_t outside = 0, tumour = 0;
  for (std::size_t i = 0; i < labels.voxels.size(); ++i) {
    if (labels.voxels[i] == label::background) continue;
    ++tumour;
    outside += std::all_of(scans.begin(), scans.end(),
                           [&](const Volume<float>& scan) { return scan.voxels[i] == 0; });
  }
  if (outside > 0) {
    warnings.push_back(std::to_string(outside) + " of " + std::to_string(tumour) +
                       " tumour voxels lie outside the brain, where all scans are 0");
  }
}

/// How many standard deviations of the brain outside the tumour the mean of enhancing tumour lies
/// above the mean of that brain.
inline double enhancement(const Volume<float>& scan, const LabelVolume& labels) {
  double brain_sum = 0, brain_squares = 0, enhancing_sum = 0, brain = 0, enhancing = 0;
  for (std::size_t i = 0; i < labels.voxels.size(); ++i) {
    const auto voxel = static_cast<double>(scan.voxels[i]);
    if (labels.voxels[i] == label::ET) {
      enhancing_sum += voxel;
      ++enhancing;
    } else if (labels.voxels[i] == label::background && voxel != 0) {
      brain_sum += voxel;
      brain_squares += voxel * voxel;
      ++brain;
    }
  }
  if (brain == 0 || enhancing == 0) return 0;
  const double mean = brain_sum / brain;
  const double deviation = std::sqrt((std::max)(0.0, brain_squares / brain - mean * mean));
  return deviation > 0 ? (enhancing_sum / enhancing - mean) / deviation : 0;
}

/// Enhancing tumour takes up the contrast agent, which T1ce shows and T1 does not.
inline void warn_of_exchanged_t1(const Scans& scans, const LabelVolume& labels,
                                 const PlausibilityOptions& options,
                                 std::vector<std::string>& warnings) {
  if (std::count(labels.voxels.begin(), labels.voxels.end(), label::ET) < options.enhancing_voxels)
    return;
  if (enhancement(scans[modality::T1], labels) > enhancement(scans[modality::T1ce], labels)) {
    warnings.emplace_back(
        "enhancing tumour is brighter in T1 than in T1ce, compared with the brain around: perhaps "
        "the two are exchanged, or the label scheme is another");
  }
}

}  // namespace detail

/// What about the scans of a case, and its labels if there are any, looks like a mistake without
/// being provably one. Requires: scans and labels of one extent.
[[nodiscard]] inline std::vector<std::string> implausibilities(
    const std::array<Volume<float>, modality::count>& scans, const LabelVolume* labels,
    const PlausibilityOptions& options = {}) {
  std::vector<std::string> warnings;
  detail::warn_of_equal_scans(scans, warnings);
  detail::warn_of_unequal_shares(scans, options, warnings);
  detail::warn_of_spikes(scans, options, warnings);
  if (labels) {
    detail::warn_of_labels_outside(scans, *labels, warnings);
    detail::warn_of_exchanged_t1(scans, *labels, options, warnings);
  }
  return warnings;
}

}  // namespace glia
