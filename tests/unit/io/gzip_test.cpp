#include "glia/io/gzip.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/io/decompressed_file.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/write_bytes.hpp"

using namespace glia;
using glia::test::holds;
using glia::test::message_of;
using glia::test::write_bytes;

namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t count) {
  Random random(7);
  Bytes bytes(count);
  // Half of the values equal, so that there is something to compress.
  for (auto& byte : bytes)
    byte = static_cast<std::byte>(random.bernoulli(0.5) ? 0 : random() & 255);
  return bytes;
}

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("gzip: reads what Python's gzip module wrote") {
  // gzip.compress(b"glia glia glia\n", mtime=0)
  const auto member = from_hex("1f8b08000000000002034bcfc94c544887115c00e31cbbf90f000000");
  const auto plain = gzip_decompress(member);
  CHECK(std::string(reinterpret_cast<const char*>(plain.data()), plain.size()) ==
        "glia glia glia\n");
}

TEST_CASE("gzip: round trip of all sizes around the buffers, same bytes every time") {
  for (const std::size_t size : {0, 1, 2, 16383, 16384, 16385, 65535, 65536, 65537, 300000}) {
    const auto plain = random_bytes(size);
    const auto packed = gzip_compress(plain);
    CHECK(is_gzip(packed));
    CHECK(gzip_decompress(packed) == plain);
    CHECK(gzip_compress(plain) == packed);
    for (std::size_t i = 4; i < 8; ++i) CHECK(packed[i] == std::byte{0});  // no time
    CHECK(packed[9] == std::byte{255});                                    // no system
  }
}

TEST_CASE("gzip: members follow one another, zero padding between and after them") {
  const auto a = random_bytes(1000), b = random_bytes(70000);
  const auto expected = joined(a, b);
  const auto both = joined(gzip_compress(a), gzip_compress(b));
  CHECK(gzip_decompress(both) == expected);
  CHECK(gzip_decompress(joined(both, Bytes(513))) == expected);
  CHECK(gzip_decompress(joined(joined(gzip_compress(a), Bytes(70000)), gzip_compress(b))) ==
        expected);
}

TEST_CASE("gzip: every cut is noticed") {
  const auto plain = random_bytes(500);
  const auto packed = gzip_compress(plain);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto cut = std::span(packed).first(size);
    const auto message = message_of<DataError>([&] { (void)gzip_decompress(cut, "x.gz"); });
    CHECK(holds(message, "x.gz", "unexpected end of gzip data"));
  }
}

TEST_CASE("gzip: every flipped bit of data, CRC and length is noticed, or has no meaning") {
  const auto plain = random_bytes(500);
  const auto packed = gzip_compress(plain);
  std::size_t noticed = 0;
  for (std::size_t i = 10; i < packed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = packed;
      changed[i] ^= static_cast<std::byte>(1 << bit);
      // Deflate has bits without meaning: the lengths of codes that do not occur, the last byte's
      // rest.
      try {
        const auto read = gzip_decompress(changed);
        CHECK(read == plain);
      } catch (const DataError&) {
        ++noticed;
      }
    }
  }
  CHECK(noticed > (packed.size() - 10) * 8 * 99 / 100);
  auto changed = packed;
  changed[packed.size() - 8] ^= std::byte{1};
  CHECK(holds(message_of<DataError>([&] { (void)gzip_decompress(changed); }), "CRC mismatch"));
  changed = packed;
  changed[packed.size() - 1] ^= std::byte{1};
  CHECK(holds(message_of<DataError>([&] { (void)gzip_decompress(changed); }), "length mismatch"));
}

TEST_CASE("gzip: the limit holds before memory is taken") {
  const auto bomb = gzip_compress(Bytes(std::size_t{1} << 24));
  CHECK(bomb.size() < 20000);
  CHECK(holds(message_of<DataError>([&] { (void)gzip_decompress(bomb, "b", 1000); }),
              "more than 1000 bytes"));
}

TEST_CASE("decompressed file: content decides, not the name") {
  const test::TemporaryDirectory folder;
  const auto plain = random_bytes(100000);
  write_bytes(folder / "a.nii", gzip_compress(plain));
  write_bytes(folder / "b.gz", plain);
  for (const char* name : {"a.nii", "b.gz"}) {
    DecompressedFile file(folder / name);
    CHECK(file.compressed() == (name[0] == 'a'));
    CHECK(file.skip(99990) == 99990);
    Bytes rest(20);
    CHECK(file.read(rest) == 10);
    CHECK(file.position() == 100000);
    CHECK(file.largest_size() >= 100000);
    CHECK(std::equal(rest.begin(), rest.begin() + 10, plain.end() - 10));
    CHECK_FALSE(file.trailing_bytes());
  }
}

TEST_CASE("decompressed file: other bytes after the last member are reported") {
  const test::TemporaryDirectory folder;
  auto packed = gzip_compress(random_bytes(10));
  packed.push_back(std::byte{'x'});
  write_bytes(folder / "a.gz", packed);
  DecompressedFile file(folder / "a.gz");
  CHECK(file.skip(100) == 10);
  CHECK(file.trailing_bytes());
}
