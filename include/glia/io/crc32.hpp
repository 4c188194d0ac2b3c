#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "glia/io/input_file.hpp"

namespace glia {

/// CRC-32 (the one of gzip and PNG), continued from `crc`. It finds accidents, not forgeries.
[[nodiscard]] inline std::uint32_t crc32_of(std::span<const std::byte> bytes,
                                            std::uint32_t crc = 0) {
  return static_cast<std::uint32_t>(
      ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// CRC-32 of a file's bytes, a megabyte at a time. Throws IoError, DataError as InputFile does.
[[nodiscard]] inline std::uint32_t crc32_of_file(const std::filesystem::path& path) {
  InputFile file(path);
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  std::uint32_t crc = 0;
  while (const std::size_t got = file.read(buffer))
    crc = crc32_of(std::span(buffer).first(got), crc);
  return crc;
}

/// Eight lower-case hexadecimal digits.
[[nodiscard]] inline std::string hexadecimal(std::uint32_t value) {
  std::string text(8, '0');
  for (std::size_t i = 8; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

}  // namespace glia
