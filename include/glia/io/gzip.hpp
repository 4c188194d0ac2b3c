#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"

namespace glia {

/// True for bytes that start like a gzip member.
[[nodiscard]] inline bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

/// Decompresses a gzip stream piece by piece, all members after one another.
///
/// zlib checks the CRC-32 and the length of every member; a member that is damaged, cut or fails a
/// check throws DataError. Zero padding after a member is accepted (tapes and some scanners write
/// it), other bytes after the last member end the stream and are reported by `trailing_bytes()`.
class GzipReader {
 public:
  /// Fills a buffer with the next compressed bytes; fewer only at the end of the input.
  using Source = std::function<std::size_t(std::span<std::byte>)>;

  /// `name` begins every message.
  GzipReader(Source source, std::string name)
      : source_(std::move(source)), name_(std::move(name)), input_(std::size_t{1} << 16) {
    // 16 + 15: gzip framing, the largest window.
    if (::inflateInit2(&stream_, 16 + 15) != Z_OK) throw std::bad_alloc();
  }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  ~GzipReader() { ::inflateEnd(&stream_); }

  /// Fills `out` with the next decompressed bytes; fewer only after the checked end of the stream.
  std::size_t read(std::span<std::byte> out) {
    std::size_t got = 0;
    while (got < out.size() && !finished_) {
      if (!available(1)) {
        throw DataError(name_ + ": unexpected end of gzip data after " +
                        std::to_string(total_ + got) + " decompressed bytes");
      }
      const auto room = static_cast<uInt>((std::min)(out.size() - got, std::size_t{1} << 30));
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + got);
      stream_.avail_out = room;
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      got += room - stream_.avail_out;
      if (code == Z_STREAM_END) {
        start_next_member();
      } else if (code == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        throw DataError(name_ + ": " + explain() + " after " + std::to_string(total_ + got) +
                        " decompressed bytes");
      }
    }
    total_ += got;
    return got;
  }

  /// True if the stream ended before its source did, at bytes that are neither gzip nor zero.
  [[nodiscard]] bool trailing_bytes() const { return trailing_bytes_; }

 private:
  /// Makes at least `count` input bytes available if the source has them.
  bool available(uInt count) {
    if (stream_.avail_in < count) {
      if (stream_.avail_in > 0) std::memmove(input_.data(), stream_.next_in, stream_.avail_in);
      const std::size_t kept = stream_.avail_in;
      const std::size_t got = source_(std::span(input_).subspan(kept));
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(kept + got);
    }
    return stream_.avail_in >= count;
  }

  void start_next_member() {
    while (available(1) && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
    }
    if (available(2) && stream_.next_in[0] == 0x1f && stream_.next_in[1] == 0x8b) {
      ::inflateReset(&stream_);
      return;
    }
    finished_ = true;
    trailing_bytes_ = stream_.avail_in > 0;
  }

  [[nodiscard]] std::string explain() const {
    const std::string reason = stream_.msg != nullptr ? stream_.msg : "unknown reason";
    if (reason == "incorrect data check") return "gzip CRC mismatch";
    if (reason == "incorrect length check") return "gzip length mismatch";
    return "damaged gzip data (" + reason + ")";
  }

  Source source_;
  std::string name_;
  std::vector<std::byte> input_;
  z_stream stream_{};
  std::uint64_t total_ = 0;
  bool finished_ = false;
  bool trailing_bytes_ = false;
};

/// Decompresses a whole gzip stream. Throws DataError as GzipReader does, and beyond `limit` bytes.
[[nodiscard]] inline std::vector<std::byte> gzip_decompress(
    std::span<const std::byte> compressed, const std::string& name = "gzip data",
    std::size_t limit = (std::numeric_limits<std::size_t>::max)()) {
  GzipReader reader(
      [compressed](std::span<std::byte> out) mutable {
        const std::size_t count = (std::min)(out.size(), compressed.size());
        std::copy_n(compressed.begin(), count, out.begin());
        compressed = compressed.subspan(count);
        return count;
      },
      name);
  std::vector<std::byte> result;
  std::array<std::byte, 1 << 14> chunk;
  while (const std::size_t got = reader.read(chunk)) {
    if (got > limit - result.size()) {
      throw DataError(name + ": holds more than " + std::to_string(limit) + " bytes");
    }
    result.insert(result.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
  }
  return result;
}

/// Compresses to one gzip member whose header has no time and no system, so equal input gives equal
/// bytes.
[[nodiscard]] inline std::vector<std::byte> gzip_compress(std::span<const std::byte> bytes) {
  z_stream stream{};
  if (::deflateInit2(&stream, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  gz_header header{};
  header.os = 255;  // unknown system (RFC 1952)
  ::deflateSetHeader(&stream, &header);
  std::vector<std::byte> result;
  std::array<std::byte, 1 << 14> chunk;
  int code = Z_OK;
  while (code == Z_OK) {
    const auto piece = (std::min)(bytes.size(), std::size_t{1} << 30);
    // zlib's interface lacks const here; it does not write to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(piece);
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    code = ::deflate(&stream, piece == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    bytes = bytes.subspan(piece - stream.avail_in);
    const auto produced = static_cast<std::ptrdiff_t>(chunk.size() - stream.avail_out);
    result.insert(result.end(), chunk.begin(), chunk.begin() + produced);
  }
  ::deflateEnd(&stream);
  return result;
}

}  // namespace glia
