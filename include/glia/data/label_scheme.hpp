#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/data/region.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// What one value of a label file means.
struct LabelMeaning {
  std::uint8_t file_value = 0;
  std::uint8_t label = 0;  ///< 0 background, 1 NCR, 2 ED, 3 ET
  friend bool operator==(const LabelMeaning&, const LabelMeaning&) = default;
};

/// Which values the label files of a data set hold. Several values may have one meaning; the first
/// is written.
struct LabelScheme {
  std::string name;
  std::vector<LabelMeaning> meanings;

  /// Internal label of a file's value; nothing if the scheme lacks the value.
  [[nodiscard]] std::optional<std::uint8_t> label_of(std::int64_t file_value) const {
    for (const LabelMeaning& meaning : meanings) {
      if (meaning.file_value == file_value) return meaning.label;
    }
    return std::nullopt;
  }
  /// File value that stands for an internal label; nothing if the scheme cannot express it.
  [[nodiscard]] std::optional<std::uint8_t> file_value_of(std::uint8_t label) const {
    for (const LabelMeaning& meaning : meanings) {
      if (meaning.label == label) return meaning.file_value;
    }
    return std::nullopt;
  }
  friend bool operator==(const LabelScheme&, const LabelScheme&) = default;
};

/// All schemes that have a name. The values 1, 2, 3 mean different things in brats2023, msd and
/// modelhub: no look at the values can tell these apart, only the layout of the data set or its
/// user.
///   brats2018   BraTS 2017 to 2021                   1 NCR, 2 ED, 4 ET
///   brats2023   BraTS 2023                           1 NCR, 2 ED, 3 ET
///   brats2013   BraTS 2012 to 2016                   1 necrosis and 3 non-enhancing (both NCR), 2
///   ED, 4 ET brats2024   BraTS 2024 after treatment           1 NCR, 2 ED, 3 ET, 4 resection
///   cavity (background) brats-ped   BraTS 2024 paediatric                1 ET, 2 non-enhancing and
///   3 cystic (both NCR), 4 ED msd         Decathlon Task01, nnU-Net's BraTS    1 ED, 2 NCR, 3 ET
///   modelhub    Modelhub.ai, Isensee 2018 internal   1 ED, 2 ET, 3 NCR
[[nodiscard]] inline const std::vector<LabelScheme>& label_schemes() {
  using namespace label;
  static const std::vector<LabelScheme> schemes{
      {"brats2018", {{0, background}, {1, NCR}, {2, ED}, {4, ET}}},
      {"brats2023", {{0, background}, {1, NCR}, {2, ED}, {3, ET}}},
      {"brats2013", {{0, background}, {1, NCR}, {2, ED}, {3, NCR}, {4, ET}}},
      {"brats2024", {{0, background}, {1, NCR}, {2, ED}, {3, ET}, {4, background}}},
      {"brats-ped", {{0, background}, {1, ET}, {2, NCR}, {3, NCR}, {4, ED}}},
      {"msd", {{0, background}, {1, ED}, {2, NCR}, {3, ET}}},
      {"modelhub", {{0, background}, {1, ED}, {2, ET}, {3, NCR}}},
  };
  return schemes;
}

/// The scheme of that name; "nnunet" is another name of "msd". Throws UsageError that lists the
/// names.
[[nodiscard]] inline const LabelScheme& label_scheme(std::string_view name) {
  std::string known;
  for (const LabelScheme& scheme : label_schemes()) {
    if (scheme.name == name || (name == "nnunet" && scheme.name == "msd")) return scheme;
    known += (known.empty() ? "" : ", ") + scheme.name;
  }
  throw UsageError("label scheme: got '" + std::string(name) + "', expected one of " + known);
}

/// How often each value occurs in a label file.
using LabelCounts = std::map<std::int64_t, index_t>;

namespace detail {

/// How far a stored label may be from its integer: 1e-3 for the rounding of a scale factor, and
/// half a step of the file, for tools that scale real numbers 0 to 4 into the 255 steps of a byte.
/// A step above 0.1 is none of such a scale and forgives nothing.
[[nodiscard]] constexpr double label_tolerance(double step) {
  return step <= 0.1 ? 1e-3 + step / 2 : 1e-3;
}

/// The integer that a stored label stands for; nothing if it is further away or no number that a
/// label can be.
inline std::optional<std::int64_t> stored_label(float value, double step) {
  const auto exact = static_cast<double>(value);
  const double nearest = std::nearbyint(exact);
  if (!(std::abs(exact - nearest) <= label_tolerance(step) && std::abs(nearest) < 1e9))
    return std::nullopt;
  return static_cast<std::int64_t>(nearest);
}

}  // namespace detail

