#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"
#include "glia/data/case_files.hpp"
#include "glia/data/region.hpp"
#include "glia/io/atomic_file.hpp"
#include "glia/io/crc32.hpp"
#include "glia/io/json.hpp"

namespace glia {

/// What a file held when it was used.
struct FileStamp {
  std::string name;  ///< without its folder: data may move
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

[[nodiscard]] inline FileStamp stamp_of(const std::filesystem::path& path) {
  return {path.filename().string(), InputFile(path).size(), crc32_of_file(path)};
}

/// Where labels come from that no person made; a file of its own beside them. `labels` is set once
/// they are there and complete.
struct Provenance {
  std::string case_id;
  std::string date;       ///< UTC, YYYY-MM-DD
  std::string labelling;  ///< how probabilities became labels
  std::string settings;   ///< everything else that decided them
  std::vector<FileStamp> teachers, images;
  std::optional<FileStamp> labels{};
  std::optional<FileStamp> soft_target{};
  std::array<index_t, region::count> voxels{};       ///< of each region
  std::array<index_t, region::count> not_counted{};  ///< voxels that a confidence filter left out
};

/// CASE.json beside CASE.nii.gz.
[[nodiscard]] inline std::filesystem::path provenance_path(const std::filesystem::path& labels) {
  return labels.parent_path() / (nifti_stem(labels).value_or(labels.filename().string()) + ".json");
}

namespace detail {

[[nodiscard]] inline nlohmann::ordered_json to_json(const FileStamp& stamp) {
  return {{"file", stamp.name}, {"bytes", stamp.bytes}, {"crc32", hexadecimal(stamp.crc)}};
}
[[nodiscard]] inline FileStamp stamp_from(const Json& json) {
  const std::string digits = json.at("crc32");
  return {json.at("file"), json.at("bytes"),
          static_cast<std::uint32_t>(std::stoul(digits, nullptr, 16))};
}

}  // namespace detail

/// Writes a provenance file; it appears complete or not at all. Throws IoError.
inline void write_provenance(const std::filesystem::path& path, const Provenance& p) {
  nlohmann::ordered_json json{{"glia.provenance", 1},     {"case", p.case_id},
                              {"pseudo_labelled", true},  {"date", p.date},
                              {"labelling", p.labelling}, {"settings", p.settings}};
  for (const FileStamp& stamp : p.teachers) json["teachers"].push_back(detail::to_json(stamp));
  for (const FileStamp& stamp : p.images) json["images"].push_back(detail::to_json(stamp));
  for (std::size_t r = 0; r < region::count; ++r) {
    json["voxels"][std::string(region::names[r])] = p.voxels[r];
    json["not_counted"][std::string(region::names[r])] = p.not_counted[r];
  }
  if (p.labels) json["labels"] = detail::to_json(*p.labels);
  if (p.soft_target) json["soft_target"] = detail::to_json(*p.soft_target);
  const std::string text =
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

/// Reads a provenance file; nothing if there is none, or another kind of JSON file. Throws
/// DataError for a damaged file, IoError.
[[nodiscard]] inline std::optional<Provenance> read_provenance(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const detail::Json json = detail::parse_json(path);
  if (!json.is_object() || !json.contains("glia.provenance")) return std::nullopt;
  Provenance p;
  try {
    if (json.at("glia.provenance") != 1)
      detail::refuse_json(path, "glia.provenance", json.at("glia.provenance").dump(), "1");
    p.case_id = json.at("case");
    p.date = json.at("date");
    p.labelling = json.at("labelling");
    p.settings = json.at("settings");
    for (const auto& stamp : json.value("teachers", detail::Json::array()))
      p.teachers.push_back(detail::stamp_from(stamp));
    for (const auto& stamp : json.value("images", detail::Json::array()))
      p.images.push_back(detail::stamp_from(stamp));
    for (std::size_t r = 0; r < region::count; ++r) {
      p.voxels[r] = json.at("voxels").at(std::string(region::names[r]));
      p.not_counted[r] = json.at("not_counted").at(std::string(region::names[r]));
    }
    if (json.contains("labels")) p.labels = detail::stamp_from(json["labels"]);
    if (json.contains("soft_target")) p.soft_target = detail::stamp_from(json["soft_target"]);
  } catch (const nlohmann::json::exception& error) {
    throw DataError(path.string() + ": no provenance of labels: " + error.what());
  } catch (const std::logic_error& error) {  // of stoul
    throw DataError(path.string() + ": no provenance of labels: field 'crc32': " + error.what());
  }
  return p;
}

/// Why labels with provenance `found` are not those that `expected` describes, in words; empty if
/// they are. Dates and results are not compared.
[[nodiscard]] inline std::string staleness(const Provenance& found, const Provenance& expected) {
  const auto differs = [](const std::string& what, const std::string& got,
                          const std::string& wanted) {
    return what + ": got " + got + ", expected " + wanted;
  };
  const auto describe = [](const FileStamp& s) { return s.name + " " + hexadecimal(s.crc); };
  if (found.case_id != expected.case_id) return differs("case", found.case_id, expected.case_id);
  if (found.labelling != expected.labelling)
    return differs("labelling", found.labelling, expected.labelling);
  if (found.settings != expected.settings)
    return differs("settings", found.settings, expected.settings);
  for (const auto& [what, got, wanted] :
       {std::tuple{"teacher", &found.teachers, &expected.teachers},
        {"image", &found.images, &expected.images}}) {
    if (got->size() != wanted->size()) {
      return differs(std::string("number of ") + what + "s", std::to_string(got->size()),
                     std::to_string(wanted->size()));
    }
    for (std::size_t i = 0; i < got->size(); ++i) {
      if ((*got)[i] != (*wanted)[i])
        return differs(what, describe((*got)[i]), describe((*wanted)[i]));
    }
  }
  return {};
}

}  // namespace glia
