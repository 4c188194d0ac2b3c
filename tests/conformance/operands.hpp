#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "glia/core/random.hpp"
#include "glia/source/activated.hpp"
#include "glia/source/concat.hpp"
#include "glia/source/dropped.hpp"
#include "glia/source/norm_gradient.hpp"
#include "glia/source/output.hpp"
#include "glia/source/plain.hpp"
#include "glia/source/upsampled.hpp"

/// Sources and sinks of every kind over random tensors, the same numbers for every scalar type:
/// what conformance tests feed to two backends. Padding channels hold NaN, which no result may
/// show.
namespace glia::test {

enum class SourceKind {
  plain,
  activated,
  norm_gradient,
  dropped,
  dropped_channels,
  upsampled,
  nearest,
  joined
};
enum class SinkKind { store, accumulate, output, pooled_output, activated_gradient, split };

template <class T>
class Operands {
 public:
  /// Voxels lie `padding` more than C elements apart.
  explicit Operands(index_t padding) : padding_(padding) {}

  View<T> tensor(Shape s, double deviation = 1) {
    const index_t pitch = s.c + padding_;
    auto& values = memory_.emplace_back(static_cast<std::size_t>(s.n * s.voxels() * pitch));
    Random random(7, ++name_);
    for (index_t i = 0; i < std::ssize(values); ++i) {
      values[static_cast<std::size_t>(i)] =
          i % pitch < s.c ? static_cast<T>(static_cast<float>(deviation * random.normal()))
                          : std::numeric_limits<T>::quiet_NaN();
    }
    return {values.data(), s, pitch};
  }
  T* array(index_t count, double mean, double deviation) {
    auto& values = memory_.emplace_back(static_cast<std::size_t>(count));
    Random random(7, ++name_);
    for (T& value : values)
      value = static_cast<T>(static_cast<float>(mean + deviation * random.normal()));
    return values.data();
  }
  double* sums(index_t count) {
    return sums_.emplace_back(static_cast<std::size_t>(count), 1.0).data();
  }

  Activated<T> activated(Shape s) {
    const View<T> raw = tensor(s);
    return {raw, array(s.n * s.c, 0, 1), array(s.n * s.c, 0, 0.5), T(0.25)};
  }
  Dropped<Activated<T>> dropped(Shape s, bool whole_channels) {
    return {activated(s), {{11, 12, 13}, 0x40000000, whole_channels}};
  }
  ActivatedGradient<T> activated_gradient(Shape s, bool accumulate) {
    const Activated<T> source = activated(s);
    const T *mean = array(s.n * s.c, 0, 0.5), *rstd = array(s.n * s.c, 1, 0.2);
    return {source, mean, rstd, output(tensor(s)), sums(2 * s.n * s.c), accumulate};
  }
  PooledGradient<T> pooled_gradient(Shape coarse) {
    const ActivatedGradient<T> fine = activated_gradient(
        {coarse.n, 2 * coarse.d + 1, 2 * coarse.h, 2 * coarse.w + 1, coarse.c}, true);
    const View<T> pooled = tensor(coarse);
    for (index_t i = 0; i < coarse.n * coarse.voxels(); ++i) {
      const index_t w = i % coarse.w, h = i / coarse.w % coarse.h,
                    d = i / (coarse.w * coarse.h) % coarse.d;
      const index_t n = i / coarse.voxels();
      for (index_t c = 0; c < coarse.c; ++c) {
        const index_t corner = (i + 3 * c) % 8;
        pooled.at(n, d, h, w, c) = fine.source.raw.at(n, 2 * d + corner / 4, 2 * h + corner / 2 % 2,
                                                      2 * w + corner % 2, c);
      }
    }
    return {fine, pooled};
  }

  template <class F>
  void with_source(SourceKind kind, Shape s, F&& f) {
    const index_t half = s.c / 2;
    const Shape coarse = halved(s);
    switch (kind) {
      case SourceKind::plain:
        return f(Plain<T>{tensor(s)});
      case SourceKind::activated:
        return f(activated(s));
      case SourceKind::norm_gradient: {
        const View<T> grad = tensor(s), raw = tensor(s);
        return f(NormGradient<T>{grad, raw, array(3 * s.n * s.c, 0, 1)});
      }
      case SourceKind::dropped:
        return f(dropped(s, false));
      case SourceKind::dropped_channels:
        return f(dropped(s, true));
      case SourceKind::upsampled:
        return f(Upsampled<Activated<T>>{activated(coarse)});
      case SourceKind::nearest:
        return f(Upsampled<Activated<T>>{activated(coarse), Interpolation::nearest});
      case SourceKind::joined: {
        const Upsampled<Activated<T>> deep{activated(with_channels(coarse, half))};
        return f(Concat<Upsampled<Activated<T>>, Activated<T>>{
            deep, activated(with_channels(s, s.c - half))});
      }
    }
  }

  template <class F>
  void with_sink(SinkKind kind, Shape s, F&& f) {
    const index_t half = s.c / 2;
    switch (kind) {
      case SinkKind::store:
        return f(Store<T>{output(tensor(s))});
      case SinkKind::accumulate:
        return f(Store<T>{output(tensor(s)), true});
      case SinkKind::output:
        return f(Output<T>{output(tensor(s))});
      case SinkKind::pooled_output: {
        Output<T> sink{output(tensor(s))};
        sink.bias = array(s.c, 0, 1);
        sink.addend = tensor(s);
        sink.moments = sums(2 * s.n * s.c);
        sink.pooled = output(tensor(halved(s)));
        sink.gain = array(s.c, 0, 1);
        return f(sink);
      }
      case SinkKind::activated_gradient:
        return f(activated_gradient(s, true));
      case SinkKind::split: {
        const auto first = activated_gradient(with_channels(s, half), false);
        return f(Split<ActivatedGradient<T>, PooledGradient<T>>{
            first, pooled_gradient(with_channels(s, s.c - half))});
      }
    }
  }

  /// Marks a tensor as written by the operation under test.
  View<T> output(View<T> y) {
    outputs_.push_back(y);
    return y;
  }
  [[nodiscard]] const std::deque<View<T>>& outputs() const { return outputs_; }
  [[nodiscard]] const std::deque<std::vector<double>>& all_sums() const { return sums_; }

 private:
  index_t padding_;
  std::uint32_t name_ = 0;
  std::deque<std::vector<T>> memory_;
  std::deque<std::vector<double>> sums_;
  std::deque<View<T>> outputs_;
};

/// What an operation made: the elements of every output, the sums, and whether the padding is as it
/// was.
struct Results {
  std::vector<std::vector<double>> tensors;
  std::vector<std::vector<double>> sums;
  bool padding_kept = true;
};

template <class T>
Results results_of(const Operands<T>& operands) {
  Results results;
  for (const View<T>& view : operands.outputs()) {
    auto& values = results.tensors.emplace_back();
    for (index_t i = 0; i < view.shape.n * view.shape.voxels() * view.pitch; ++i) {
      const auto value = static_cast<double>(view.data[i]);
      if (i % view.pitch < view.shape.c) {
        values.push_back(value);
      } else {
        results.padding_kept = results.padding_kept && std::isnan(value);
      }
    }
  }
  for (const auto& sums : operands.all_sums()) results.sums.emplace_back(sums.begin(), sums.end());
  return results;
}

}  // namespace glia::test
