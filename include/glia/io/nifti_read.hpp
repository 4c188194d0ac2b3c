#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"
#include "glia/io/byte_order.hpp"
#include "glia/io/decompressed_file.hpp"
#include "glia/io/nifti_datatype.hpp"
#include "glia/io/nifti_header.hpp"
#include "glia/io/nifti_paths.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// What to do with voxels that are NaN or infinite.
enum class NonFinite {
  refuse,  ///< throw DataError with their number and the first place
  zero,    ///< replace them by 0 and add a warning
};

struct NiftiReadOptions {
  NonFinite nonfinite = NonFinite::refuse;
  index_t max_voxels = index_t{1} << 30;  ///< of all frames together
};

/// A whole scan: scaled values in the order of the file ([D, H, W], w along the file's first axis).
struct NiftiImage {
  NiftiHeader header;
  std::vector<Volume<float>> frames;
  std::vector<std::string> warnings;  ///< those of the header and of the voxels
};

namespace detail {

/// Reads the header and leaves `file` behind it and its extensions.
[[nodiscard]] inline NiftiHeader read_header(DecompressedFile& file, const std::string& name,
                                             bool pair) {
  std::vector<std::byte> bytes(sizeof(nifti_1_header));
  bytes.resize(file.read(bytes));
  if (nifti_kind(bytes).version == 2 && bytes.size() == sizeof(nifti_1_header)) {
    bytes.resize(sizeof(nifti_2_header));
    const std::size_t first = sizeof(nifti_1_header);
    bytes.resize(first + file.read(std::span(bytes).subspan(first)));
  }
  return parse_nifti_header(bytes, name, pair);
}

/// Walks over the extensions between header and voxels (or the end of an .hdr file); none is
/// interpreted.
inline void skip_extensions(DecompressedFile& file, NiftiHeader& header, const std::string& name) {
  std::array<std::byte, 8> start{};
  if (!header.pair && header.data_offset == 0) return;
  if (file.read(std::span(start).first(4)) < 4 || start[0] == std::byte{0}) return;
  while (header.pair || header.data_offset - file.position() >= 16) {
    const std::size_t got = file.read(start);
    if (header.pair && got == 0) return;
    const auto length = load<std::int32_t>(start.data(), header.swapped);
    const auto inside = static_cast<std::uint64_t>((std::max)(length, 8)) - 8;
    const bool fits = header.pair || inside <= header.data_offset - file.position();
    if (got < 8 || length < 8 || !fits || file.skip(inside) != inside) {
      throw DataError(name + ": header extension: got length " + std::to_string(length) +
                      ", expected 8 or more bytes that end before the voxels");
    }
    if (length % 16 != 0) {
      header.warnings.push_back("a header extension has length " + std::to_string(length) +
                                ", not a multiple of 16");
    }
  }
}

/// Converts stored voxels to float, one frame after another, and looks after those that are not
/// finite.
class VoxelReader {
 public:
  VoxelReader(DecompressedFile& file, const NiftiHeader& header, const std::string& name)
      : file_(file), header_(header), name_(name) {}

  template <class T>
  [[nodiscard]] Volume<float> read_frame(index_t frame, NonFinite policy) {
    Volume<float> volume;
    volume.extent = header_.extent;
    auto& voxels = volume.voxels;
    const auto count = static_cast<std::size_t>(header_.extent.voxels());
    std::vector<std::byte> chunk((std::min)(count, std::size_t{1} << 17) * sizeof(T));
    while (voxels.size() < count) {
      const std::size_t want = (std::min)(count - voxels.size(), chunk.size() / sizeof(T));
      const std::size_t got = file_.read(std::span(chunk).first(want * sizeof(T)));
      if (got != want * sizeof(T)) refuse_end();
      // All memory at once only when a part of the data has shown that the header is honest.
      if ((voxels.size() + want) * 16 >= count) voxels.reserve(count);
      for (std::size_t i = 0; i < want; ++i) {
        voxels.push_back(scaled(load<T>(chunk.data() + i * sizeof(T), header_.swapped)));
      }
    }
    if (std::is_floating_point_v<T> || scaling_) check_finite(volume, frame, policy);
    return volume;
  }

  /// Number of voxels that were replaced or refused.
  [[nodiscard]] index_t nonfinite() const { return nonfinite_; }
  /// "12 of 5760 voxels are not finite, the first at (3, 0, 7)".
  [[nodiscard]] std::string nonfinite_text() const {
    return std::to_string(nonfinite_) + " of " +
           std::to_string(header_.extent.voxels() * header_.frames) +
           " voxels are not finite numbers in single precision, the first at " + first_;
  }

 private:
  template <class T>
  [[nodiscard]] float scaled(T value) const {
    if (!scaling_) return static_cast<float>(value);
    return static_cast<float>(header_.slope * static_cast<double>(value) + header_.inter);
  }

  void check_finite(Volume<float>& volume, index_t frame, NonFinite policy) {
    for (std::size_t i = 0; i < volume.voxels.size(); ++i) {
      if (std::isfinite(volume.voxels[i])) continue;
      if (nonfinite_++ == 0) first_ = place(static_cast<index_t>(i), frame);
      if (policy == NonFinite::zero) volume.voxels[i] = 0;
    }
  }

  [[nodiscard]] std::string place(index_t index, index_t frame) const {
    const Extent e = header_.extent;
    return "(" + std::to_string(index % e.w) + ", " + std::to_string(index / e.w % e.h) + ", " +
           std::to_string(index / (e.w * e.h)) + ") of frame " + std::to_string(frame);
  }

