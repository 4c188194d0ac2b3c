#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/crop.hpp"
#include "glia/data/label_check.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/soft_target.hpp"
#include "glia/tensor/host_tensor.hpp"
#include "glia/tensor/spacing.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// Names the images of a case by their content.
using ContentId = std::array<std::uint32_t, modality::count>;

/// A case as networks consume it: canonical orientation, cropped to the brain, z-scored.
struct PreparedCase {
  std::string id;
  HostTensor<float> image;            ///< [1, D, H, W, 4]: T1, T1ce, T2, FLAIR; 0 outside the brain
  std::optional<LabelVolume> labels;  ///< [D, H, W], the same crop
  std::optional<SoftTarget> soft{};   ///< what is trained on instead of the labels, the same crop
  bool pseudo_labelled = false;       ///< labels and soft target come from a teacher
  std::optional<ContentId> content{};  ///< see `content_id`
  CropBox crop;                        ///< where the crop lies in the original volume
  Extent original;                     ///< extent before the crop, canonical orientation
  Spacing spacing;
};

/// Throws DataError unless the image is [1, D, H, W, 4] and what belongs to its voxels is of its
/// extent: labels, of which each is one of 0 to 3, and soft target.
inline void require_consistent(const PreparedCase& one) {
  const Shape& shape = one.image.shape();
  if (shape.n != 1 || shape.c != modality::count || shape.voxels() == 0)
    throw DataError(one.id + ": image: expected [1, D, H, W, 4], got " + to_string(shape));
  if (one.labels) require_labels(one.id + ": labels", *one.labels, shape.extent());
  if (one.soft && !(one.soft->extent() == shape.extent())) {
    throw DataError(one.id + ": soft target: got " + to_string(one.soft->extent()) +
                    ", expected the image's extent " + to_string(shape.extent()));
  }
}

/// Ids separated by commas, which no id holds: how files of weights list cases.
[[nodiscard]] inline std::string ids_text(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}
[[nodiscard]] inline std::string ids_text(const std::vector<PreparedCase>& cases) {
  std::vector<std::string> ids;
  for (const PreparedCase& one : cases) ids.push_back(one.id);
  return ids_text(ids);
}

}  // namespace glia
