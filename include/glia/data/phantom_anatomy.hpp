#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "glia/core/random.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/smooth_noise.hpp"
#include "glia/tensor/volume.hpp"

namespace glia::detail {

/// A point of the phantom's head in mm: x to the left, y to the back, z to the top, 0 between the
/// ventricles.
struct HeadPoint {
  double x = 0, y = 0, z = 0;
};

/// 0 below `low`, 1 above `high`, smooth between.
inline double smooth_step(double low, double high, double value) {
  const double t = std::clamp((value - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

/// Depth in mm below the surface of an ellipsoid, approximately; negative outside.
inline double depth_in(const HeadPoint& p, const HeadPoint& centre, const HeadPoint& radii) {
  const double x = (p.x - centre.x) / radii.x, y = (p.y - centre.y) / radii.y,
               z = (p.z - centre.z) / radii.z;
  const double level = std::sqrt(x * x + y * y + z * z);
  const double slope = std::sqrt(x * x / (radii.x * radii.x) + y * y / (radii.y * radii.y) +
                                 z * z / (radii.z * radii.z));
  return slope > 1e-9 ? level * (1 - level) / slope : (std::min)({radii.x, radii.y, radii.z});
}

/// Where a head of random pose and size lies in a volume. The mean brain measures 138 x 173 x 141
/// mm, as BraTS brains do; smaller volumes hold a smaller brain.
class HeadFrame {
 public:
  HeadFrame(Extent whole, Random random) {
    const auto length = [](index_t voxels) { return static_cast<double>(voxels); };
    voxels_per_mm_ =
        (std::min)({length(whole.w) / 156, length(whole.h) / 190, length(whole.d) / 152});
    for (double& stretch : stretch_) stretch = random.uniform(0.93, 1.03);
    const double turn = random.uniform(-0.1, 0.1);
    cosine_ = std::cos(turn);
    sine_ = std::sin(turn);
    const std::array<double, 3> half{78 * voxels_per_mm_, 95 * voxels_per_mm_,
                                     76 * voxels_per_mm_};  // w, h, d
    const auto place = [&](index_t voxels, double reach, index_t& start, index_t& extent) {
      const double middle = length(voxels - 1) / 2 +
                            random.uniform(-0.1, 0.1) * (std::max)(0.0, length(voxels) / 2 - reach);
      start = std::max<index_t>(0, static_cast<index_t>(middle - reach));
      extent = (std::min)(voxels, static_cast<index_t>(middle + reach) + 2) - start;
      return middle - length(start);
    };
    centre_.x = place(whole.w, half[0], box_.w0, box_.extent.w);
    centre_.y = place(whole.h, half[1], box_.h0, box_.extent.h);
    centre_.z = place(whole.d, half[2], box_.d0, box_.extent.d);
  }

  /// The block of the volume that holds the head; everything else works inside of it.
  [[nodiscard]] const CropBox& box() const { return box_; }
  [[nodiscard]] double voxels_per_mm() const { return voxels_per_mm_; }

  [[nodiscard]] HeadPoint point(index_t d, index_t h, index_t w) const {
    const double x = (static_cast<double>(w) - centre_.x) / voxels_per_mm_;
    const double y = (static_cast<double>(h) - centre_.y) / voxels_per_mm_;
    const double z = (static_cast<double>(d) - centre_.z) / voxels_per_mm_;
    return {(cosine_ * x + sine_ * y) / stretch_[0], (cosine_ * y - sine_ * x) / stretch_[1],
            z / stretch_[2]};
  }

  /// Noise inside the box whose lattice is `mm` wide, though never finer than voxels can show.
  [[nodiscard]] Volume<float> noise(double mm, Random random) const {
    return smooth_noise(box_.extent, (std::max)(2.0, mm * voxels_per_mm_), random);
  }

 private:
  double voxels_per_mm_ = 1, cosine_ = 1, sine_ = 0;
  std::array<double, 3> stretch_{1, 1, 1};
  HeadPoint centre_;  // in voxels of the box
  CropBox box_;
};

/// Shares of the tissues in a voxel; they add up to 1 inside the brain and are all 0 outside of it.
struct Tissue {
  float white = 0, grey = 0, fluid = 0;
  float depth = 0;      ///< mm below the brain's surface, 0 outside
  float ventricle = 0;  ///< mm from the wall of the ventricles, negative inside
};

/// Depth below the surface of the brain without its folds: cerebrum, temporal lobes, cerebellum,
/// brain stem.
inline double brain_depth(const HeadPoint& p) {
  const double width = 67 * (1 + 0.08 * p.y / 86);  // narrower in front
  const double side = std::abs(p.x);
  double depth = depth_in(p, {0, 0, 8}, {width, 86, p.z > 8 ? 61.0 : 46.0});
  if (p.z < 0) {
    depth = (std::max)(depth, depth_in({side, p.y, p.z}, {40, -14, -24}, {25, 42, 25}));
    depth = (std::max)(depth, depth_in(p, {0, 42, -38}, {50, 34, 28}));
    depth = (std::max)(depth, depth_in(p, {0, 12, -44}, {15, 15, 27}));
  }
  return depth;
}

/// Distance in mm from the wall of the ventricles: two arcs around the deep grey matter and a slit
/// in the middle. `size` 1 is an adult's.
inline double ventricle_distance(const HeadPoint& p, double size) {
  const double side = std::abs(p.x), y = p.y - 2, z = p.z + 8;
  const double radius = std::sqrt(y * y + z * z);
  const double angle = std::atan2(z, -y);  // 0 in front, pi/2 on top, pi behind
  const double beyond = (std::max)({0.0, 0.55 - angle, angle - 3.6}) * radius;
  const double off_arc = (radius - 27 - 4 * std::cos(angle)) / 1.3;
  const double off_side = side - (9 + (angle > 1.8 ? 9 * (angle - 1.8) : 0.0));
  const double thickness = size * (3.6 + 2.4 * smooth_step(1.2, 2.8, angle));
  const double lateral =
      std::sqrt(off_arc * off_arc + off_side * off_side * 0.8 + beyond * beyond) - thickness;
  const double third = -depth_in(p, {0, 4, -6}, {1.8 * size, 13, 11});
  return (std::min)(lateral, third);
}

/// Tissues of a healthy brain. `push` moves points before the inner structures are looked up (mass
/// effect).
template <class Push>
Volume<Tissue> make_anatomy(const HeadFrame& frame, std::uint64_t seed, std::uint32_t index,
                            Push&& push) {
  const auto field = [&](double mm, std::uint32_t number) {
    return frame.noise(mm, Random{seed, index, number, 1});
  };
  const Volume<float> folds = field(5.2, 0), deep_folds = field(13, 4), fine_folds = field(2.6, 1);
  const Volume<float> outline = field(18, 2), wobble = field(9, 3);
  Random random{seed, index, 0, 2};
  const double ventricle_size = random.uniform(0.7, 1.5);
  const double atrophy = random.uniform(0.4, 1.3);  // width of the sulci in mm

  Volume<Tissue> tissue(frame.box().extent);
  const double voxel = 0.7 / frame.voxels_per_mm();  // half width of a partial-volume edge in mm
  for (index_t d = 0; d < tissue.extent.d; ++d) {
    for (index_t h = 0; h < tissue.extent.h; ++h) {
      for (index_t w = 0; w < tissue.extent.w; ++w) {
        const HeadPoint p = frame.point(d, h, w);
        const double depth = brain_depth(p) + 1.3 * static_cast<double>(outline.at(d, h, w));
        if (depth <= 0) continue;
        const HeadPoint moved = push(p);
        const double bend = static_cast<double>(wobble.at(d, h, w));

        // Folds are the zero sheets of noise; |noise| over its mean slope, 2.04 per lattice width,
        // is a distance to them.
        const bool cerebellum = p.z < -18 && p.y > 14;
        const auto sheet = [&](const Volume<float>& noise, double lattice) {
          return 0.49 * lattice * std::abs(static_cast<double>(noise.at(d, h, w)));
        };
        const double reach = 13 + 4 * bend;
        const double fold =
            cerebellum
                ? sheet(fine_folds, 2.6) + 0.3 + (std::max)(0.0, depth - 18)
                : (std::min)(sheet(folds, 5.2) + (std::max)(0.0, depth - reach),
                             sheet(deep_folds, 13) + 0.2 + (std::max)(0.0, depth - 1.9 * reach));
        const double callosum =
            (std::max)(0.0, 1 - std::hypot(moved.y / 50, (moved.z + 4) / 30)) * 40;
        const double fissure =
            std::abs(moved.x + 0.8 * bend) + 0.4 + callosum + (cerebellum ? 9 : 0);
        const double from_fluid = (std::min)({depth, fold, fissure});
        const double from_ventricle = ventricle_distance(moved, ventricle_size) + 0.8 * bend;

        const HeadPoint mirrored{std::abs(moved.x), moved.y, moved.z};
        const double nuclei = (std::max)({depth_in(mirrored, {11, 10, -5}, {8, 14, 9}),
                                          depth_in(mirrored, {25, -5, -5}, {5, 16, 11}),
                                          depth_in(mirrored, {11, -20, 2}, {5, 9, 9})}) +
                              0.7 * bend;

        const double fluid =
            (std::max)(1 - smooth_step(0.5 * atrophy - voxel, 0.5 * atrophy + voxel, from_fluid),
                       1 - smooth_step(-voxel, voxel, from_ventricle));
        const double ribbon = 3.2 + 0.5 * bend;
        const double grey = (std::max)(1 - smooth_step(ribbon - voxel, ribbon + voxel, from_fluid),
                                       0.75 * smooth_step(-voxel, voxel, nuclei));
        Tissue& at = tissue.at(d, h, w);
        at.fluid = static_cast<float>(fluid);
        at.grey = static_cast<float>((1 - fluid) * grey);
        at.white = 1 - at.fluid - at.grey;
        at.depth = static_cast<float>(depth);
        at.ventricle = static_cast<float>(from_ventricle);
      }
    }
  }
  return tissue;
}

}  // namespace glia::detail
