#pragma once

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

/// Every spelling of a modality that data sets use, in lower case and without separators, with its
/// channel.
inline constexpr std::array<std::pair<std::string_view, int>, 31> modality_synonyms{{
    {"t1", modality::T1},
    {"t1n", modality::T1},
    {"t1w", modality::T1},
    {"t1weighted", modality::T1},
    {"t1pre", modality::T1},
    {"t1ce", modality::T1ce},
    {"t1c", modality::T1ce},
    {"t1gd", modality::T1ce},
    {"t1wgd", modality::T1ce},
    {"t1wce", modality::T1ce},
    {"t1wc", modality::T1ce},
    {"t1post", modality::T1ce},
    {"t1contrast", modality::T1ce},
    {"ct1", modality::T1ce},
    {"ct1w", modality::T1ce},
    {"cet1", modality::T1ce},
    {"cet1w", modality::T1ce},
    {"t1cew", modality::T1ce},
    {"gdt1", modality::T1ce},
    {"gdt1w", modality::T1ce},
    {"cegdt1w", modality::T1ce},  // BIDS: _ce-gd_T1w
    {"cegadoliniumt1w", modality::T1ce},
    {"t2", modality::T2},
    {"t2w", modality::T2},
    {"t2weighted", modality::T2},
    {"flair", modality::FLAIR},
    {"fla", modality::FLAIR},
    {"flairw", modality::FLAIR},
    {"t2f", modality::FLAIR},
    {"t2flair", modality::FLAIR},
    {"t2wflair", modality::FLAIR},
}};

/// A name in lower case and without the separators space, hyphen and underscore.
[[nodiscard]] inline std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

/// Channel of a modality's name in any known spelling, with any separators and letter case; nothing
/// if the name is unknown.
[[nodiscard]] inline std::optional<int> find_modality(std::string_view name) {
  const std::string plain = plain_name(name);
  for (const auto& [synonym, channel] : modality_synonyms) {
    if (synonym == plain) return channel;
  }
  return std::nullopt;
}

}  // namespace glia
