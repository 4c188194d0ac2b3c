#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "glia/core/config.hpp"
#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/io/safetensors.hpp"
#include "glia/models/model.hpp"

namespace glia {

/// What a file of weights says about itself, as text.
using Metadata = std::map<std::string, std::string>;

namespace detail {

/// One entry per parameter, named `prefix` + path, with the parameter's dims.
template <ParameterStruct P, class R>
void append_entries(std::vector<TensorEntry>& entries, const std::string& prefix,
                    const ParameterSet<P, R>& set) {
  static_assert(std::is_same_v<R, float>, "weights are stored as F32");
  visit_parameters(
      [&](const std::string& path, const auto& leaf) {
        using Leaf = std::remove_cvref_t<decltype(leaf)>;
        entries.push_back(
            {prefix + path, "F32", std::vector<index_t>(Leaf::dims.begin(), Leaf::dims.end()),
             std::as_bytes(std::span<const R>(leaf.data, static_cast<std::size_t>(Leaf::size)))});
      },
      "", set.fields());
}

/// Throws UsageError for a file that a newer version of the library has written.
inline void require_known_version(const std::filesystem::path& path, const Metadata& metadata) {
  const auto found = metadata.find("glia.version");
  if (found == metadata.end()) return;
  int major = 0, minor = 0;
  const char *at = found->second.data(), *end = at + found->second.size();
  const auto first = std::from_chars(at, end, major);
  const bool dot = first.ec == std::errc{} && first.ptr != end && *first.ptr == '.';
  if (!dot || std::from_chars(first.ptr + 1, end, minor).ec != std::errc{})
    throw DataError(path.string() + ": glia.version: got \"" + found->second + "\"");
  if (std::pair(major, minor) > std::pair(GLIA_VERSION_MAJOR, GLIA_VERSION_MINOR)) {
    throw UsageError(path.string() + ": glia.version: got " + found->second +
                     ", this is " GLIA_VERSION_STRING ", which does not know newer files");
  }
}

/// Numbers along d, h and w as text: one if they are equal.
[[nodiscard]] inline std::string triple_text(const std::array<double, 3>& numbers) {
  const auto [d, h, w] = numbers;
  if (d == h && d == w) return number_text(d);
  return number_text(d) + " " + number_text(h) + " " + number_text(w);
}

/// Reads one positive number or three. Throws DataError for anything else.
[[nodiscard]] inline std::array<double, 3> read_triple(const std::filesystem::path& path,
                                                       const Metadata::value_type& entry) {
  const std::string& text = entry.second;
  std::vector<double> numbers;
  const char *at = text.data(), *const end = at + text.size();
  bool sound = true;
  while (sound && numbers.size() < 3) {
    const auto read = std::from_chars(at, end, numbers.emplace_back());
    sound = read.ec == std::errc{} && numbers.back() > 0 && std::isfinite(numbers.back());
    at = read.ptr;
    if (at == end) break;
    sound = sound && *at++ == ' ';
  }
  if (numbers.size() == 1) numbers.resize(3, numbers.front());
  if (!sound || at != end || numbers.size() != 3) {
    throw DataError(path.string() + ": " + entry.first + ": got \"" + text +
                    "\", expected one positive number, or three");
  }
  return {numbers[0], numbers[1], numbers[2]};
}

/// What a model was trained on as a file says it.
inline void add_trained_on(Metadata& metadata, const TrainedOn& trained) {
  if (const auto& patch = trained.patch) {
    metadata["glia.patch"] =
        triple_text({static_cast<double>(patch->d), static_cast<double>(patch->h),
                     static_cast<double>(patch->w)});
  }
  if (trained.whole_volumes) metadata["glia.whole_volumes"] = *trained.whole_volumes ? "yes" : "no";
  if (const auto& spacing = trained.spacing)
    metadata["glia.spacing"] = triple_text({spacing->d, spacing->h, spacing->w});
}

/// Reads what `add_trained_on` wrote. Throws DataError.
[[nodiscard]] inline TrainedOn read_trained_on(const std::filesystem::path& path,
                                               const Metadata& metadata) {
  TrainedOn trained;
  if (const auto found = metadata.find("glia.patch"); found != metadata.end()) {
    const auto extent = read_triple(path, *found);
    if (std::ranges::any_of(extent, [](double x) { return x != std::trunc(x) || x > 0x1p31; }))
      throw DataError(path.string() + ": glia.patch: got \"" + found->second +
                      "\", expected numbers of voxels");
    trained.patch = {static_cast<index_t>(extent[0]), static_cast<index_t>(extent[1]),
                     static_cast<index_t>(extent[2])};
  }
  if (const auto found = metadata.find("glia.whole_volumes"); found != metadata.end()) {
    trained.whole_volumes = found->second == "yes";
    if (found->second != "yes" && found->second != "no")
      throw DataError(path.string() + ": glia.whole_volumes: got \"" + found->second +
                      "\", expected yes or no");
  }
  if (const auto found = metadata.find("glia.spacing"); found != metadata.end()) {
    const auto [d, h, w] = read_triple(path, *found);
    trained.spacing = {d, h, w};
  }
  return trained;
}

[[nodiscard]] inline std::string dims_text(std::span<const index_t> dims) {
  std::string text = "[";
  for (const index_t d : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(d);
  return text + "]";
}

/// Checks that the file has every parameter in its shape. Throws UsageError naming the first that
/// differs.
template <ParameterStruct P, class R>
void require_entries(const std::filesystem::path& path, const SafetensorsFile& file,
                     const std::string& prefix, const ParameterSet<P, R>& set) {
  visit_parameters(
      [&](const std::string& name, const auto& leaf) {
        using Leaf = std::remove_cvref_t<decltype(leaf)>;
        const std::string expected = "F32 " + dims_text(Leaf::dims);
        std::string got = "none";
        if (file.contains(prefix + name)) {
          const TensorEntry& entry = file.find(prefix + name);
          got = entry.dtype + " " + dims_text(entry.shape);
        }
        if (got == expected) return;
        throw UsageError(path.string() + ": weights of another network: tensor " + prefix + name +
                         ": got " + got + ", expected " + expected);
      },
      "", set.fields());
}

template <ParameterStruct P, class R>
void read_entries(const SafetensorsFile& file, const std::string& prefix, ParameterSet<P, R>& set) {
  visit_parameters(
      [&](const std::string& path, auto& leaf) {
        const auto bytes = file.find(prefix + path).bytes;
        std::memcpy(leaf.data, bytes.data(), bytes.size());
      },
      "", set.fields());
}

}  // namespace detail

/// Writes the weights, under their paths, and what they were trained on as safetensors, atomically.
/// Dims and order are PyTorch's with two exceptions: a transposed convolution, [In, Out, 2, 2, 2]
/// there, has dims [8 Out, In, 1, 1, 1] (see TransposedConv3d), and each group of a grouped one has
/// a tensor of its own. Throws IoError.
template <Network Net>
void save_weights(const std::filesystem::path& path, const Model<Net>& model,
                  Metadata metadata = {}) {
  std::vector<TensorEntry> entries;
  detail::append_entries(entries, "", model.parameters());
  metadata["glia.version"] = GLIA_VERSION_STRING;
  detail::add_trained_on(metadata, model.trained_on());
  write_safetensors(path, metadata, entries);
}

/// Reads weights that `save_weights` (or PyTorch, with the same names) wrote, without those that
/// lie under the prefix `Net::training_only`, if the network has one, and not in the model, and
/// what the file says about the training. The model is unchanged if this throws. Throws IoError,
/// DataError for a damaged file, UsageError for another network.
template <Network Net>
void load_weights(const std::filesystem::path& path, Model<Net>& model) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  detail::require_known_version(path, file.metadata());
  const TrainedOn trained = detail::read_trained_on(path, file.metadata());
  detail::require_entries(path, file, "", model.parameters());
  for (const std::string& name : file.names()) {
    bool known = false;
    if constexpr (requires { Net::training_only; }) known = name.starts_with(Net::training_only);
    visit_parameters([&](const std::string& own, const auto&) { known = known || own == name; }, "",
                     model.parameters().fields());
    if (!known)
      throw UsageError(path.string() + ": weights of another network: tensor " + name +
                       " is not part of it");
  }
  detail::read_entries(file, "", model.parameters());
  model.trained_on() = trained;
}

}  // namespace glia
