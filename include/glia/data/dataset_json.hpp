#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/case_files.hpp"
#include "glia/data/label_names.hpp"
#include "glia/io/json.hpp"

namespace glia {

/// What the dataset.json of the Decathlon and of nnU-Net says.
struct DatasetJson {
  /// Image files of a case and its label file, relative to the data set's folder.
  struct Entry {
    std::string id;
    std::vector<std::filesystem::path> images;
    std::filesystem::path label;
  };

  std::array<std::optional<index_t>, modality::count>
      channel_of;                     ///< the file's channel for each modality
  std::optional<LabelScheme> scheme;  ///< nothing: label names are unknown
  std::string scheme_problem;         ///< why there is no scheme
  std::vector<Entry> training;        ///< the Decathlon's lists; may be empty
  std::vector<Entry> test;
  std::vector<Entry> listed_channels;  ///< nnU-Net's optional list: one image per channel
  bool has_channel_names = false;  ///< nnU-Net v2 says channel_names, the Decathlon says modality
};

namespace detail {

inline std::uint8_t label_value(const Json& value, const std::filesystem::path& file) {
  if (!value.is_number_integer() || value < 0 || value > 255) {
    refuse_json(file, "labels", value.dump(), "integers from 0 to 255");
  }
  return value.get<std::uint8_t>();
}

inline std::vector<NamedValues> read_named_values(const Json& labels,
                                                  const std::filesystem::path& file) {
  if (!labels.is_object()) refuse_json(file, "labels", labels.type_name(), "an object");
  std::vector<NamedValues> named;
  for (const auto& [key, value] : labels.items()) {
    int number = 0;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), number);
    const bool key_is_number = parsed.ec == std::errc{} && parsed.ptr == key.data() + key.size();
    if (key_is_number && value.is_string()) {
      named.push_back({value.get<std::string>(), {label_value(Json(number), file)}});
    } else if (value.is_array()) {
      if (value.empty()) refuse_json(file, "labels", "no value for '" + key + "'", "at least one");
      named.push_back({key, {}});
      for (const Json& element : value) named.back().values.push_back(label_value(element, file));
    } else {
      named.push_back({key, {label_value(value, file)}});
    }
  }
  return named;
}

inline void read_channels(const Json& channels, const std::string& field,
                          const std::filesystem::path& file,
                          const std::vector<FileName>& names_of_user, DatasetJson& result) {
  if (!channels.is_object())
    refuse_json(file, field, channels.type_name(), "an object of channel number to name");
  std::string names;
  for (const auto& [key, name] : channels.items()) {
    index_t number = -1;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != key.data() + key.size() || number < 0 ||
        number > 9999) {
      refuse_json(file, field, "key '" + key + "'", "channel numbers from 0 on");
    }
    if (!name.is_string()) refuse_json(file, field + "/" + key, name.type_name(), "a string");
    names += (names.empty() ? "" : ", ") + name.get<std::string>();
    const auto channel = find_modality(name.get<std::string>(), names_of_user);
    if (!channel) continue;
    auto& slot = result.channel_of[static_cast<std::size_t>(*channel)];
    if (slot) refuse_json(file, field, names, "each modality once");
    slot = number;
  }
  for (std::size_t i = 0; i < result.channel_of.size(); ++i) {
    if (result.channel_of[i]) continue;
    refuse_json(file, field, names,
                "a name for " + std::string(modality::names[i]) + " among them");
  }
}

/// A path that a file of the data set names. Throws DataError if it leads out of the data set's
/// folder.
inline std::filesystem::path listed_path(const Json& value, const std::string& field,
                                         const std::filesystem::path& file) {
  if (!value.is_string()) refuse_json(file, field, value.type_name(), "a path");
  std::filesystem::path path = std::filesystem::path(value.get<std::string>()).lexically_normal();
  if (path.empty() || path.is_absolute() || *path.begin() == "..") {
    refuse_json(file, field, "'" + value.get<std::string>() + "'",
                "a path inside the data set's folder");
  }
  return path;
}

