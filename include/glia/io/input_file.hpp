#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"

namespace glia {

namespace detail {

/// What the operating system says about an error number, without global buffers.
[[nodiscard]] inline std::string errno_text(int code) {
  return std::generic_category().message(code);
}

/// Owns a POSIX file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int value = -1) : value_(value) {}
  FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~FileDescriptor() {
    if (value_ >= 0) ::close(value_);
  }

  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool valid() const { return value_ >= 0; }
  /// Closes now; 0 or the error number, because a delayed write error may show only here.
  [[nodiscard]] int close() { return ::close(std::exchange(value_, -1)) == 0 ? 0 : errno; }

 private:
  int value_;
};

[[nodiscard]] inline const char* file_kind(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace detail

/// Bytes of a file as a size of memory. Throws OutOfMemory if the processor's addresses cannot
/// count so many.
[[nodiscard]] inline std::size_t size_in_memory(unsigned long long bytes) {
  if (!std::in_range<std::size_t>(bytes)) {
    throw OutOfMemory("a file's content: got " + std::to_string(bytes) +
                      " bytes, expected at most " +
                      std::to_string((std::numeric_limits<std::size_t>::max)()));
  }
  return static_cast<std::size_t>(bytes);
}

/// A regular file opened for reading; anything else is refused without waiting on it.
///
/// Throws IoError if it cannot be opened or read, DataError if it is a directory, pipe or device.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path) : path_(std::move(path)) {
    // Without O_NONBLOCK, opening a pipe would wait for its writer before fstat could refuse it.
    descriptor_ =
        detail::FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!descriptor_.valid()) fail("cannot open", errno);
    struct stat status {};
    if (::fstat(descriptor_.get(), &status) != 0) fail("cannot inspect", errno);
    if (!S_ISREG(status.st_mode)) {
      throw DataError(path_.string() + ": got " + detail::file_kind(status.st_mode) +
                      ", expected a regular file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Bytes in the file when it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Fills `out` from the current position; fewer bytes only at the end of the file.
  std::size_t read(std::span<std::byte> out) {
    std::size_t got = 0;
    while (got < out.size()) {
      const std::size_t want = (std::min)(out.size() - got, std::size_t{1} << 30);
      const ssize_t n = ::read(descriptor_.get(), out.data() + got, want);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("cannot read", errno);
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  /// Goes back to the first byte.
  void rewind() {
    if (::lseek(descriptor_.get(), 0, SEEK_SET) != 0) fail("cannot rewind", errno);
  }

 private:
  [[noreturn]] void fail(const char* what, int code) const {
    throw IoError(std::string(what) + " " + path_.string() + ": " + detail::errno_text(code));
  }

  std::filesystem::path path_;
  detail::FileDescriptor descriptor_;
  std::uint64_t size_ = 0;
};

/// The whole content of a regular file. Throws DataError if it is longer than `limit` bytes.
[[nodiscard]] inline std::vector<std::byte> read_file(
    const std::filesystem::path& path,
    std::size_t limit = (std::numeric_limits<std::size_t>::max)()) {
  InputFile file(path);
  if (file.size() > limit) {
    throw DataError(path.string() + ": has " + std::to_string(file.size()) +
                    " bytes, expected at most " + std::to_string(limit));
  }
  std::vector<std::byte> content(size_in_memory(file.size()));
  const std::size_t got = file.read(content);
  if (got != content.size()) {
    throw IoError(path.string() + ": became shorter while it was read: " + std::to_string(got) +
                  " of " + std::to_string(content.size()) + " bytes");
  }
  return content;
}

}  // namespace glia
