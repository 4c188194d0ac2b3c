#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glia/io/json.hpp"

namespace glia::program {

/// A value in a JSON file. What is missing or of another kind throws DataError that names the file,
/// the field, what was got and what was expected.
class Field {
 public:
  /// The value that the whole file is. Throws DataError, IoError.
  static Field open(const std::filesystem::path& file);

  [[nodiscard]] Field operator[](const std::string& key) const;
  [[nodiscard]] std::optional<Field> find(const std::string& key) const;
  [[nodiscard]] std::vector<Field> items() const;
  [[nodiscard]] bool is_null() const { return value_->is_null(); }
  [[nodiscard]] double number() const;
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] std::string text() const;
  [[noreturn]] void refuse(const std::string& expected) const;

 private:
  struct File {
    std::filesystem::path path;
    detail::Json json;
  };
  Field(std::shared_ptr<const File> file, const detail::Json* value, std::string name);

  std::shared_ptr<const File> file_;
  const detail::Json* value_;
  std::string name_;  ///< from the root: systems[0].name
};

}  // namespace glia::program
