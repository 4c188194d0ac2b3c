#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"
#include "glia/io/atomic_file.hpp"

namespace glia {

namespace detail {

inline void append_big_endian(std::vector<std::byte>& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::byte>(value >> shift));
}

/// Length, type, content and CRC-32 of type and content (PNG specification, 5.3).
inline void append_png_chunk(std::vector<std::byte>& png, std::string_view type,
                             std::span<const std::byte> content) {
  append_big_endian(png, static_cast<std::uint32_t>(content.size()));
  const std::size_t start = png.size();
  const auto letters = std::as_bytes(std::span(type));
  png.insert(png.end(), letters.begin(), letters.end());
  png.insert(png.end(), content.begin(), content.end());
  append_big_endian(
      png, static_cast<std::uint32_t>(::crc32_z(
               0, reinterpret_cast<const Bytef*>(png.data() + start), png.size() - start)));
}

}  // namespace detail

/// The bytes of an RGB picture, 8 bits per colour, rows from the top: a PNG file in memory.
///
/// Written with zlib, which the library needs anyway: PNG is its stream in four chunks. Each row
/// predicts from the row above (filter 2). Throws UsageError if `rgb` has not width * height * 3
/// bytes.
[[nodiscard]] inline std::vector<std::byte> encode_png(index_t width, index_t height,
                                                       std::span<const std::uint8_t> rgb) {
  constexpr index_t longest = 1 << 16;
  if (width < 1 || height < 1 || width > longest || height > longest ||
      static_cast<std::uint64_t>(width * height * 3) != rgb.size()) {
    throw UsageError("PNG: got " + std::to_string(rgb.size()) + " bytes, expected 3 for each of " +
                     std::to_string(width) + "x" + std::to_string(height) + " pixels");
  }
  const auto row_bytes = static_cast<std::size_t>(width) * 3;
  std::vector<std::uint8_t> filtered;
  filtered.reserve(rgb.size() + static_cast<std::size_t>(height));
  for (std::size_t at = 0; at < rgb.size(); ++at) {
    if (at % row_bytes == 0) filtered.push_back(2);
    const int above = at < row_bytes ? 0 : rgb[at - row_bytes];
    filtered.push_back(static_cast<std::uint8_t>(rgb[at] - above));
  }
  uLongf length = ::compressBound(filtered.size());
  std::vector<std::byte> compressed(length);
  if (::compress2(reinterpret_cast<Bytef*>(compressed.data()), &length, filtered.data(),
                  filtered.size(), 6) != Z_OK) {
    throw std::bad_alloc();
  }
  compressed.resize(length);

  std::vector<std::byte> png;
  for (const char byte : std::string_view("\x89PNG\r\n\x1a\n")) {
    png.push_back(static_cast<std::byte>(byte));
  }
  std::vector<std::byte> header;
  detail::append_big_endian(header, static_cast<std::uint32_t>(width));
  detail::append_big_endian(header, static_cast<std::uint32_t>(height));
  for (const int field :
       {8, 2, 0, 0, 0}) {  // 8 bits, RGB, deflate, adaptive filters, not interlaced
    header.push_back(static_cast<std::byte>(field));
  }
  detail::append_png_chunk(png, "IHDR", header);
  detail::append_png_chunk(png, "IDAT", compressed);
  detail::append_png_chunk(png, "IEND", {});
  return png;
}

/// Writes an RGB picture as a PNG file that appears complete or not at all; see encode_png.
inline void write_png(const std::filesystem::path& path, index_t width, index_t height,
                      std::span<const std::uint8_t> rgb) {
  write_file_atomically(path, encode_png(width, height, rgb));
}

}  // namespace glia
