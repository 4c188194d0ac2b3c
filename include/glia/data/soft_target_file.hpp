#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "glia/data/crop.hpp"
#include "glia/data/soft_target.hpp"
#include "glia/io/safetensors.hpp"

namespace glia {

/// Writes a soft target as U16 [D, H, W, 3] in canonical orientation, with its place in the scan;
/// the file appears complete or not at all. Throws IoError.
inline void save_soft_target(const std::filesystem::path& path, const SoftTarget& target,
                             const CropBox& crop) {
  const Extent e = target.extent();
  const std::vector<index_t> first{crop.d0, crop.h0, crop.w0};
  write_safetensors(
      path, {{"glia.regions", "WT,TC,ET"}, {"glia.steps", "65534"}, {"glia.not_counted", "65535"}},
      {{"target", "U16", {e.d, e.h, e.w, region::count}, std::as_bytes(std::span(target.codes()))},
       {"first", "I64", {3}, std::as_bytes(std::span(first))}});
}

/// Reads the soft target of a case that was cropped to `crop`. Throws DataError for a damaged file
/// or another crop, IoError.
[[nodiscard]] inline SoftTarget load_soft_target(const std::filesystem::path& path,
                                                 const CropBox& crop) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto refuse = [&](const std::string& what) {
    throw DataError(path.string() + ": no soft target of this case: " + what);
  };
  for (const char* name : {"target", "first"}) {
    if (!file.contains(name)) refuse("tensor " + std::string(name) + " is missing");
  }
  const Extent e = crop.extent;
  const TensorEntry& target = file.find("target");
  const TensorEntry& first = file.find("first");
  const std::vector<index_t> place{crop.d0, crop.h0, crop.w0};
  if (target.dtype != "U16" || target.shape != std::vector<index_t>{e.d, e.h, e.w, region::count} ||
      first.dtype != "I64" || first.shape != std::vector<index_t>{3} ||
      std::memcmp(first.bytes.data(), place.data(), first.bytes.size()) != 0) {
    refuse("expected U16 of " + to_string(e) + " voxels and 3 regions at the brain's place");
  }
  std::vector<std::uint16_t> codes(target.bytes.size() / sizeof(std::uint16_t));
  std::memcpy(codes.data(), target.bytes.data(), target.bytes.size());
  return {e, std::move(codes)};
}

}  // namespace glia
