#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia::test {

/// Independent standard normal values.
template <class T>
void randomise(std::span<T> values, std::uint32_t name, double deviation = 1) {
  Random random{2024, name};
  for (T& value : values) value = static_cast<T>(deviation * random.normal());
}

template <class T>
HostTensor<T> random_tensor(Shape shape, std::uint32_t name) {
  HostTensor<T> tensor(shape);
  randomise(std::span<T>(tensor.values()), name);
  return tensor;
}

/// |a - b| / |b| in the Euclidean norm; where b is zero, |a|.
template <class A, class B>
double relative_error(const A& a, const B& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    difference += (x - y) * (x - y);
    norm += y * y;
  }
  return a.size() != b.size() ? INFINITY : std::sqrt(difference) / (norm > 0 ? std::sqrt(norm) : 1);
}

template <class A, class B>
double dot(const A& a, const B& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace glia::test
