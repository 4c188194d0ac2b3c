#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "glia/io/safetensors.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia::test {

/// A file made by make_golden.py.
class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name)
      : file_(SafetensorsFile::open(std::string(GLIA_SOURCE_DIR) + "/tests/golden/" + name)) {}

  [[nodiscard]] std::vector<double> values(const std::string& name) const {
    const TensorEntry& entry = file_.find(name);
    std::vector<double> result;
    if (entry.dtype == "U8") {
      for (const std::byte value : entry.bytes) result.push_back(static_cast<double>(value));
      return result;
    }
    std::vector<float> stored(entry.bytes.size() / sizeof(float));
    std::memcpy(stored.data(), entry.bytes.data(), entry.bytes.size());
    return {stored.begin(), stored.end()};
  }
  template <class T = double>
  [[nodiscard]] HostTensor<T> tensor(const std::string& name) const {
    const auto& dims = file_.find(name).shape;
    HostTensor<T> result(Shape{dims.at(0), dims.at(1), dims.at(2), dims.at(3), dims.at(4)});
    const auto from = values(name);
    for (std::size_t i = 0; i < from.size(); ++i) result.values()[i] = static_cast<T>(from[i]);
    return result;
  }
  [[nodiscard]] const std::vector<index_t>& dims(const std::string& name) const {
    return file_.find(name).shape;
  }

 private:
  SafetensorsFile file_;
};

}  // namespace glia::test
