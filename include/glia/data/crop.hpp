#pragma once

#include <algorithm>
#include <span>
#include <string>

#include "glia/core/error.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// A block of a volume: voxels [d0, d0 + extent.d) x [h0, h0 + extent.h) x [w0, w0 + extent.w).
struct CropBox {
  index_t d0 = 0, h0 = 0, w0 = 0;
  Extent extent;
  friend bool operator==(const CropBox&, const CropBox&) = default;
};

namespace detail {

inline void require_box_inside(const CropBox& box, Extent whole) {
  const auto inside = [](index_t start, index_t length, index_t available) {
    return start >= 0 && length >= 0 && length <= available && start <= available - length;
  };
  if (inside(box.d0, box.extent.d, whole.d) && inside(box.h0, box.extent.h, whole.h) &&
      inside(box.w0, box.extent.w, whole.w)) {
    return;
  }
  throw UsageError("crop box at w,h,d = " + std::to_string(box.w0) + "," + std::to_string(box.h0) +
                   "," + std::to_string(box.d0) + " of " + to_string(box.extent) +
                   " voxels: expected it inside the volume of " + to_string(whole));
}

}  // namespace detail

/// Smallest block that holds every voxel that is not 0 in at least one image; the whole volume if
/// there is none. Requires: images of one extent, at least one. Throws UsageError.
[[nodiscard]] inline CropBox bounding_box(std::span<const Volume<float>> images) {
  if (images.empty()) throw UsageError("bounding box: expected at least one image, got none");
  const Extent whole = images.front().extent;
  Extent low = whole;       // first voxel that is not 0, per axis
  Extent high{-1, -1, -1};  // last such voxel, inclusive
  for (const Volume<float>& image : images) {
    if (!(image.extent == whole)) {
      throw UsageError("bounding box: expected images of one extent, got " + to_string(whole) +
                       " and " + to_string(image.extent));
    }
    const auto filled = [](float voxel) { return voxel != 0.0F; };
    for (index_t d = 0; d < whole.d; ++d) {
      for (index_t h = 0; h < whole.h; ++h) {
        const std::span row(image.voxels.data() + image.index(d, h, 0),
                            static_cast<std::size_t>(whole.w));
        const auto first = std::find_if(row.begin(), row.end(), filled);
        if (first == row.end()) continue;
        const auto behind_last = std::find_if(row.rbegin(), row.rend(), filled).base();
        low = {(std::min)(low.d, d), (std::min)(low.h, h),
               (std::min)(low.w, index_t{first - row.begin()})};
        high = {(std::max)(high.d, d), (std::max)(high.h, h),
                (std::max)(high.w, index_t{behind_last - row.begin() - 1})};
      }
    }
  }
  if (high.d < 0) return {0, 0, 0, whole};
  return {low.d, low.h, low.w, {high.d - low.d + 1, high.h - low.h + 1, high.w - low.w + 1}};
}

/// The voxels of a box. Throws UsageError if the box leaves the volume.
template <class T>
[[nodiscard]] Volume<T> crop(const Volume<T>& whole, const CropBox& box) {
  detail::require_box_inside(box, whole.extent);
  Volume<T> part(box.extent);
  for (index_t d = 0; d < box.extent.d; ++d) {
    for (index_t h = 0; h < box.extent.h; ++h) {
      std::copy_n(whole.voxels.data() + whole.index(box.d0 + d, box.h0 + h, box.w0), box.extent.w,
                  part.voxels.data() + part.index(d, h, 0));
    }
  }
  return part;
}

/// A cropped volume back at its place in the original extent; `outside` everywhere else.
/// Throws UsageError if the box does not fit the part or the original extent.
template <class T>
[[nodiscard]] Volume<T> uncrop(const Volume<T>& part, const CropBox& box, Extent original,
                               T outside = T{}) {
  detail::require_box_inside(box, original);
  if (!(part.extent == box.extent)) {
    throw UsageError("uncrop: expected a volume of " + to_string(box.extent) + " voxels, got " +
                     to_string(part.extent));
  }
  Volume<T> whole(original, outside);
  for (index_t d = 0; d < box.extent.d; ++d) {
    for (index_t h = 0; h < box.extent.h; ++h) {
      std::copy_n(part.voxels.data() + part.index(d, h, 0), box.extent.w,
                  whole.voxels.data() + whole.index(box.d0 + d, box.h0 + h, box.w0));
    }
  }
  return whole;
}

}  // namespace glia
