#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "glia/core/error.hpp"
#include "glia/io/gzip.hpp"
#include "glia/io/input_file.hpp"

namespace glia {

/// Reads a file front to back, decompressing it if its content (not its name) is gzip.
class DecompressedFile {
 public:
  explicit DecompressedFile(const std::filesystem::path& path) : file_(path) {
    std::array<std::byte, 2> start{};
    const std::size_t got = file_.read(start);
    file_.rewind();
    if (is_gzip(std::span(start).first(got))) {
      gzip_.emplace([this](std::span<std::byte> out) { return file_.read(out); }, path.string());
    }
  }

  [[nodiscard]] bool compressed() const { return gzip_.has_value(); }
  /// Bytes read or skipped so far.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// Bytes on disk.
  [[nodiscard]] std::uint64_t size_on_disk() const { return file_.size(); }
  /// No more than this many bytes can be read in all: deflate shrinks data at most 1032 times.
  [[nodiscard]] std::uint64_t largest_size() const {
    return compressed() ? file_.size() * 1032 : file_.size();
  }
  /// True if a gzip stream ended before its file did; known after the last byte was read.
  [[nodiscard]] bool trailing_bytes() const { return gzip_ && gzip_->trailing_bytes(); }

  /// Fills `out` with the next bytes; fewer only at the end. Throws DataError for damaged gzip
  /// data.
  std::size_t read(std::span<std::byte> out) {
    const std::size_t got = gzip_ ? gzip_->read(out) : file_.read(out);
    position_ += got;
    return got;
  }

  /// Reads and drops up to `count` bytes; returns how many there were.
  std::uint64_t skip(std::uint64_t count) {
    std::array<std::byte, 1 << 14> dropped;
    std::uint64_t done = 0;
    while (done < count) {
      const auto want = (std::min)(count - done, std::uint64_t{dropped.size()});
      const std::size_t got = read(std::span(dropped).first(static_cast<std::size_t>(want)));
      if (got == 0) break;
      done += got;
    }
    return done;
  }

 private:
  InputFile file_;
  std::optional<GzipReader> gzip_;
  std::uint64_t position_ = 0;
};

}  // namespace glia
