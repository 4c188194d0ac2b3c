#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"

namespace glia {

/// Bytes per element of a safetensors dtype, 0 if it is not known.
[[nodiscard]] constexpr index_t safetensors_element_size(std::string_view dtype) {
  constexpr std::array<std::pair<std::string_view, index_t>, 15> sizes{{
      {"BOOL", 1},
      {"U8", 1},
      {"I8", 1},
      {"F8_E5M2", 1},
      {"F8_E4M3", 1},
      {"U16", 2},
      {"I16", 2},
      {"F16", 2},
      {"BF16", 2},
      {"U32", 4},
      {"I32", 4},
      {"F32", 4},
      {"U64", 8},
      {"I64", 8},
      {"F64", 8},
  }};
  for (const auto& [name, size] : sizes) {
    if (name == dtype) return size;
  }
  return 0;
}

}  // namespace glia

namespace glia::detail {

/// What the header says of one tensor.
struct SafetensorsRecord {
  std::string name, dtype;
  std::vector<index_t> shape;
  std::uint64_t begin = 0, end = 0;
};

/// Reads a safetensors header as a stream of JSON events, so that memory follows the tensors that
/// are declared and neither deep nesting nor a wrong structure is ever stored.
class SafetensorsHeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  static constexpr std::size_t max_rank = 8;
  static constexpr std::size_t max_name = 1024;  // names appear in messages

  std::vector<SafetensorsRecord> records;
  std::map<std::string, std::string> metadata;

  /// Why reading stopped.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::start:
        place_ = Place::names;
        return true;
      case Place::name:
        place_ = in_metadata_ ? Place::metadata : Place::fields;
        fields_ = 0;
        return true;
      default:
        return stop("an object where none belongs");
    }
  }

  bool key(std::string& key) override {
    switch (place_) {
      case Place::names:
        if (key.size() > max_name)
          return stop("a name of " + std::to_string(key.size()) + " bytes");
        if (!names_.insert(key).second) return stop("the name \"" + key + "\" twice");
        in_metadata_ = key == "__metadata__";
        if (!in_metadata_) records.push_back({key, {}, {}, 0, 0});
        place_ = Place::name;
        return true;
      case Place::metadata:
        if (metadata.contains(key)) return stop("the metadata key \"" + key + "\" twice");
        metadata_key_ = key;
        place_ = Place::metadata_value;
        return true;
      default:
        return start_field(key);
    }
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata_value) {
      metadata[metadata_key_] = std::move(value);
      place_ = Place::metadata;
      return true;
    }
    if (place_ != Place::dtype) return stop("a string where none belongs");
    records.back().dtype = std::move(value);
    place_ = Place::fields;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::shape)
      place_ = Place::shape_items;
    else if (place_ == Place::offsets)
      place_ = Place::offset_items;
    else
      return stop("an array where none belongs");
    items_ = 0;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::shape_items) {
      if (++items_ > max_rank) return stop("more than " + std::to_string(max_rank) + " axes");
      if (value > std::uint64_t{(std::numeric_limits<index_t>::max)()})
        return stop("a huge extent");
      records.back().shape.push_back(static_cast<index_t>(value));
      return true;
    }
    if (place_ == Place::offset_items && ++items_ <= 2) {
      (items_ == 1 ? records.back().begin : records.back().end) = value;
      return true;
    }
    return stop("a number where none belongs");
  }

  bool end_array() override {
    if (place_ == Place::offset_items && items_ != 2)
      return stop("data_offsets without two numbers");
    place_ = Place::fields;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::fields && fields_ != 7) {
      return stop("a tensor without dtype, shape or data_offsets");
    }
    place_ = place_ == Place::names ? Place::end : Place::names;
    return true;
  }

  bool null() override { return stop("null"); }
  bool boolean(bool) override { return stop("a truth value"); }
  bool number_integer(std::int64_t) override { return stop("a negative number"); }
  bool number_float(double, const std::string&) override {
    return stop("a number with a fraction");
  }
  bool binary(nlohmann::json::binary_t&) override { return stop("binary data"); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return stop("an error of JSON or UTF-8 near byte " + std::to_string(position));
  }

 private:
  enum class Place {
    start,
    names,
    name,
    metadata,
    metadata_value,
    fields,
    dtype,
    shape,
    shape_items,
    offsets,
    offset_items,
    end
  };

  bool stop(std::string problem) {
    problem_ = std::move(problem);
    if (!in_metadata_ && !records.empty()) problem_ += " (tensor \"" + records.back().name + "\")";
    return false;
  }

  bool start_field(const std::string& key) {
    const unsigned bit = key == "dtype" ? 1 : key == "shape" ? 2 : key == "data_offsets" ? 4 : 0;
    if (bit == 0 || (fields_ & bit) != 0) return stop("the field \"" + key + "\"");
    fields_ |= bit;
    place_ = bit == 1 ? Place::dtype : bit == 2 ? Place::shape : Place::offsets;
    return true;
  }

  Place place_ = Place::start;
  bool in_metadata_ = false;
  unsigned fields_ = 0;
  std::size_t items_ = 0;
  std::string metadata_key_, problem_;
  std::set<std::string> names_;
};

}  // namespace glia::detail
