#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "phantoms.hpp"

namespace glia::test {

/// Every file of a folder by name, provenance without its date: what two runs on different days
/// have in common.
inline std::map<std::string, std::string> contents_of(const std::filesystem::path& folder) {
  std::map<std::string, std::string> contents;
  for (const std::string& name : names_in(folder)) {
    std::string text = read_text(folder / name);
    if (const auto at = text.find("\"date\": \""); name.ends_with(".json") && at != text.npos)
      text.erase(at, std::string("\"date\": \"2024-01-01\"").size());
    contents.emplace(name, std::move(text));
  }
  return contents;
}

/// Copies a case of the layout of BraTS 2023 under another id, its files decompressed: other bytes,
/// the same voxels.
inline void copy_case(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::string old_id = from.filename().string(), id = to.filename().string();
  std::filesystem::create_directories(to);
  for (const std::string& name : names_in(from)) {
    const std::string ending = name.substr(old_id.size(), name.size() - old_id.size() - 3);
    write_file_atomically(to / (id + ending), gzip_decompress(read_file(from / name)));
  }
}

}  // namespace glia::test
