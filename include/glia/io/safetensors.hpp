#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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
#include "glia/io/atomic_file.hpp"
#include "glia/io/byte_order.hpp"
#include "glia/io/crc32.hpp"
#include "glia/io/input_file.hpp"
#include "glia/io/safetensors_header.hpp"

namespace glia {

// The format: 8 bytes length n (little-endian), n bytes JSON, then the tensors without gaps
// (https://huggingface.co/docs/safetensors). Files of this library also carry check sums as
// metadata: "glia.crc32:NAME" of each tensor and, as the very first value of the header,
// "glia.crc32" of the first 8 + n bytes with its own eight digits taken as zeros. Files without
// them are read too.
static_assert(std::endian::native == std::endian::little,
              "tensors are stored as they lie in memory");

/// One tensor of a safetensors file, little-endian, row-major; `bytes` belongs to whoever made the
/// entry.
struct TensorEntry {
  std::string name;
  std::string dtype;  ///< "F32", "BF16", "U8", "I64", ...
  std::vector<index_t> shape;
  std::span<const std::byte> bytes;
};

/// How many elements of an F64, F32, F16 or BF16 tensor are NaN or infinite; 0 for other types.
[[nodiscard]] inline index_t count_nonfinite(const TensorEntry& tensor) {
  const auto count = [&](auto bits, auto exponent) {
    using Bits = decltype(bits);
    index_t found = 0;
    for (std::size_t at = 0; at + sizeof(Bits) <= tensor.bytes.size(); at += sizeof(Bits)) {
      const auto value = detail::load<Bits>(tensor.bytes.data() + at);
      found += (value & exponent) == exponent ? 1 : 0;
    }
    return found;
  };
  if (tensor.dtype == "F64") return count(std::uint64_t{}, std::uint64_t{0x7ff} << 52);
  if (tensor.dtype == "F32") return count(std::uint32_t{}, std::uint32_t{0x7f800000});
  if (tensor.dtype == "F16") return count(std::uint16_t{}, std::uint16_t{0x7c00});
  if (tensor.dtype == "BF16") return count(std::uint16_t{}, std::uint16_t{0x7f80});
  return 0;
}

namespace detail {

inline constexpr std::string_view safetensors_checked_start = R"({"__metadata__":{"glia.crc32":")";
inline constexpr std::string_view crc_key = "glia.crc32";
inline constexpr std::size_t crc_digits = 8;

/// Elements times element size; -1 if the dtype is unknown or the product leaves 63 bits.
[[nodiscard]] inline index_t tensor_bytes(std::string_view dtype,
                                          const std::vector<index_t>& shape) {
  index_t bytes = safetensors_element_size(dtype);
  if (bytes == 0) return -1;
  // An extent of 0 makes the product 0 whatever else overflows, but no writer needs such shapes.
  for (const index_t extent : shape) {
    if (extent < 0) return -1;
    if (extent != 0 && bytes > (std::numeric_limits<index_t>::max)() / extent) return -1;
    bytes *= extent;
  }
  return bytes;
}

/// A JSON string with quotes. Throws UsageError if it is not UTF-8.
[[nodiscard]] inline std::string json_string(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw UsageError("safetensors: a name or metadata value is not UTF-8");
  }
}

/// The 8 length bytes as the format has them.
[[nodiscard]] inline std::array<std::byte, 8> length_bytes(std::uint64_t length) {
  return std::bit_cast<std::array<std::byte, 8>>(length);
}

/// CRC-32 of the length bytes and the header with the digits of the header's own sum taken as
/// zeros.
[[nodiscard]] inline std::uint32_t header_crc(std::string header) {
  header.replace(safetensors_checked_start.size(), crc_digits, crc_digits, '0');
  return crc32_of(std::as_bytes(std::span(header)), crc32_of(length_bytes(header.size())));
}

/// Header text for tensors in file order, padded with spaces to a multiple of 8 bytes.
[[nodiscard]] inline std::string safetensors_header(
    const std::map<std::string, std::string>& metadata, const std::vector<TensorEntry>& tensors) {
  std::string header = std::string(safetensors_checked_start) + std::string(crc_digits, '0') + '"';
  for (const auto& tensor : tensors) {
    header += ',' + json_string(std::string(crc_key) + ":" + tensor.name) + ":\"" +
              hexadecimal(crc32_of(tensor.bytes)) + '"';
  }
  for (const auto& [key, value] : metadata) {
    if (key.starts_with(crc_key)) {
      throw UsageError("safetensors: metadata key \"" + key + "\" is reserved for check sums");
    }
    header += ',' + json_string(key) + ':' + json_string(value);
  }
  header += '}';
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    header += ',' + json_string(tensor.name) + R"(:{"dtype":")" + tensor.dtype + R"(","shape":[)";
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
      header += (axis > 0 ? "," : "") + std::to_string(tensor.shape[axis]);
    }
    header += R"(],"data_offsets":[)" + std::to_string(offset) + ',';
    offset += tensor.bytes.size();
    header += std::to_string(offset) + "]}";
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  header.replace(safetensors_checked_start.size(), crc_digits, hexadecimal(header_crc(header)));
  return header;
}

