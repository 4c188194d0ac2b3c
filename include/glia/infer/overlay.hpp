#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/core/percentile.hpp"
#include "glia/data/label_check.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

using Colour = std::array<std::uint8_t, 3>;  ///< red, green, blue

/// A picture in memory, rows from top to bottom, three bytes per pixel.
struct Picture {
  index_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;

  Picture(index_t w, index_t h) : width(w), height(h), rgb(static_cast<std::size_t>(3 * w * h)) {}
  void set(index_t x, index_t y, Colour colour) {
    std::copy(colour.begin(), colour.end(), rgb.data() + 3 * (y * width + x));
  }
  [[nodiscard]] Colour at(index_t x, index_t y) const {
    const auto i = static_cast<std::size_t>(3 * (y * width + x));
    return {rgb[i], rgb[i + 1], rgb[i + 2]};
  }
};

struct OverlayOptions {
  index_t zoom = 3;                          ///< pixels per voxel and direction
  double darkest = 0.01, brightest = 0.995;  ///< quantiles of the non-zero voxels drawn so
  std::array<Colour, region::count> colours{{{70, 200, 90}, {250, 200, 40}, {230, 60, 60}}};
};

/// The axial plane that holds most voxels of a region; the middle plane if there are none.
[[nodiscard]] inline index_t largest_plane(const LabelVolume& labels,
                                           int region_index = region::WT) {
  const index_t plane = labels.extent.h * labels.extent.w;
  index_t best = labels.extent.d / 2, most = 0;
  for (index_t d = 0; d < labels.extent.d; ++d) {
    const std::uint8_t* begin = labels.voxels.data() + d * plane;
    const auto count = std::count_if(
        begin, begin + plane, [=](std::uint8_t value) { return in_region(value, region_index); });
    if (count > most) {
      most = count;
      best = d;
    }
  }
  return best;
}

namespace detail {

/// Maps intensities to 0..255 between two quantiles of the volume's non-zero voxels.
class GreyScale {
 public:
  GreyScale(const Volume<float>& image, double darkest, double brightest) {
    std::vector<float> values;
    for (const float value : image.voxels) {
      if (value != 0) values.push_back(value);
    }
    if (values.empty()) return;
    low_ = static_cast<float>(percentile(values, 100 * darkest));
    high_ = static_cast<float>(percentile(values, 100 * brightest));
  }
  [[nodiscard]] std::uint8_t operator()(float value) const {
    if (value == 0 || !(high_ > low_)) return 0;  // 0 is outside the brain, also after a z-score
    const float share = std::clamp((value - low_) / (high_ - low_), 0.0F, 1.0F);
    return static_cast<std::uint8_t>(std::lround(255 * share));
  }

 private:
  float low_ = 0, high_ = 0;
};

enum class Stroke { solid, dashed };

/// Draws the innermost pixels of a region: those with a neighbour, left, right, above or below,
/// that belongs to a voxel outside it.
inline void draw_contour(Picture& picture, const LabelVolume& labels, index_t d, int region_index,
                         Colour colour, index_t zoom, Stroke stroke) {
  const auto inside = [&](index_t x, index_t y) {
    return x >= 0 && y >= 0 && x < picture.width && y < picture.height &&
           in_region(labels.at(d, y / zoom, x / zoom), region_index);
  };
  for (index_t y = 0; y < picture.height; ++y) {
    for (index_t x = 0; x < picture.width; ++x) {
      if (stroke == Stroke::dashed && (x + y) / 4 % 2 == 1) continue;
      if (inside(x, y) &&
          !(inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1))) {
        picture.set(x, y, colour);
      }
    }
  }
}

}  // namespace detail

/// Draws axial plane d of an image with the contours of WT, TC and ET: dashed for the truth, over
/// it solid for the prediction, so a dashed line is where they differ. Either may be null. In
/// canonical orientation the front is at the top and the patient's left on the right. Throws
/// UsageError if the plane or the extents do not fit, DataError for a voxel that holds no label.
[[nodiscard]] inline Picture draw_overlay(const Volume<float>& image, index_t d,
                                          const LabelVolume* truth, const LabelVolume* prediction,
                                          const OverlayOptions& options = {}) {
  const Extent e = image.extent;
  if (d < 0 || d >= e.d || options.zoom < 1) {
    throw UsageError("overlay: got plane " + std::to_string(d) + " and zoom " +
                     std::to_string(options.zoom) + ", expected a plane of " + to_string(e) +
                     " voxels and a positive zoom");
  }
  if (!(options.darkest >= 0 && options.darkest <= options.brightest && options.brightest <= 1)) {
    throw UsageError("overlay: quantiles: got " + number_text(options.darkest) + " and " +
                     number_text(options.brightest) + ", expected ascending numbers from 0 to 1");
  }
  Picture picture(e.w * options.zoom, e.h * options.zoom);
  const detail::GreyScale grey(image, options.darkest, options.brightest);
  for (index_t y = 0; y < picture.height; ++y) {
    for (index_t x = 0; x < picture.width; ++x) {
      const std::uint8_t value = grey(image.at(d, y / options.zoom, x / options.zoom));
      picture.set(x, y, {value, value, value});
    }
  }
  const auto draw = [&](const LabelVolume* labels, detail::Stroke stroke) {
    if (labels == nullptr) return;
    if (labels->extent != e) {
      throw UsageError("overlay: label extent: got " + to_string(labels->extent) +
                       ", expected that of the image, " + to_string(e));
    }
    require_labels("overlay: labels", *labels);
    for (int r = 0; r < region::count; ++r) {
      detail::draw_contour(picture, *labels, d, r, options.colours[static_cast<std::size_t>(r)],
                           options.zoom, stroke);
    }
  };
  draw(truth, detail::Stroke::dashed);
  draw(prediction, detail::Stroke::solid);
  return picture;
}

}  // namespace glia
