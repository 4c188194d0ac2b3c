#pragma once

#include <filesystem>
#include <system_error>

#include "glia/core/error.hpp"

namespace glia {

/// Makes a folder and those above it, unless they are there. Throws IoError.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) throw IoError(folder.string() + ": cannot make the folder: " + failure.message());
}

}  // namespace glia
