#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "unit/io/write_bytes.hpp"

namespace glia::test {

/// Where the fields lie, written down from the comments of nifti1.h and nifti2.h.
struct NiftiOffsets {
  std::size_t dim, datatype, bitpix, pixdim, vox_offset, slope, inter, units, qform_code,
      sform_code, quatern, qoffset, srow, magic, length;
};
inline constexpr NiftiOffsets nifti1_offsets{40,  70,  72,  76,  108, 112, 116, 123,
                                             252, 254, 256, 268, 280, 344, 348};
inline constexpr NiftiOffsets nifti2_offsets{16,  12,  14,  104, 168, 176, 184, 500,
                                             344, 348, 352, 376, 400, 4,   540};

/// A NIfTI file made byte by byte, independently of the library: 4 x 3 x 2 voxels of int16, sform
/// diag(-1, -1, 1) with offset (0, 239, 0), no voxels yet.
class NiftiBytes {
 public:
  explicit NiftiBytes(int version = 1, bool swapped = false)
      : at(version == 1 ? nifti1_offsets : nifti2_offsets),
        version_(version),
        swapped_(swapped),
        bytes(at.length + 4) {
    put(0, static_cast<std::int32_t>(at.length));
    magic(version == 1 ? "n+1" : "n+2");
    dims({4, 3, 2});
    type(4, 16);
    for (std::size_t axis = 0; axis < 4; ++axis) pixdim(axis, 1);
    offset(static_cast<double>(bytes.size()));
    real(at.slope, 1);
    code(at.sform_code, 1);
    sform({{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}});
  }

  template <class T>
  void put(std::size_t where, T value) {
    auto raw = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes[where + i] = raw[swapped_ ? sizeof(T) - 1 - i : i];
    }
  }
  /// A float in NIfTI-1, a double in NIfTI-2.
  void real(std::size_t where, double value) {
    version_ == 1 ? put(where, static_cast<float>(value)) : put(where, value);
  }
  /// A short in NIfTI-1, an int in NIfTI-2.
  void code(std::size_t where, int value) {
    version_ == 1 ? put(where, static_cast<std::int16_t>(value))
                  : put(where, static_cast<std::int32_t>(value));
  }
  void dim(std::size_t axis, std::int64_t value) {
    version_ == 1 ? put(at.dim + 2 * axis, static_cast<std::int16_t>(value))
                  : put(at.dim + 8 * axis, value);
  }
  void dims(const std::vector<int>& extents) {
    dim(0, static_cast<std::int64_t>(extents.size()));
    for (std::size_t axis = 0; axis < 7; ++axis) {
      dim(axis + 1, axis < extents.size() ? extents[axis] : 1);
    }
  }
  void type(int datatype, int bits) {
    put(at.datatype, static_cast<std::int16_t>(datatype));
    put(at.bitpix, static_cast<std::int16_t>(bits));
  }
  void pixdim(std::size_t axis, double value) {
    real(at.pixdim + (version_ == 1 ? 4 : 8) * axis, value);
  }
  void offset(double value) {
    version_ == 1 ? put(at.vox_offset, static_cast<float>(value))
                  : put(at.vox_offset, static_cast<std::int64_t>(value));
  }
  void magic(std::string_view text) {
    using namespace std::string_view_literals;
    const auto rest = version_ == 1 ? "\0"sv : "\0\r\n\x1a\n"sv;
    std::memcpy(bytes.data() + at.magic, text.data(), text.size());
    std::memcpy(bytes.data() + at.magic + text.size(), rest.data(), rest.size());
  }
  void sform(const std::array<std::array<double, 4>, 3>& rows) {
    const std::size_t size = version_ == 1 ? 4 : 8;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 4; ++c) real(at.srow + (4 * r + c) * size, rows[r][c]);
    }
  }
  void qform(std::array<double, 3> quaternion, std::array<double, 3> shift) {
    const std::size_t size = version_ == 1 ? 4 : 8;
    for (std::size_t i = 0; i < 3; ++i) {
      real(at.quatern + i * size, quaternion[i]);
      real(at.qoffset + i * size, shift[i]);
    }
  }
  template <class T>
  void append(T value) {
    bytes.resize(bytes.size() + sizeof(T));
    put(bytes.size() - sizeof(T), value);
  }
  /// Appends `count` int16 voxels 0, 1, 2, ...
  void count_up(int count) {
    for (int i = 0; i < count; ++i) append(static_cast<std::int16_t>(i));
  }
  void save(const std::filesystem::path& path) const { write_bytes(path, bytes); }

  NiftiOffsets at;

 private:
  int version_;
  bool swapped_;

 public:
  std::vector<std::byte> bytes;
};

/// The plain file: 24 voxels 0 to 23.
inline NiftiBytes plain_nifti(int version = 1, bool swapped = false) {
  NiftiBytes file(version, swapped);
  file.count_up(24);
  return file;
}

}  // namespace glia::test
