#pragma once

#include <algorithm>
#include <cmath>

#include "glia/backend/descriptors.hpp"

/// The coefficients of normalisation, for backends whose memory the processor can read: N * C
/// numbers, never voxels, so plain scalar arithmetic in double serves them all.
namespace glia::detail {

/// Calls f(sample, first channel, end of channels, elements of the group) for every sample and
/// group.
template <class F>
void for_each_group(const NormDescriptor& k, F&& f) {
  const index_t size = k.shape.c / k.groups;
  const auto count = static_cast<double>(k.shape.voxels() * size);
  for (index_t n = 0; n < k.shape.n; ++n) {
    for (index_t g = 0; g < k.groups; ++g) f(n, g * size, (g + 1) * size, count);
  }
}

/// moments [N, C, 2] -> coefficients [4, N, C]: scale = gain rstd, shift = offset - scale mean,
/// mean, rstd = 1 / sqrt(variance + epsilon), over the voxels and channels of each group.
///
/// Requires C divisible by groups. A variance that rounding turned negative counts as zero.
template <class Real>
void normalise(const NormDescriptor& k, const double* moments, const Real* gain, const Real* offset,
               Real* out) {
  const index_t channels = k.shape.c, plane = k.shape.n * channels;
  for_each_group(k, [&](index_t n, index_t first, index_t last, double count) {
    double sum = 0, squares = 0;
    for (index_t c = first; c < last; ++c) {
      sum += moments[2 * (n * channels + c)];
      squares += moments[2 * (n * channels + c) + 1];
    }
    const double mean = sum / count;
    const double variance = (std::max)(0.0, squares / count - mean * mean);
    const double rstd = 1 / std::sqrt(variance + k.epsilon);
    for (index_t c = first; c < last; ++c) {
      const index_t i = n * channels + c;
      const double scale = static_cast<double>(gain[c]) * rstd;
      out[i] = static_cast<Real>(scale);
      out[plane + i] = static_cast<Real>(static_cast<double>(offset[c]) - scale * mean);
      out[2 * plane + i] = static_cast<Real>(mean);
      out[3 * plane + i] = static_cast<Real>(rstd);
    }
  });
}

/// sums [N, C, 2] of ActivatedGradient (sum g, sum g xhat) -> coefficients [3, N, C] of
/// NormGradient: dL/draw = rstd (gain g - m1 - xhat m2), where m1 and m2 are the means over the
/// group of gain g and gain g xhat. dgain and doffset [C] gain sum(g xhat) and sum(g).
///
/// `saved` are the coefficients [4, N, C] that `normalise` made.
template <class Real>
void normalise_backward(const NormDescriptor& k, const double* sums, const Real* saved,
                        const Real* gain, Real* out, Real* dgain, Real* doffset) {
  const index_t channels = k.shape.c, plane = k.shape.n * channels;
  for_each_group(k, [&](index_t n, index_t first, index_t last, double count) {
    double m1 = 0, m2 = 0;
    for (index_t c = first; c < last; ++c) {
      const double* sum = sums + 2 * (n * channels + c);
      m1 += static_cast<double>(gain[c]) * sum[0] / count;
      m2 += static_cast<double>(gain[c]) * sum[1] / count;
      doffset[c] += static_cast<Real>(sum[0]);
      dgain[c] += static_cast<Real>(sum[1]);
    }
    for (index_t c = first; c < last; ++c) {
      const index_t i = n * channels + c;
      const auto mean = static_cast<double>(saved[2 * plane + i]);
      const auto rstd = static_cast<double>(saved[3 * plane + i]);
      out[i] = static_cast<Real>(rstd * static_cast<double>(gain[c]));
      out[plane + i] = static_cast<Real>(-rstd * rstd * m2);
      out[2 * plane + i] = static_cast<Real>(rstd * rstd * m2 * mean - rstd * m1);
    }
  });
}

}  // namespace glia::detail
