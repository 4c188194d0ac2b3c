#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "glia/core/error.hpp"

namespace glia {

/// The files of one NIfTI image: twice the same for a single file.
struct NiftiPaths {
  std::filesystem::path header, voxels;
  [[nodiscard]] bool pair() const { return header != voxels; }
};

namespace detail {

[[nodiscard]] inline bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return text.size() >= end.size() && std::equal(end.rbegin(), end.rend(), text.rbegin(),
                                                 [&](char a, char b) { return a == lower(b); });
}

/// Letters of an extension in the case of the file that it stands beside.
[[nodiscard]] inline std::string in_case_of(std::string_view model, std::string text) {
  if (model.find("IMG") == model.npos && model.find("HDR") == model.npos) return text;
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace detail

/// Finds the second file of a .hdr/.img pair (either may be given, either may end in .gz).
/// Throws DataError if it is missing.
[[nodiscard]] inline NiftiPaths nifti_paths(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const bool compressed = detail::ends_with_ignoring_case(name, ".gz");
  const std::string_view base =
      std::string_view(name).substr(0, name.size() - (compressed ? 3 : 0));
  const bool is_header = detail::ends_with_ignoring_case(base, ".hdr");
  if (!is_header && !detail::ends_with_ignoring_case(base, ".img")) return {path, path};
  const std::string_view extension = base.substr(base.size() - 4);
  const std::string stem(base.substr(0, base.size() - 4));
  const std::string other = detail::in_case_of(extension, is_header ? ".img" : ".hdr");
  for (const bool gz : {compressed, !compressed}) {
    const auto candidate = path.parent_path() / (stem + other + (gz ? ".gz" : ""));
    std::error_code code;
    if (!std::filesystem::exists(candidate, code)) continue;
    return is_header ? NiftiPaths{path, candidate} : NiftiPaths{candidate, path};
  }
  throw DataError(path.string() + ": its partner " + stem + other + " is missing");
}

}  // namespace glia
