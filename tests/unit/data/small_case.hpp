#pragma once

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "glia/data/case_files.hpp"
#include "glia/io/nifti_write.hpp"

namespace glia::test {

inline constexpr Extent small_extent{4, 5, 6};

/// Header with BraTS' affine: LPS, 1 mm.
inline NiftiHeader brats_header(Extent extent = small_extent) {
  Affine affine;
  affine.m = {{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}};
  return make_nifti_header(extent, affine);
}

/// An image with a brain of distinct positive values in the middle and 0 on its border.
inline Volume<float> small_image(Extent extent = small_extent, float offset = 0) {
  Volume<float> image(extent);
  for (index_t d = 1; d + 1 < extent.d; ++d) {
    for (index_t h = 1; h + 1 < extent.h; ++h) {
      for (index_t w = 1; w + 1 < extent.w; ++w) {
        image.at(d, h, w) = offset + static_cast<float>(1 + image.index(d, h, w));
      }
    }
  }
  return image;
}

/// Labels with one voxel of each of three values.
inline LabelVolume small_labels(std::uint8_t et = 4, Extent extent = small_extent) {
  LabelVolume labels(extent);
  labels.at(1, 1, 1) = 1;
  labels.at(1, 2, 3) = 2;
  labels.at(2, 3, 4) = et;
  return labels;
}

/// Writes the case `folder/ID` with BraTS 2018 names, uncompressed so that tests can change header
/// bytes.
inline CaseFiles write_small_case(const std::filesystem::path& folder,
                                  const std::string& id = "case") {
  const auto home = folder / id;
  std::filesystem::create_directories(home);
  CaseFiles files;
  files.id = id;
  files.layout = Layout::brats2018;
  files.scheme_from_values = true;
  const std::array<const char*, 4> endings{"_t1.nii", "_t1ce.nii", "_t2.nii", "_flair.nii"};
  for (std::size_t i = 0; i < 4; ++i) {
    files.images[i] = home / (id + endings[i]);
    write_nifti_image(files.images[i], small_image(small_extent, 100.0F * static_cast<float>(i)),
                      brats_header());
  }
  files.label = home / (id + "_seg.nii");
  write_nifti_labels(files.label, small_labels(), brats_header());
  return files;
}

/// Overwrites bytes of a file in place.
template <class T>
void patch(const std::filesystem::path& file, std::streamoff offset, T value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(offset);
  stream.write(bytes.data(), sizeof(T));
}

/// Byte offsets of fields in a NIfTI-1 header (nifti1.h).
namespace field {
inline constexpr std::streamoff dim = 40, pixdim = 76, qform_code = 252, sform_code = 254,
                                srow_x = 280, srow_y = 296, srow_z = 312, voxels = 352;
}  // namespace field

}  // namespace glia::test
