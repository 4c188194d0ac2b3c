#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "glia/core/types.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/view.hpp"

namespace glia {

/// Where the voxels of a patch lie in a case: source = centre + matrix * (voxel - (patch - 1) / 2),
/// axes d, h, w.
struct PatchTransform {
  std::array<double, 3> centre{};
  std::array<std::array<double, 3>, 3> matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

  /// A plain crop (possibly mirrored): every voxel of the patch is a voxel of the case.
  [[nodiscard]] bool is_crop() const {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        if (std::abs(matrix[i][j]) != (i == j ? 1.0 : 0.0)) return false;
      }
    }
    return true;
  }
};

/// The crop whose first voxel is voxel `first` of the case; negative positions lie outside of it.
[[nodiscard]] inline PatchTransform crop_transform(std::array<index_t, 3> first, Extent patch) {
  const auto middle = [](index_t start, index_t length) {
    return static_cast<double>(start) + static_cast<double>(length - 1) / 2;
  };
  PatchTransform crop;
  crop.centre = {middle(first[0], patch.d), middle(first[1], patch.h), middle(first[2], patch.w)};
  return crop;
}

namespace detail {

/// Writes one sample of a batch, row by row, from a case.
class PatchWriter {
 public:
  PatchWriter(const PreparedCase& source, View<float> image, View<float> target, index_t n)
      : source_(source),
        image_(image),
        target_(target),
        n_(n),
        extent_(source.image.shape().extent()) {}

  /// Exact copies of voxels; mirrored axes run backwards.
  void copy(const PatchTransform& transform) const {
    const Extent patch = image_.shape.extent();
    const auto place = [&](std::size_t axis, index_t length, index_t voxel) -> index_t {
      const double step = transform.matrix[axis][axis];
      const double first = transform.centre[axis] - step * static_cast<double>(length - 1) / 2;
      return std::lround(first) + (step < 0 ? -voxel : voxel);
    };
    const index_t w_first = place(2, patch.w, 0);
    const index_t w_step = transform.matrix[2][2] < 0 ? -1 : 1;
    for (index_t d = 0; d < patch.d; ++d) {
      const index_t at_d = place(0, patch.d, d);
      for (index_t h = 0; h < patch.h; ++h) {
        const index_t at_h = place(1, patch.h, h);
        clear_row(d, h);
        if (at_d < 0 || at_d >= extent_.d || at_h < 0 || at_h >= extent_.h) continue;
        const float* row = source_.image.view().row(0, at_d, at_h);
        for (index_t w = 0, at_w = w_first; w < patch.w; ++w, at_w += w_step) {
          if (at_w < 0 || at_w >= extent_.w) continue;
          std::copy_n(row + at_w * channels, channels, image_.row(n_, d, h) + w * image_.pitch);
          write_target(d, h, w, (at_d * extent_.h + at_h) * extent_.w + at_w);
        }
      }
    }
  }

  /// One trilinear interpolation of the image and of a soft target, the nearest voxel of labels.
  void resample(const PatchTransform& transform) const {
    const Extent patch = image_.shape.extent();
    const auto offset = [](index_t voxel, index_t length) {
      return static_cast<double>(voxel) - static_cast<double>(length - 1) / 2;
    };
    for (index_t d = 0; d < patch.d; ++d) {
      for (index_t h = 0; h < patch.h; ++h) {
        clear_row(d, h);
        std::array<double, 3> start{}, step{};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const auto& row = transform.matrix[axis];
          start[axis] = transform.centre[axis] + row[0] * offset(d, patch.d) +
                        row[1] * offset(h, patch.h) + row[2] * offset(0, patch.w);
          step[axis] = row[2];
        }
        for (index_t w = 0; w < patch.w; ++w) {
          const auto along = static_cast<double>(w);
          interpolate(start[0] + along * step[0], start[1] + along * step[1],
                      start[2] + along * step[2], d, h, w);
        }
      }
    }
  }

 private:
  static constexpr index_t channels = modality::count;

  void clear_row(index_t d, index_t h) const {
    std::fill_n(image_.row(n_, d, h), image_.shape.w * image_.pitch, 0.0F);
    std::fill_n(target_.row(n_, d, h), target_.shape.w * target_.pitch, 0.0F);
  }

