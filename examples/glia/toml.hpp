#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace glia::program {

/// One `key = value` of a TOML file, or a [section]. A single value and an array of one differ in
/// `array` only.
struct TomlEntry {
  std::string section;  ///< empty above the first [section]
  std::string key;      ///< empty where the section begins
  std::vector<std::string> values{};
  bool array = false;
  std::size_t line = 0;
};

/// Reads the part of TOML 1.0 (toml.io/en/v1.0.0) that options need: sections of one level, keys
/// that are dotted at most once, strings of all four kinds, arrays of values, comments.
///
/// Numbers, booleans and words without quotes are handed on as they are written, so that options
/// read them as they read the command line: 010 is ten. An underscore between digits is dropped.
/// Throws UsageError that begins with "line N: ".
std::vector<TomlEntry> parse_toml(std::string_view text);

/// The text as a basic string of TOML, quotes included. Bytes that are not UTF-8 stay as they are.
std::string toml_string(std::string_view text);

}  // namespace glia::program
