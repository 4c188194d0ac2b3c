#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "glia/backend/reference/evaluate.hpp"
#include "glia/source/voxelwise.hpp"

/// Evaluation of functions of the channels of a voxel, in double.
namespace glia::reference {

/// `x(k)` is channel k of `count`: value(x, count, c) is f[c], derivative(x, count, c, k) is
/// df[c]/dx[k].
template <class F>
struct Function;

template <>
struct Function<Sigmoid> {
  template <class X>
  static double value(const X& x, index_t, index_t c) {
    return 1 / (1 + std::exp(-x(c)));
  }
  template <class X>
  static double derivative(const X& x, index_t count, index_t c, index_t k) {
    const double p = value(x, count, c);
    return c == k ? p * (1 - p) : 0;
  }
};

template <>
struct Function<Softmax> {
  template <class X>
  static double value(const X& x, index_t count, index_t c) {
    double sum = 0;
    for (index_t k = 0; k < count; ++k) sum += std::exp(x(k) - x(c));
    return 1 / sum;
  }
  template <class X>
  static double derivative(const X& x, index_t count, index_t c, index_t k) {
    return value(x, count, c) * ((c == k ? 1 : 0) - value(x, count, k));
  }
};

template <class... Sets>
struct Function<RegionLogits<Sets...>> {
  using Regions = RegionLogits<Sets...>;
  /// log sum of exp over the classes that are, or are not, in the region.
  template <class X>
  static double log_sum(const X& x, index_t count, index_t region, bool inside) {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (index_t k = 0; k < count; ++k) {
      if (Regions::contains(region, k) == inside) largest = (std::max)(largest, x(k));
    }
    for (index_t k = 0; k < count; ++k) {
      if (Regions::contains(region, k) == inside) sum += std::exp(x(k) - largest);
    }
    return largest + std::log(sum);
  }
  template <class X>
  static double value(const X& x, index_t count, index_t region) {
    return log_sum(x, count, region, true) - log_sum(x, count, region, false);
  }
  template <class X>
  static double derivative(const X& x, index_t count, index_t region, index_t k) {
    const bool inside = Regions::contains(region, k);
    return (inside ? 1 : -1) * std::exp(x(k) - log_sum(x, count, region, inside));
  }
};

template <class T, class F>
struct Evaluate<Voxelwise<T, F>> {
  static auto channels(const Voxelwise<T, F>& s, Voxel v) {
    return [&s, v](index_t c) { return static_cast<double>(s.x.at(v.n, v.d, v.h, v.w, c)); };
  }
  static T value(const Voxelwise<T, F>& s, Voxel v, index_t c) {
    return static_cast<T>(Function<F>::value(channels(s, v), s.x.shape.c, c));
  }
};

template <class T, class F>
struct Evaluate<VoxelwiseGradient<T, F>> {
  static void take(const VoxelwiseGradient<T, F>& s, Voxel v, index_t c, T result) {
    const auto x = Evaluate<Voxelwise<T, F>>::channels(s.source, v);
    const index_t count = s.grad.shape.c;
    for (index_t k = 0; k < count; ++k) {
      s.grad.at(v.n, v.d, v.h, v.w, k) +=
          static_cast<T>(static_cast<double>(result) * Function<F>::derivative(x, count, c, k));
    }
  }
};

}  // namespace glia::reference