inline void check_for_writing(const TensorEntry& tensor) {
  const auto refuse = [&](const std::string& got, const std::string& expected) {
    throw UsageError("safetensors: tensor \"" + tensor.name + "\": got " + got + ", expected " +
                     expected);
  };
  using Reader = SafetensorsHeaderReader;
  if (tensor.name == "__metadata__" || tensor.name.size() > Reader::max_name) {
    refuse("this name", "at most " + std::to_string(Reader::max_name) + " bytes, not __metadata__");
  }
  if (tensor.shape.size() > Reader::max_rank) {
    refuse(std::to_string(tensor.shape.size()) + " axes",
           "at most " + std::to_string(Reader::max_rank));
  }
  if (safetensors_element_size(tensor.dtype) == 0) {
    refuse("dtype \"" + tensor.dtype + "\"", "a known dtype");
  }
  const index_t expected = tensor_bytes(tensor.dtype, tensor.shape);
  if (expected < 0 || static_cast<std::uint64_t>(expected) != tensor.bytes.size()) {
    refuse(std::to_string(tensor.bytes.size()) + " bytes",
           std::to_string(expected) + " for its shape and dtype");
  }
}

}  // namespace detail

/// Writes tensors and metadata with check sums; the file appears complete or not at all.
///
/// Tensors are stored by falling element size, then by name, so that each lies at a multiple of its
/// element size and equal content gives equal bytes. Throws UsageError for a tensor whose bytes do
/// not fit its shape, a name given twice, or a metadata key that begins with "glia.crc32"; IoError.
inline void write_safetensors(const std::filesystem::path& path,
                              const std::map<std::string, std::string>& metadata,
                              std::vector<TensorEntry> tensors) {
  std::set<std::string_view> names;
  for (const auto& tensor : tensors) {
    detail::check_for_writing(tensor);
    if (!names.insert(tensor.name).second) {
      throw UsageError("safetensors: tensor \"" + tensor.name + "\" given twice");
    }
  }
  std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
    const index_t size_a = safetensors_element_size(a.dtype),
                  size_b = safetensors_element_size(b.dtype);
    return size_a != size_b ? size_a > size_b : a.name < b.name;
  });
  const std::string header = detail::safetensors_header(metadata, tensors);
  AtomicFile file(path);
  file.write(detail::length_bytes(header.size()));
  file.write(std::as_bytes(std::span(header)));
  for (const auto& tensor : tensors) file.write(tensor.bytes);
  file.commit();
}

/// A safetensors file in memory, wholly checked before anything of it can be used.
class SafetensorsFile {
 public:
  static constexpr std::uint64_t max_header_bytes = 100'000'000;

