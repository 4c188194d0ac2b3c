#pragma once

#include <cmath>
#include <numbers>

#include "glia/tensor/context.hpp"
#include "glia/tensor/view.hpp"

/// Drawing from a normal distribution with learnt parameters, for backends whose memory the
/// processor can read: some hundred numbers per sample, so plain scalar arithmetic in double serves
/// them all.
///
/// `code` [N, 1, 1, 1, 2 L] holds L means m, then L logarithms v of variances.
namespace glia::detail {

/// Standard normal number `i` of a key (Box & Muller 1958).
[[nodiscard]] inline double standard_normal(const RandomKey& key, index_t i) {
  const auto words = key.words(static_cast<std::uint32_t>(i / 2));
  const auto first = static_cast<std::size_t>(i % 2 * 2);
  const double radius = (words[first] + 1.0) * 0x1.0p-32, angle = words[first + 1] * 0x1.0p-32;
  return std::sqrt(-2 * std::log(radius)) * std::cos(2 * std::numbers::pi * angle);
}

/// Calls f(sample, latent, m, v, noise) for every latent.
template <class T, class F>
void for_each_latent(const RandomKey& key, View<const T> code, F&& f) {
  const index_t latents = code.shape.c / 2;
  for (index_t n = 0; n < code.shape.n; ++n) {
    for (index_t i = 0; i < latents; ++i) {
      f(n, i, static_cast<double>(code.at(n, 0, 0, 0, i)),
        static_cast<double>(code.at(n, 0, 0, 0, latents + i)),
        standard_normal(key, n * latents + i));
    }
  }
}

/// z = m + exp(v / 2) * noise; returns the sum of m^2 + exp(v) - v - 1, twice the Kullback-Leibler
/// divergence from the standard normal distribution.
template <class T>
double sample(const RandomKey& key, View<const T> code, View<T> z) {
  double divergence = 0;
  for_each_latent(key, code, [&](index_t n, index_t i, double m, double v, double noise) {
    z.at(n, 0, 0, 0, i) = static_cast<T>(m + std::exp(v / 2) * noise);
    divergence += m * m + std::exp(v) - v - 1;
  });
  return divergence;
}

/// The gradient of the code from that of z and from `weight` times the result of `sample`.
template <class T>
void sample_backward(const RandomKey& key, View<const T> code, View<const T> grad_z, double weight,
                     View<T> grad_code) {
  const index_t latents = code.shape.c / 2;
  for_each_latent(key, code, [&](index_t n, index_t i, double m, double v, double noise) {
    const auto g = static_cast<double>(grad_z.at(n, 0, 0, 0, i));
    grad_code.at(n, 0, 0, 0, i) = static_cast<T>(g + 2 * weight * m);
    grad_code.at(n, 0, 0, 0, latents + i) =
        static_cast<T>(g * noise * std::exp(v / 2) / 2 + weight * (std::exp(v) - 1));
  });
}

}  // namespace glia::detail