/// Counts the values of a label file. `step` is that of its header: values are integers to within
/// half a step, at least 1e-3. Throws DataError at values that are none.
[[nodiscard]] inline LabelCounts count_label_values(const Volume<float>& volume,
                                                    const std::filesystem::path& file,
                                                    double step = 0) {
  LabelCounts counts;
  index_t refused = 0;
  float first_refused = 0;
  // Neighbours mostly share a value: one look-up per run of equal voxels.
  for (std::size_t begin = 0, end = 0; begin < volume.voxels.size(); begin = end) {
    const float value = volume.voxels[begin];
    for (end = begin + 1; end < volume.voxels.size() && volume.voxels[end] == value;) ++end;
    const auto length = static_cast<index_t>(end - begin);
    if (const auto stored = detail::stored_label(value, step)) {
      counts[*stored] += length;
    } else {
      if (refused == 0) first_refused = value;
      refused += length;
    }
  }
  if (refused > 0) {
    throw DataError(file.string() + ": label values: got " + std::to_string(refused) +
                    " voxels that are no integers (the first is " + std::to_string(first_refused) +
                    "), expected integers to within " +
                    number_text(static_cast<float>(detail::label_tolerance(step))));
  }
  return counts;
}

/// True if the scheme knows every value.
[[nodiscard]] inline bool fits(const LabelScheme& scheme, const LabelCounts& counts) {
  return std::all_of(counts.begin(), counts.end(),
                     [&](const auto& entry) { return scheme.label_of(entry.first).has_value(); });
}

/// Names of all named schemes that know every value.
[[nodiscard]] inline std::vector<std::string> fitting_schemes(const LabelCounts& counts) {
  std::vector<std::string> names;
  for (const LabelScheme& scheme : label_schemes()) {
    if (fits(scheme, counts)) names.push_back(scheme.name);
  }
  return names;
}

/// Throws DataError that names the values which the scheme lacks, their counts, and the named
/// schemes that would fit.
inline void require_scheme(const LabelScheme& scheme, const LabelCounts& counts,
                           const std::filesystem::path& file) {
  if (fits(scheme, counts)) return;
  const auto append = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  std::string outside, expected, fitting;
  for (const auto& [value, count] : counts) {
    if (scheme.label_of(value)) continue;
    append(outside, std::to_string(value) + " (" + std::to_string(count) + " voxels)");
  }
  for (const LabelMeaning& meaning : scheme.meanings)
    append(expected, std::to_string(meaning.file_value));
  for (const std::string& name : fitting_schemes(counts)) append(fitting, name);
  throw DataError(file.string() + ": label values: got " + outside + ", expected " + expected +
                  " of label scheme '" + scheme.name +
                  "'; schemes that would fit: " + (fitting.empty() ? "none" : fitting));
}

/// Labels of a file as internal labels; `step` as for `count_label_values`. Throws DataError as
/// `count_label_values` and `require_scheme` do.
[[nodiscard]] inline LabelVolume to_internal(const Volume<float>& volume, const LabelScheme& scheme,
                                             const std::filesystem::path& file, double step = 0) {
  require_scheme(scheme, count_label_values(volume, file, step), file);
  std::array<std::uint8_t, 256> label_of{};
  for (const LabelMeaning& meaning : scheme.meanings) label_of[meaning.file_value] = meaning.label;
  LabelVolume labels(volume.extent);
  std::transform(volume.voxels.begin(), volume.voxels.end(), labels.voxels.begin(),
                 [&](float value) {
                   return label_of[static_cast<std::size_t>(*detail::stored_label(value, step))];
                 });
  return labels;
}

/// Internal labels as the values of a scheme's files. Throws UsageError at a label that the scheme
/// cannot express.
[[nodiscard]] inline LabelVolume from_internal(const LabelVolume& labels,
                                               const LabelScheme& scheme) {
  std::array<std::optional<std::uint8_t>, 256> value_of{};
  for (std::uint8_t value = 0; value < label::count; ++value)
    value_of[value] = scheme.file_value_of(value);
  LabelVolume values(labels.extent);
  std::transform(labels.voxels.begin(), labels.voxels.end(), values.voxels.begin(),
                 [&](std::uint8_t value) {
                   if (value_of[value]) return *value_of[value];
                   throw UsageError("label scheme '" + scheme.name + "': got label " +
                                    std::to_string(value) + ", which it has no file value for");
                 });
  return values;
}

}  // namespace glia
