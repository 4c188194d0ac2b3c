#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "glia/metrics/mask.hpp"
#include "glia/tensor/spacing.hpp"

namespace glia::test {

/// What scipy computed: tests/golden/make_metrics.py.
inline const nlohmann::json& golden_metrics() {
  static const auto document = [] {
    std::ifstream file(GLIA_SOURCE_DIR "/tests/golden/metrics.json");
    return nlohmann::json::parse(file);
  }();
  return document;
}

inline Extent extent_of(const nlohmann::json& entry) {
  return {entry["extent"][0], entry["extent"][1], entry["extent"][2]};
}

inline Spacing spacing_of(const nlohmann::json& entry) {
  return {entry["spacing"][0], entry["spacing"][1], entry["spacing"][2]};
}

/// Paints ellipsoids in order, in integers as the script does.
inline LabelVolume paint(Extent extent, const nlohmann::json& ellipsoids) {
  LabelVolume labels(extent);
  for (const auto& ellipsoid : ellipsoids) {
    const auto c = ellipsoid["centre"].get<std::array<index_t, 3>>();
    const auto r = ellipsoid["radii"].get<std::array<index_t, 3>>();
    const auto square = [](index_t x) { return x * x; };
    for (index_t d = 0; d < extent.d; ++d) {
      for (index_t h = 0; h < extent.h; ++h) {
        for (index_t w = 0; w < extent.w; ++w) {
          const index_t sum = square((d - c[0]) * r[1] * r[2]) + square((h - c[1]) * r[0] * r[2]) +
                              square((w - c[2]) * r[0] * r[1]);
          if (sum <= square(r[0] * r[1] * r[2])) labels.at(d, h, w) = ellipsoid["label"];
        }
      }
    }
  }
  return labels;
}

/// The script's mask that looks random.
inline Mask scatter(Extent extent, std::uint64_t one_in) {
  Mask mask(extent);
  for (index_t d = 0; d < extent.d; ++d) {
    for (index_t h = 0; h < extent.h; ++h) {
      for (index_t w = 0; w < extent.w; ++w) {
        const std::uint64_t mixed = (static_cast<std::uint64_t>(d) * 73856093) ^
                                    (static_cast<std::uint64_t>(h) * 19349663) ^
                                    (static_cast<std::uint64_t>(w) * 83492791);
        mask.at(d, h, w) = mixed * 2654435761 % (std::uint64_t{1} << 32) / 65536 % one_in == 0;
      }
    }
  }
  return mask;
}

}  // namespace glia::test
