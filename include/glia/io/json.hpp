#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/io/input_file.hpp"

namespace glia::detail {

using Json = nlohmann::json;

[[noreturn]] inline void refuse_json(const std::filesystem::path& file, const std::string& field,
                                     const std::string& got, const std::string& expected) {
  throw DataError(file.string() + ": field '" + field + "': got " + got + ", expected " + expected);
}

/// Parses a file of at most 16 MiB strictly: no duplicate keys, at most 16 levels deep. Throws
/// DataError naming the file, IoError.
inline Json parse_json(const std::filesystem::path& file) {
  constexpr std::size_t largest = std::size_t{16} << 20;
  constexpr int deepest = 16;
  const std::vector<std::byte> bytes = read_file(file, largest);
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > deepest) {
      throw DataError(file.string() + ": JSON nested deeper than " + std::to_string(deepest) +
                      " levels");
    }
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      throw DataError(file.string() + ": JSON key '" + value.get<std::string>() +
                      "' occurs twice in one object");
    }
    return true;
  };
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  try {
    return Json::parse(text, text + bytes.size(), check);
  } catch (const Json::exception& error) {
    throw DataError(file.string() + ": not valid JSON: " + error.what());
  }
}

}  // namespace glia::detail