inline std::string listed_id(const std::filesystem::path& image, const std::string& field,
                             const std::filesystem::path& file) {
  const auto stem = nifti_stem(image);
  if (!stem || !is_valid_case_id(*stem))
    refuse_json(file, field, "'" + image.string() + "'", "a .nii or .nii.gz file");
  return *stem;
}

/// Elements are a path, or an object with "image" and "label".
inline std::vector<DatasetJson::Entry> read_list(const Json& list, const std::string& field,
                                                 const std::filesystem::path& file) {
  if (!list.is_array()) refuse_json(file, field, list.type_name(), "an array");
  std::vector<DatasetJson::Entry> entries;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json& element = list[i];
    const std::string place = field + "/" + std::to_string(i);
    const Json* image =
        element.is_object() && element.contains("image") ? &element["image"] : &element;
    const auto path = listed_path(*image, place, file);
    if (path.filename().string().starts_with("._")) continue;  // left by macOS beside the real file
    DatasetJson::Entry entry{listed_id(path, place, file), {path}, {}};
    if (element.is_object() && element.contains("label"))
      entry.label = listed_path(element["label"], place, file);
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// A path of nnU-Net's list, which may name files of other data sets: absolute, or relative to the
/// data set's folder.
inline std::filesystem::path shared_path(const Json& value, const std::string& field,
                                         const std::filesystem::path& file) {
  if (!value.is_string() || value.get<std::string>().empty())
    refuse_json(file, field, value.dump(), "a path");
  return std::filesystem::path(value.get<std::string>()).lexically_normal();
}

/// nnU-Net's optional list: case id -> {"images": [one file per channel], "label": file}.
inline std::vector<DatasetJson::Entry> read_dataset_key(const Json& dataset,
                                                        const std::filesystem::path& file) {
  if (!dataset.is_object()) refuse_json(file, "dataset", dataset.type_name(), "an object");
  std::vector<DatasetJson::Entry> entries;
  for (const auto& [id, element] : dataset.items()) {
    const std::string field = "dataset/" + id;
    if (!is_valid_case_id(id))
      refuse_json(file, field, "the id '" + id + "'", "an id without separators");
    if (!element.is_object() || !element.contains("images") || !element["images"].is_array()) {
      refuse_json(file, field, element.type_name(), "an object with an array 'images'");
    }
    DatasetJson::Entry entry{id, {}, {}};
    for (const Json& image : element["images"])
      entry.images.push_back(shared_path(image, field, file));
    if (element.contains("label")) entry.label = shared_path(element["label"], field, file);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace detail

/// Reads dataset.json; `names_of_user` add spellings of modalities. Throws DataError that names
/// file, field, got and expected; IoError.
[[nodiscard]] inline DatasetJson read_dataset_json(
    const std::filesystem::path& file, const std::vector<FileName>& names_of_user = {}) {
  const detail::Json root = detail::parse_json(file);
  if (!root.is_object()) detail::refuse_json(file, "", root.type_name(), "an object");
  DatasetJson result;
  result.has_channel_names = root.contains("channel_names");
  const std::string channels = result.has_channel_names ? "channel_names" : "modality";
  if (!root.contains(channels))
    detail::refuse_json(file, "channel_names", "nothing", "this field or 'modality'");
  detail::read_channels(root[channels], channels, file, names_of_user, result);
  if (root.contains("labels")) {
    std::tie(result.scheme, result.scheme_problem) =
        scheme_of_names(detail::read_named_values(root["labels"], file));
  } else {
    result.scheme_problem = "no field 'labels'";
  }
  if (root.contains("training"))
    result.training = detail::read_list(root["training"], "training", file);
  if (root.contains("test")) result.test = detail::read_list(root["test"], "test", file);
  if (root.contains("dataset"))
    result.listed_channels = detail::read_dataset_key(root["dataset"], file);
  if (root.contains("file_ending")) {
    const detail::Json& ending = root["file_ending"];
    const std::string text = ending.is_string() ? ending.get<std::string>() : "";
    if (nifti_stem("case" + text) != "case") {
      detail::refuse_json(file, "file_ending", ending.dump(), "\".nii\" or \".nii.gz\"");
    }
  }
  return result;
}

}  // namespace glia
