#pragma once

#include <vector>

#include "glia/tensor/view.hpp"

namespace glia {

/// A dense tensor on the ordinary heap, for data that enters or leaves a network: [N, D, H, W, C],
/// pitch = C. Throws OutOfMemory for a shape that no memory holds, std::bad_alloc for one that
/// this memory does not.
template <class T>
class HostTensor {
 public:
  HostTensor() = default;
  explicit HostTensor(Shape shape, T value = T{})
      : shape_(shape), data_(allocatable_elements(shape), value) {}

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] View<T> view() { return {data_.data(), shape_, shape_.c}; }
  [[nodiscard]] View<const T> view() const { return {data_.data(), shape_, shape_.c}; }
  [[nodiscard]] std::vector<T>& values() { return data_; }
  [[nodiscard]] const std::vector<T>& values() const { return data_; }

 private:
  Shape shape_{0, 0, 0, 0, 0};
  std::vector<T> data_;
};

}  // namespace glia
