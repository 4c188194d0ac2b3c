#pragma once

#include <nifti1.h>
#include <nifti2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/io/atomic_file.hpp"
#include "glia/io/byte_order.hpp"
#include "glia/io/gzip.hpp"
#include "glia/io/nifti_datatype.hpp"
#include "glia/io/nifti_geometry.hpp"
#include "glia/io/nifti_header.hpp"
#include "glia/io/nifti_paths.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

namespace detail {

template <class Raw>
inline constexpr std::string_view nifti_magic{"n+1\0", 4};
template <>
inline constexpr std::string_view nifti_magic<nifti_2_header>{"n+2\0\r\n\x1a\n", 8};

/// Header of a single file with 3 axes: the geometry fields are the bytes of the source, all others
/// are fresh, so that names, dates and comments of a patient's scan do not travel into results.
template <class Raw>
[[nodiscard]] Raw output_header(const NiftiHeader& geometry, int datatype) {
  Raw source;
  std::memcpy(&source, geometry.bytes.data(), sizeof source);
  Raw raw{};
  raw.sizeof_hdr = source.sizeof_hdr;
  raw.dim_info = source.dim_info;
  raw.xyzt_units = source.xyzt_units;
  raw.qform_code = source.qform_code;
  raw.sform_code = source.sform_code;
  std::memcpy(raw.pixdim, source.pixdim, sizeof raw.pixdim);
  raw.quatern_b = source.quatern_b;
  raw.quatern_c = source.quatern_c;
  raw.quatern_d = source.quatern_d;
  raw.qoffset_x = source.qoffset_x;
  raw.qoffset_y = source.qoffset_y;
  raw.qoffset_z = source.qoffset_z;
  std::memcpy(raw.srow_x, source.srow_x, sizeof raw.srow_x);
  std::memcpy(raw.srow_y, source.srow_y, sizeof raw.srow_y);
  std::memcpy(raw.srow_z, source.srow_z, sizeof raw.srow_z);

  const auto in_file_order = [&](auto value) { return in_order(value, geometry.swapped); };
  using Dim = std::remove_extent_t<decltype(raw.dim)>;
  const Extent e = geometry.extent;
  const std::array<index_t, 8> dim{3, e.w, e.h, e.d, 1, 1, 1, 1};
  for (std::size_t axis = 0; axis < 8; ++axis) {
    raw.dim[axis] = in_file_order(static_cast<Dim>(dim[axis]));
  }
  raw.datatype = in_file_order(static_cast<std::int16_t>(datatype));
  raw.bitpix = in_file_order(static_cast<std::int16_t>(find_nifti_datatype(datatype)->bits));
  raw.vox_offset = in_file_order(static_cast<decltype(raw.vox_offset)>(sizeof(Raw) + 4));
  raw.scl_slope = in_file_order(static_cast<decltype(raw.scl_slope)>(1));
  std::memcpy(raw.magic, nifti_magic<Raw>.data(), sizeof raw.magic);
  return raw;
}

template <class Raw, class T>
[[nodiscard]] std::vector<std::byte> nifti_file(const Volume<T>& volume,
                                                const NiftiHeader& geometry) {
  const Raw raw = output_header<Raw>(geometry, nifti_code_of<T>());
  const std::size_t start = sizeof raw + 4;  // four zero bytes: no extensions
  std::vector<std::byte> file(start + volume.voxels.size() * sizeof(T));
  std::memcpy(file.data(), &raw, sizeof raw);
  std::byte* to = file.data() + start;
  for (const T voxel : volume.voxels) {
    const T stored = in_order(voxel, geometry.swapped);
    std::memcpy(to, &stored, sizeof stored);
    to += sizeof stored;
  }
  return file;
}

template <class T>
void write_nifti(const std::filesystem::path& path, const Volume<T>& volume,
                 const NiftiHeader& geometry) {
  const std::string name = path.filename().string();
  const bool compressed = ends_with_ignoring_case(name, ".nii.gz");
  if (!compressed && !ends_with_ignoring_case(name, ".nii")) {
    throw UsageError(path.string() + ": file name: expected an end of .nii or .nii.gz");
  }
  if (volume.extent != geometry.extent) {
    throw UsageError(path.string() + ": extent: got " + to_string(volume.extent) + ", expected " +
                     to_string(geometry.extent) + " of the geometry");
  }
  const auto file = geometry.version == 1 ? nifti_file<nifti_1_header>(volume, geometry)
                                          : nifti_file<nifti_2_header>(volume, geometry);
  if (compressed) {
    write_file_atomically(path, gzip_compress(file));
  } else {
    write_file_atomically(path, file);
  }
}

}  // namespace detail