  [[noreturn]] void refuse_end() const {
    throw DataError(name_ + ": unexpected end of file: got " +
                    std::to_string(file_.position() - header_.data_offset) + " of " +
                    std::to_string(header_.data_bytes()) + " bytes of voxels");
  }

  DecompressedFile& file_;
  const NiftiHeader& header_;
  const std::string& name_;
  bool scaling_ = header_.slope != 1 || header_.inter != 0;
  index_t nonfinite_ = 0;
  std::string first_;
};

/// Refuses what can be refused before any memory is taken for voxels.
inline void check_readable(const NiftiHeader& header, const DecompressedFile& file,
                           const std::string& name, index_t max_voxels) {
  constexpr index_t max_frames = 1 << 16;
  if (!find_nifti_datatype(header.datatype)->scalar) {
    throw DataError(name + ": datatype: got " + nifti_datatype_text(header.datatype) +
                    ", expected one real number per voxel");
  }
  const index_t voxels = header.extent.voxels() * header.frames;
  if (voxels > max_voxels) {
    throw DataError(name + ": dim: got " + to_string(header.extent) + " voxels in " +
                    std::to_string(header.frames) + " frame(s), expected at most " +
                    std::to_string(max_voxels) + " voxels in all");
  }
  // Each frame is a Volume of its own, which costs memory even for one voxel.
  if (header.frames > max_frames) {
    throw DataError(name + ": dim[4..7]: got " + std::to_string(header.frames) +
                    " frames, expected at most " + std::to_string(max_frames));
  }
  const std::uint64_t end = header.data_offset + header.data_bytes();
  if (file.largest_size() < end) {
    throw DataError(name + ": unexpected end of file: " + to_string(header.extent) +
                    " voxels of type " + nifti_datatype_text(header.datatype) + " end at byte " +
                    std::to_string(end) + ", the file " +
                    (file.compressed() ? "cannot hold more than " : "has ") +
                    std::to_string(file.largest_size()) + " bytes");
  }
}

/// Reads to the end, so that the checks of a compressed file cover all of it.
inline void finish(DecompressedFile& file, const std::string& name,
                   std::vector<std::string>& warnings) {
  const std::uint64_t limit = std::uint64_t{1} << 26;
  const std::uint64_t surplus = file.skip(limit);
  if (surplus == limit) {
    throw DataError(name + ": more than " + std::to_string(limit) + " bytes follow the voxels");
  }
  if (surplus > 0)
    warnings.push_back(std::to_string(surplus) + " bytes after the voxels are ignored");
  if (file.trailing_bytes()) warnings.emplace_back("bytes after the gzip data are ignored");
}

}  // namespace detail

/// Reads and checks a header only (single file or pair, compressed or not by content).
/// Throws DataError for anything that is not NIfTI or contradicts itself, IoError if it cannot be
/// read.
[[nodiscard]] inline NiftiHeader read_nifti_header(const std::filesystem::path& path) {
  const NiftiPaths paths = nifti_paths(path);
  const std::string name = paths.header.string();
  DecompressedFile file(paths.header);
  NiftiHeader header = detail::read_header(file, name, paths.pair());
  detail::skip_extensions(file, header, name);
  return header;
}

/// Reads a scan: NIfTI-1 or -2, single file or .hdr/.img pair, gzip by content, either byte order,
/// every type with one real number per voxel; value = scl_slope * stored + scl_inter unless
/// scl_slope is 0 or NaN.
///
/// Memory grows with the data that is really there, never with what a header claims. Complex and
/// RGB voxels are refused by name: they are neither intensities nor labels. Throws DataError
/// (damaged, cut, contradictory or not NIfTI), IoError (cannot be read).
[[nodiscard]] inline NiftiImage read_nifti(const std::filesystem::path& path,
                                           const NiftiReadOptions& options = {}) {
  const NiftiPaths paths = nifti_paths(path);
  const std::string name = paths.voxels.string();
  std::optional<DecompressedFile> file(std::in_place, paths.header);
  NiftiImage image{detail::read_header(*file, paths.header.string(), paths.pair()), {}, {}};
  const NiftiHeader& header = image.header;
  detail::skip_extensions(*file, image.header, paths.header.string());
  image.warnings = header.warnings;
  if (paths.pair()) {
    detail::finish(*file, paths.header.string(), image.warnings);
    file.emplace(paths.voxels);
  } else if (header.data_offset == 0) {
    file.emplace(paths.voxels);
  }
  detail::check_readable(header, *file, name, options.max_voxels);
  const std::uint64_t gap = header.data_offset - file->position();
  if (file->skip(gap) != gap) {
    throw DataError(name + ": unexpected end of file: got " + std::to_string(file->position()) +
                    " bytes, expected voxels from byte " + std::to_string(header.data_offset) +
                    " on");
  }

  detail::VoxelReader reader(*file, header, name);
  for (index_t frame = 0; frame < header.frames; ++frame) {
    with_nifti_type(header.datatype, [&](auto type) {
      image.frames.push_back(reader.read_frame<decltype(type)>(frame, options.nonfinite));
    });
  }
  detail::finish(*file, name, image.warnings);
  if (reader.nonfinite() > 0) {
    if (options.nonfinite == NonFinite::refuse)
      throw DataError(name + ": " + reader.nonfinite_text());
    image.warnings.push_back(reader.nonfinite_text() + ": they are taken as 0");
  }
  return image;
}

}  // namespace glia
