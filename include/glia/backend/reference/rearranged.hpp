#pragma once

#include "glia/backend/reference/evaluate.hpp"
#include "glia/source/averaged.hpp"
#include "glia/source/interleaved.hpp"
#include "glia/source/maximum.hpp"

/// Evaluation of what moves values between voxels and tensors.
namespace glia::reference {

/// The fine voxel of a coarse one at `offset` of the channel block.
inline Voxel interleaved_voxel(Voxel v, index_t block) {
  return {v.n, 2 * v.d + block / 4, 2 * v.h + block / 2 % 2, 2 * v.w + block % 2};
}

template <class T>
struct Evaluate<Deinterleaved<T>> {
  static T value(const Deinterleaved<T>& s, Voxel v, index_t c) {
    const Voxel at = interleaved_voxel(v, c / s.fine.shape.c);
    return s.fine.at(at.n, at.d, at.h, at.w, c % s.fine.shape.c);
  }
};

template <class T>
struct Evaluate<Interleaved<T>> {
  static void take(const Interleaved<T>& s, Voxel v, index_t c, T result) {
    const Voxel at = interleaved_voxel(v, c / s.fine.shape.c);
    s.fine.at(at.n, at.d, at.h, at.w, c % s.fine.shape.c) = result;
  }
};

template <class T, index_t Count>
struct Evaluate<Maximum<T, Count>> {
  /// The first tensor that holds the largest value.
  static std::size_t winner(const Maximum<T, Count>& s, Voxel v, index_t c) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < s.x.size(); ++i) {
      if (s.x[i].at(v.n, v.d, v.h, v.w, c) > s.x[best].at(v.n, v.d, v.h, v.w, c)) best = i;
    }
    return best;
  }
  static T value(const Maximum<T, Count>& s, Voxel v, index_t c) {
    return s.x[winner(s, v, c)].at(v.n, v.d, v.h, v.w, c);
  }
};

template <class T, index_t Count>
struct Evaluate<MaximumGradient<T, Count>> {
  static void take(const MaximumGradient<T, Count>& s, Voxel v, index_t c, T result) {
    const std::size_t best = Evaluate<Maximum<T, Count>>::winner(s.source, v, c);
    for (std::size_t i = 0; i < s.grad.size(); ++i) {
      T& grad = s.grad[i].at(v.n, v.d, v.h, v.w, c);
      grad = (s.accumulate ? grad : T(0)) + (i == best ? result : T(0));
    }
  }
};

/// Calls f(fine voxel) for the cube of a coarse one.
template <class F>
void for_each_of_cube(Voxel v, index_t factor, F&& f) {
  for (index_t d = 0; d < factor; ++d)
    for (index_t h = 0; h < factor; ++h)
      for (index_t w = 0; w < factor; ++w)
        f(Voxel{v.n, v.d * factor + d, v.h * factor + h, v.w * factor + w});
}

template <class T>
struct Evaluate<Averaged<T>> {
  static T value(const Averaged<T>& s, Voxel v, index_t c) {
    double sum = 0;
    index_t count = 0;
    for_each_of_cube(v, s.factor, [&](Voxel at) {
      const auto x = static_cast<double>(s.fine.at(at.n, at.d, at.h, at.w, c));
      if (s.of_targets && x < 0) return;
      sum += x;
      ++count;
    });
    return static_cast<T>(count > 0 ? sum / static_cast<double>(count) : -1);
  }
};

template <class T>
struct Evaluate<AveragedGradient<T>> {
  static void take(const AveragedGradient<T>& s, Voxel v, index_t c, T result) {
    const T share = result / static_cast<T>(s.factor * s.factor * s.factor);
    for_each_of_cube(v, s.factor, [&](Voxel at) {
      T& grad = s.fine.at(at.n, at.d, at.h, at.w, c);
      grad = s.accumulate ? grad + share : share;
    });
  }
};

}  // namespace glia::reference