  /// Reads and checks a file. Memory stays below the size of the file plus that of its header's
  /// records. Throws DataError naming the file and what is wrong, IoError if it cannot be read.
  [[nodiscard]] static SafetensorsFile open(const std::filesystem::path& path) {
    SafetensorsFile result(path.string());
    InputFile file(path);
    result.read_header(file);
    result.data_.resize(size_in_memory(result.data_size_));
    if (file.read(result.data_) != result.data_.size()) {
      result.refuse("data", "an early end", std::to_string(result.data_size_) + " bytes");
    }
    result.make_entries();
    result.verify_checksums();
    return result;
  }

  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  /// All metadata but the check sums.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Tensors in order of their names; their bytes live as long as this object.
  [[nodiscard]] const std::vector<TensorEntry>& tensors() const { return tensors_; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& tensor : tensors_) result.push_back(tensor.name);
    return result;
  }
  [[nodiscard]] bool contains(std::string_view name) const {
    return position(name) != tensors_.end();
  }
  /// The tensor of this name. Throws DataError if there is none.
  [[nodiscard]] const TensorEntry& find(std::string_view name) const {
    const auto found = position(name);
    if (found == tensors_.end()) {
      throw DataError(name_ + ": tensor \"" + std::string(name) + "\" is missing");
    }
    return *found;
  }

 private:
  explicit SafetensorsFile(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void refuse(const std::string& field, const std::string& got,
                           const std::string& expected) const {
    throw DataError(name_ + ": not a usable safetensors file: " + field + ": got " + got +
                    ", expected " + expected);
  }

  void read_header(InputFile& file) {
    std::array<std::byte, 8> start{};
    if (file.read(start) != start.size()) {
      refuse("file", std::to_string(file.size()) + " bytes", "at least 8");
    }
    const auto length = detail::load<std::uint64_t>(start.data());
    const std::uint64_t rest = file.size() - start.size();
    if (length > (std::min)(rest, max_header_bytes)) {
      refuse("header length", std::to_string(length),
             "at most " + std::to_string((std::min)(rest, max_header_bytes)));
    }
    data_size_ = rest - length;
    std::string header(static_cast<std::size_t>(length), '\0');
    if (file.read(std::as_writable_bytes(std::span(header))) != header.size()) {
      refuse("header", "an early end", std::to_string(length) + " bytes");
    }
    if (!header.starts_with('{')) refuse("header", "no { as its first byte", "a JSON object");
    detail::SafetensorsHeaderReader reader;
    if (!nlohmann::json::sax_parse(header, &reader)) {
      refuse("header", reader.problem(), "the structure of the format");
    }
    records_ = std::move(reader.records);
    metadata_ = std::move(reader.metadata);
    check_header_checksum(header);
    check_records();
  }

  void check_header_checksum(const std::string& header) {
    if (header.starts_with(detail::safetensors_checked_start) &&
        header.size() >= detail::safetensors_checked_start.size() + detail::crc_digits) {
      const std::string expected = hexadecimal(detail::header_crc(header));
      const auto found = metadata_.find(std::string(detail::crc_key));
      if (found->second != expected) {
        refuse("check sum of the header", found->second, expected);
      }
      metadata_.erase(found);
      return;
    }
    for (const auto& [key, value] : metadata_) {
      if (key.starts_with(checksum_prefix())) {
        refuse("header", "check sums of tensors only",
               "the check sum of the header as its first value");
      }
    }
  }

  /// Shapes agree with offsets; tensors cover the data from 0 to its end without gap or overlap.
  void check_records() {
    std::sort(records_.begin(), records_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t covered = 0;
    for (const auto& record : records_) {
      const std::string field = "tensor \"" + record.name + "\"";
      if (safetensors_element_size(record.dtype) == 0) {
        refuse(field, "dtype \"" + record.dtype + "\"", "a known dtype");
      }
      if (record.begin != covered || record.end < record.begin || record.end > data_size_) {
        refuse(field, "bytes " + std::to_string(record.begin) + " to " + std::to_string(record.end),
               "a range from " + std::to_string(covered) + " within " + std::to_string(data_size_));
      }
      const index_t bytes = detail::tensor_bytes(record.dtype, record.shape);
      if (bytes < 0 || static_cast<std::uint64_t>(bytes) != record.end - record.begin) {
        refuse(field, std::to_string(record.end - record.begin) + " bytes",
               bytes < 0 ? "a shape that fits memory" : std::to_string(bytes) + " for its shape");
      }
      covered = record.end;
    }
    if (covered != data_size_) {
      refuse("data", std::to_string(data_size_) + " bytes",
             std::to_string(covered) + " that the tensors cover");
    }
  }

  void make_entries() {
    for (auto& record : records_) {
      tensors_.push_back({std::move(record.name), std::move(record.dtype), std::move(record.shape),
                          std::span(data_).subspan(size_in_memory(record.begin),
                                                   size_in_memory(record.end - record.begin))});
    }
    records_ = {};
    std::sort(tensors_.begin(), tensors_.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
  }

  void verify_checksums() {
    for (auto item = metadata_.begin(); item != metadata_.end();) {
      if (!item->first.starts_with(checksum_prefix())) {
        ++item;
        continue;
      }
      const auto& tensor = find(std::string_view(item->first).substr(checksum_prefix().size()));
      const std::string actual = hexadecimal(crc32_of(tensor.bytes));
      if (item->second != actual) {
        refuse("check sum of tensor \"" + tensor.name + "\"", actual, item->second);
      }
      item = metadata_.erase(item);
    }
  }

  [[nodiscard]] static std::string checksum_prefix() { return std::string(detail::crc_key) + ":"; }

  [[nodiscard]] std::vector<TensorEntry>::const_iterator position(std::string_view name) const {
    const auto found =
        std::lower_bound(tensors_.begin(), tensors_.end(), name,
                         [](const auto& tensor, auto key) { return tensor.name < key; });
    return found != tensors_.end() && found->name == name ? found : tensors_.end();
  }

  std::string name_;
  std::uint64_t data_size_ = 0;
  std::vector<std::byte> data_;
  std::vector<detail::SafetensorsRecord> records_;
  std::map<std::string, std::string> metadata_;
  std::vector<TensorEntry> tensors_;
};

}  // namespace glia
