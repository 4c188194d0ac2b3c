#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace glia {

/// The channels of an image inside the library, always in this order.
namespace modality {
inline constexpr int T1 = 0;     ///< native T1
inline constexpr int T1ce = 1;   ///< T1 after contrast agent, also T1c, T1Gd
inline constexpr int T2 = 2;     ///< native T2
inline constexpr int FLAIR = 3;  ///< T2 fluid-attenuated inversion recovery
inline constexpr int count = 4;
inline constexpr std::array<std::string_view, count> names{"T1", "T1ce", "T2", "FLAIR"};
}  // namespace modality

/// Every spelling of a modality that data sets use, in lower case, with its channel.
inline constexpr std::array<std::pair<std::string_view, int>, 18> modality_synonyms{{
    {"t1", modality::T1},
    {"t1n", modality::T1},
    {"t1w", modality::T1},
    {"t1-weighted", modality::T1},
    {"t1ce", modality::T1ce},
    {"t1c", modality::T1ce},
    {"t1gd", modality::T1ce},
    {"t1-gd", modality::T1ce},
    {"t1w-gd", modality::T1ce},
    {"t1wce", modality::T1ce},
    {"t1w_gd", modality::T1ce},
    {"t2", modality::T2},
    {"t2w", modality::T2},
    {"t2-weighted", modality::T2},
    {"flair", modality::FLAIR},
    {"t2f", modality::FLAIR},
    {"t2-flair", modality::FLAIR},
    {"t2flair", modality::FLAIR},
}};

/// Channel of a modality's name in any known spelling and letter case; nothing if the name is
/// unknown.
[[nodiscard]] inline std::optional<int> find_modality(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [synonym, channel] : modality_synonyms) {
    if (synonym == lower) return channel;
  }
  return std::nullopt;
}

}  // namespace glia