  void write_target(index_t d, index_t h, index_t w, index_t voxel) const {
    float* target = target_.row(n_, d, h) + w * target_.pitch;
    if (source_.soft) {
      for (int r = 0; r < region::count; ++r) target[r] = source_.soft->at(voxel, r);
      return;
    }
    const std::uint8_t label = source_.labels->voxels[static_cast<std::size_t>(voxel)];
    if (label == 0) return;
    for (int r = 0; r < region::count; ++r) target[r] = in_region(label, r) ? 1.0F : 0.0F;
  }

  /// Image and target of patch voxel (d, h, w), which lies at (z, y, x) of the case. Here no edge
  /// is repeated, as `linear_sample` does: a case ends where its brain ends, and beyond it is air,
  /// 0.
  void interpolate(double z, double y, double x, index_t d, index_t h, index_t w) const {
    // Truncation rounds down because everything below -1 is gone; the negated test also drops NaN.
    const auto inside = [](double at, index_t length) {
      return at > -1 && at < static_cast<double>(length);
    };
    if (!inside(z, extent_.d) || !inside(y, extent_.h) || !inside(x, extent_.w)) return;
    const auto k = static_cast<index_t>(z + 1) - 1, j = static_cast<index_t>(y + 1) - 1,
               i = static_cast<index_t>(x + 1) - 1;
    const auto along_d = static_cast<float>(z - static_cast<double>(k));
    const auto along_h = static_cast<float>(y - static_cast<double>(j));
    const auto along_w = static_cast<float>(x - static_cast<double>(i));

    std::array<float, channels> sum{};
    const float* data = source_.image.view().data;
    for (index_t corner_d = 0; corner_d < 2; ++corner_d) {
      const index_t at_d = k + corner_d;
      if (at_d < 0 || at_d >= extent_.d) continue;
      const float weight_d = corner_d == 1 ? along_d : 1 - along_d;
      for (index_t corner_h = 0; corner_h < 2; ++corner_h) {
        const index_t at_h = j + corner_h;
        if (at_h < 0 || at_h >= extent_.h) continue;
        const float weight_h = weight_d * (corner_h == 1 ? along_h : 1 - along_h);
        const float* row = data + (at_d * extent_.h + at_h) * extent_.w * channels;
        const float weight_left = i >= 0 ? weight_h * (1 - along_w) : 0;
        const float weight_right = i + 1 < extent_.w ? weight_h * along_w : 0;
        const float* left = row + std::max<index_t>(i, 0) * channels;
        const float* right = row + (std::min)(i + 1, extent_.w - 1) * channels;
        for (std::size_t c = 0; c < channels; ++c)
          sum[c] += weight_left * left[c] + weight_right * right[c];
      }
    }
    std::copy(sum.begin(), sum.end(), image_.row(n_, d, h) + w * image_.pitch);

    if (source_.soft) {
      float* target = target_.row(n_, d, h) + w * target_.pitch;
      for (int r = 0; r < region::count; ++r)
        target[r] = source_.soft->between({k, j, i}, {along_d, along_h, along_w}, r);
      return;
    }
    const index_t at_d = k + (along_d >= 0.5F), at_h = j + (along_h >= 0.5F),
                  at_w = i + (along_w >= 0.5F);
    if (at_d < 0 || at_d >= extent_.d || at_h < 0 || at_h >= extent_.h || at_w < 0 ||
        at_w >= extent_.w)
      return;
    write_target(d, h, w, (at_d * extent_.h + at_h) * extent_.w + at_w);
  }

  const PreparedCase& source_;
  View<float> image_, target_;
  index_t n_;
  Extent extent_;
};

}  // namespace detail

/// Sample n of a batch, taken from the whole case, so that turned corners hold real voxels and
/// nothing is interpolated twice: image and soft target trilinear, labels nearest (they stay hard),
/// all 0 outside of the case. image [N, D, H, W, 4], target [N, D, H, W, 3] of the same extent.
/// Requires a soft target or labels in `source`.
inline void sample_patch(const PreparedCase& source, const PatchTransform& transform,
                         View<float> image, View<float> target, index_t n) {
  const detail::PatchWriter writer{source, image, target, n};
  if (transform.is_crop()) {
    writer.copy(transform);
  } else {
    writer.resample(transform);
  }
}

}  // namespace glia
