#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "glia/core/error.hpp"
#include "glia/io/input_file.hpp"

namespace glia {

namespace detail {

/// Flushes a file, folder or stream to its device. The error number if data may be lost (EIO,
/// ENOSPC and EDQUOT, as fsync(2) says), else 0: every other answer is that of a descriptor or a
/// file system that cannot flush (EINVAL, ENOTSUP; EBADF and EACCES of folders on network file
/// systems), and what was written is complete.
[[nodiscard]] inline int flush(int descriptor) {
  int result = 0;
  do {
    result = ::fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  return result != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT) ? errno : 0;
}

}  // namespace detail

/// A file that appears under its name complete or not at all.
///
/// Bytes go to `NAME.tmp.PID.N` in the same folder, locked while it is written; `commit()` flushes
/// them to the device, renames the file over `NAME` and flushes the folder. Without commit the
/// destructor removes the temporary file and whatever `NAME` held before stays. A symbolic link is
/// followed: the file behind it is replaced. Throws IoError with path, reason and bytes written (a
/// program should ignore SIGXFSZ so that a file size limit arrives here as an error).
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path) : path_(path) {
    std::error_code code;
    const auto status = std::filesystem::status(path_, code);
    // A device or pipe such as /dev/null must not be replaced by a file.
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      throw IoError("cannot write " + path_.string() + ": it exists and is not a regular file");
    }
    if (std::filesystem::is_regular_file(status)) path_ = std::filesystem::canonical(path_, code);
    if (code && code != std::errc::no_such_file_or_directory) fail(code.value());
    create_temporary();
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  /// Appends bytes.
  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const std::size_t want = (std::min)(bytes.size(), std::size_t{1} << 30);
      const ssize_t n = ::write(descriptor_.get(), bytes.data(), want);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(errno);
      written_ += static_cast<std::uint64_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }

  /// Makes the file visible under its name; nothing may be written afterwards.
  void commit() {
    if (const int code = detail::flush(descriptor_.get()); code != 0) fail(code);
    if (const int code = descriptor_.close(); code != 0) fail(code);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
    temporary_.clear();
    flush_folder();
  }

 private:
  void create_temporary() {
    // Room for the suffix even when the final name has the longest length that file systems allow.
    const std::string stem = path_.filename().string().substr(0, 200);
    for (int number = 0;; ++number) {
      auto candidate = path_.parent_path() /
                       (stem + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(number));
      descriptor_ = detail::FileDescriptor(
          ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (descriptor_.valid()) {
        ::flock(descriptor_.get(), LOCK_EX | LOCK_NB);  // tells `remove_leftovers` to let it be
        temporary_ = std::move(candidate);
        return;
      }
      if (errno != EEXIST || number == 10000) fail(errno);
    }
  }

  void flush_folder() const {
    const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    const detail::FileDescriptor descriptor(
        ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder without read permission cannot be opened; the file itself is complete.
    if (!descriptor.valid()) return;
    if (const int code = detail::flush(descriptor.get()); code != 0) fail(code);
  }

  [[noreturn]] void fail(int code) const {
    throw IoError("cannot write " + path_.string() + ": " + detail::errno_text(code) + " (after " +
                  std::to_string(written_) + " bytes)");
  }

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  detail::FileDescriptor descriptor_;
  std::uint64_t written_ = 0;
};

/// Removes the temporary files that killed writers of `path` left beside it; those of living ones
/// are locked and stay.
inline void remove_leftovers(const std::filesystem::path& path) {
  const std::string start = path.filename().string().substr(0, 200) + ".tmp.";
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(path.parent_path(), ignored), end;
       !ignored && entry != end; entry.increment(ignored)) {
    const std::filesystem::path& file = entry->path();
    if (!file.filename().string().starts_with(start)) continue;
    const detail::FileDescriptor descriptor(
        ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    const bool written_now = descriptor.valid() &&
                             ::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0 &&
                             errno == EWOULDBLOCK;
    if (!written_now) ::unlink(file.c_str());
  }
}

/// Writes a whole file that appears complete or not at all; see AtomicFile.
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace glia
