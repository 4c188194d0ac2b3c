#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/data/label_scheme.hpp"
#include "glia/data/region.hpp"

namespace glia {

/// A label name of a data set and the file values that it covers: one, or several for a region.
struct NamedValues {
  std::string name;
  std::vector<std::uint8_t> values;
};

namespace detail {

/// Lower case, every run of spaces, hyphens, underscores and slashes one space, American spelling.
inline std::string normal_label_name(std::string_view name) {
  std::string words;
  for (const char c : name) {
    const bool gap = c == ' ' || c == '-' || c == '_' || c == '/';
    if (!gap) words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (gap && !words.empty() && words.back() != ' ') words += ' ';
  }
  for (const auto& [british, american] :
       {std::pair{"tumour", "tumor"}, std::pair{"oedema", "edema"}}) {
    const std::string_view spelling = british;
    for (auto at = words.find(spelling); at != std::string::npos; at = words.find(spelling)) {
      words.replace(at, spelling.size(), american);
    }
  }
  return words;
}

/// Label that a name in dataset.json stands for.
inline std::optional<std::uint8_t> label_of_name(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::uint8_t>, 26> names{{
      {"background", label::background},
      {"resection cavity", label::background},
      {"rc", label::background},
      {"ncr", label::NCR},
      {"net", label::NCR},
      {"netc", label::NCR},
      {"ncr net", label::NCR},
      {"necrosis", label::NCR},
      {"necrotic", label::NCR},
      {"necrotic core", label::NCR},
      {"necrotic tumor core", label::NCR},
      {"non enhancing", label::NCR},
      {"non enhancing tumor", label::NCR},
      {"non enhancing tumor core", label::NCR},
      {"necrotic and non enhancing tumor core", label::NCR},
      {"necrotic non enhancing tumor core", label::NCR},
      {"ed", label::ED},
      {"edema", label::ED},
      {"peritumoral edema", label::ED},
      {"snfh", label::ED},
      {"et", label::ET},
      {"enhancing", label::ET},
      {"enhancing tumor", label::ET},
      {"gd enhancing tumor", label::ET},
      {"active tumor", label::ET},
      {"enhancing tissue", label::ET},
  }};
  const std::string normal = normal_label_name(name);
  for (const auto& [known, value] : names) {
    if (known == normal) return value;
  }
  return std::nullopt;
}

inline std::optional<int> region_of_name(std::string_view name) {
  const std::string normal = normal_label_name(name);
  if (normal == "whole tumor" || normal == "wt") return region::WT;
  if (normal == "tumor core" || normal == "tc") return region::TC;
  if (normal == "enhancing tumor" || normal == "et") return region::ET;
  return std::nullopt;
}

}  // namespace detail

/// The label scheme that names and values describe; the text says what is unknown where there is
/// none.
[[nodiscard]] inline std::pair<std::optional<LabelScheme>, std::string> scheme_of_names(
    const std::vector<NamedValues>& named) {
  LabelScheme scheme{"dataset.json", {}};
  const bool has_regions =
      std::any_of(named.begin(), named.end(), [](const auto& n) { return n.values.size() > 1; });
  if (has_regions) {
    std::array<std::set<std::uint8_t>, region::count> regions;
    for (const NamedValues& entry : named) {
      if (detail::normal_label_name(entry.name) == "background") continue;
      const auto index = detail::region_of_name(entry.name);
      if (!index) return {std::nullopt, "unknown region '" + entry.name + "'"};
      regions[static_cast<std::size_t>(*index)].insert(entry.values.begin(), entry.values.end());
    }
    scheme.meanings.push_back({0, label::background});
    for (const std::uint8_t value : regions[region::WT]) {
      const bool in_tc = regions[region::TC].contains(value);
      const bool in_et = regions[region::ET].contains(value);
      scheme.meanings.push_back({value, in_et ? label::ET : in_tc ? label::NCR : label::ED});
    }
  } else {
    for (const NamedValues& entry : named) {
      const auto label = detail::label_of_name(entry.name);
      if (!label) return {std::nullopt, "unknown label '" + entry.name + "'"};
      scheme.meanings.push_back({entry.values.front(), *label});
    }
  }
  std::sort(scheme.meanings.begin(), scheme.meanings.end(),
            [](const auto& a, const auto& b) { return a.file_value < b.file_value; });
  for (const LabelScheme& known : label_schemes()) {
    if (known.meanings == scheme.meanings) return {known, ""};
  }
  return {scheme, ""};
}

}  // namespace glia
