#pragma once

#include <concepts>

#include "glia/tensor/shape.hpp"

namespace glia {

/// What a kernel packs: a description of a tensor that may not exist in memory.
///
/// Requirements: 1. `Scalar`, the storage type it is made of; 2. `shape()`, [N, D, H, W, C]; 3.
/// `bytes()` read from memory when all of it is evaluated once. Backends evaluate sources; the set
/// is closed: Plain, Activated, Upsampled, Concat, Dropped, NormGradient,
/// Deinterleaved, Maximum, Averaged, Voxelwise.
template <class S>
concept Source = requires(const S& s) {
  typename S::Scalar;
  { s.shape() } -> std::same_as<Shape>;
  { s.bytes() } -> std::same_as<double>;
};

/// What a kernel's epilogue does with its result, each element exactly once.
///
/// Requirements: 1. `Scalar`; 2. `shape()` of the result it takes; 3. `bytes_read()` and
/// `bytes_written()` of memory when all of it is taken once. The set is closed: Output, Store,
/// ActivatedGradient, PooledGradient, Split, Interleaved, MaximumGradient, AveragedGradient,
/// VoxelwiseGradient.
template <class S>
concept Sink = requires(const S& s) {
  typename S::Scalar;
  { s.shape() } -> std::same_as<Shape>;
  { s.bytes_read() } -> std::same_as<double>;
  { s.bytes_written() } -> std::same_as<double>;
};

/// Stands where a sink would: nobody wants this gradient.
struct NoGradient {};

}  // namespace glia