/// Writes labels (in the file's voxel order) as uint8 with scl_slope 1, scl_inter 0.
///
/// pixdim, qform, sform, their codes and the units are copied byte for byte from `geometry`, in its
/// version and byte order. The name decides: .nii or .nii.gz. Equal input gives equal bytes; the
/// file appears complete or not at all. Throws UsageError (other extent or name), IoError.
inline void write_nifti_labels(const std::filesystem::path& path, const LabelVolume& labels,
                               const NiftiHeader& geometry) {
  detail::write_nifti(path, labels, geometry);
}

/// Writes intensities as int16; geometry and errors as write_nifti_labels.
inline void write_nifti_image(const std::filesystem::path& path, const Volume<std::int16_t>& image,
                              const NiftiHeader& geometry) {
  detail::write_nifti(path, image, geometry);
}

/// Writes intensities as float32; geometry and errors as write_nifti_labels.
inline void write_nifti_image(const std::filesystem::path& path, const Volume<float>& image,
                              const NiftiHeader& geometry) {
  detail::write_nifti(path, image, geometry);
}

/// A NIfTI-1 header for volumes that come from no file: qform and sform both with code 1 (scanner),
/// mm.
///
/// An affine whose axes are not at right angles has no quaternion; its qform code is 0. Throws
/// UsageError for extents beyond 32767, DataError for an affine that cannot be inverted.
[[nodiscard]] inline NiftiHeader make_nifti_header(Extent extent, const Affine& affine) {
  constexpr index_t longest = (std::numeric_limits<short>::max)();
  if (extent.w > longest || extent.h > longest || extent.d > longest) {
    throw UsageError("NIfTI-1 header: extent: got " + to_string(extent) + ", expected at most " +
                     std::to_string(longest) + " along each axis");
  }
  const auto single = [](double value) { return static_cast<float>(value); };
  nifti_1_header raw{};
  raw.sizeof_hdr = sizeof raw;
  const std::array<index_t, 8> dim{3, extent.w, extent.h, extent.d, 1, 1, 1, 1};
  for (std::size_t axis = 0; axis < 8; ++axis) raw.dim[axis] = static_cast<short>(dim[axis]);
  raw.datatype = DT_UINT8;
  raw.bitpix = 8;
  raw.vox_offset = sizeof raw + 4;
  raw.scl_slope = 1;
  raw.xyzt_units = NIFTI_UNITS_MM;
  raw.pixdim[0] = 1;
  const FileSpacing spacing = affine.spacing();
  for (std::size_t axis = 0; axis < 3; ++axis) raw.pixdim[axis + 1] = single(spacing.along(axis));
  if (affine.finite() && affine.orthogonality() > 1 - 1e-8) {
    const NiftiQuaternion q = quaternion_from_affine(affine);
    raw.pixdim[0] = single(q.qfac);
    raw.qform_code = NIFTI_XFORM_SCANNER_ANAT;
    raw.quatern_b = single(q.b);
    raw.quatern_c = single(q.c);
    raw.quatern_d = single(q.d);
    raw.qoffset_x = single(affine.m[0][3]);
    raw.qoffset_y = single(affine.m[1][3]);
    raw.qoffset_z = single(affine.m[2][3]);
  }
  raw.sform_code = NIFTI_XFORM_SCANNER_ANAT;
  for (std::size_t c = 0; c < 4; ++c) {
    raw.srow_x[c] = single(affine.m[0][c]);
    raw.srow_y[c] = single(affine.m[1][c]);
    raw.srow_z[c] = single(affine.m[2][c]);
  }
  std::memcpy(raw.magic, detail::nifti_magic<nifti_1_header>.data(), sizeof raw.magic);
  return parse_nifti_header(std::as_bytes(std::span(&raw, 1)), "NIfTI-1 header");
}

}  // namespace glia
