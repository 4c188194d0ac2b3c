#pragma once

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include "glia/core/error.hpp"
#include "glia/io/folder.hpp"
#include "glia/io/input_file.hpp"

namespace glia {

/// Makes a folder and keeps it for this object: nobody else can lock it meanwhile. The system ends
/// the lock with the process, however that ends, so none is ever stale; where a file system knows
/// no locks there is none. Throws IoError if somebody has it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder) {
    make_folder(folder);
    descriptor_ =
        detail::FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor_.valid())
      throw IoError(folder.string() + ": cannot open the folder: " + detail::errno_text(errno));
    if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      throw IoError(folder.string() + ": another process is writing in this folder");
  }

 private:
  detail::FileDescriptor descriptor_;
};

}  // namespace glia
