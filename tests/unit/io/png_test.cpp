#include "glia/io/png.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;

namespace {

std::uint32_t big_endian(const std::vector<std::byte>& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<std::uint32_t>(bytes[at + i]);
  return value;
}

/// CRC-32 bit by bit (PNG specification, annex D), as a second opinion.
std::uint32_t slow_crc(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/// Pixels of a PNG of the one kind that the library writes.
std::vector<std::uint8_t> decode(const std::vector<std::byte>& png, std::size_t row_bytes,
                                 std::size_t rows) {
  std::vector<std::byte> packed;
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t length = big_endian(png, at);
    const auto checked = std::span(png).subspan(at + 4, length + 4);
    CHECK(big_endian(png, at + 8 + length) == slow_crc(checked));
    if (checked[0] == std::byte{'I'} && checked[1] == std::byte{'D'}) {
      packed.insert(packed.end(), checked.begin() + 4, checked.end());
    }
    at += 12 + length;
  }
  std::vector<std::uint8_t> raw((row_bytes + 1) * rows);
  uLongf length = raw.size();
  REQUIRE(::uncompress(raw.data(), &length, reinterpret_cast<const Bytef*>(packed.data()),
                       packed.size()) == Z_OK);
  REQUIRE(length == raw.size());
  std::vector<std::uint8_t> pixels;
  for (std::size_t r = 0; r < rows; ++r) {
    REQUIRE(raw[r * (row_bytes + 1)] == 2);
    for (std::size_t i = 0; i < row_bytes; ++i) {
      const int above = r == 0 ? 0 : pixels[pixels.size() - row_bytes];
      pixels.push_back(static_cast<std::uint8_t>(raw[r * (row_bytes + 1) + 1 + i] + above));
    }
  }
  return pixels;
}

}  // namespace

TEST_CASE("png: signature, header and pixels") {
  std::vector<std::uint8_t> rgb(7 * 5 * 3);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * i * 31);
  const auto png = encode_png(7, 5, rgb);
  const std::vector<int> start{0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0,
                               0,    13,   0x49, 0x48, 0x44, 0x52, 0,    0,    0, 7,
                               0,    0,    0,    5,    8,    2,    0,    0,    0};
  for (std::size_t i = 0; i < start.size(); ++i) CHECK(static_cast<int>(png[i]) == start[i]);
  CHECK(decode(png, 21, 5) == rgb);
}

TEST_CASE("png: wrong sizes are refused and the file is written whole") {
  const std::vector<std::uint8_t> rgb(12, 200);
  CHECK(test::holds(test::message_of<UsageError>([&] { (void)encode_png(2, 3, rgb); }), "12 bytes",
                    "2x3"));
  CHECK_THROWS_AS((void)encode_png(0, 0, {}), UsageError);
  const test::TemporaryDirectory folder;
  write_png(folder / "a.png", 2, 2, rgb);
  CHECK(read_file(folder / "a.png") == encode_png(2, 2, rgb));
  CHECK_THROWS_AS(write_png(folder / "none/a.png", 2, 2, rgb), IoError);
}
