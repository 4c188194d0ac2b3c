#include "glia/io/crc32.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "glia/io/atomic_file.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("CRC-32 of the nine digits is cbf43926 (ISO 3309), in one go and continued") {
  CHECK(crc32_of(bytes_of("123456789")) == 0xcbf43926);
  CHECK(crc32_of(bytes_of("6789"), crc32_of(bytes_of("12345"))) == 0xcbf43926);
  CHECK(crc32_of({}) == 0);
  CHECK(hexadecimal(0xcbf43926) == "cbf43926");
  CHECK(hexadecimal(0x1f) == "0000001f");
}

TEST_CASE("the CRC-32 of a file is that of its bytes, however many buffers they fill") {
  const test::TemporaryDirectory folder;
  const std::string text(2'500'001, 'x');
  write_file_atomically(folder / "large", bytes_of(text));
  write_file_atomically(folder / "empty", {});
  CHECK(crc32_of_file(folder / "large") == crc32_of(bytes_of(text)));
  CHECK(crc32_of_file(folder / "empty") == 0);
  CHECK_THROWS_AS((void)crc32_of_file(folder / "missing"), IoError);
}
