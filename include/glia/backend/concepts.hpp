#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "glia/backend/descriptors.hpp"
#include "glia/source/activated.hpp"
#include "glia/source/norm_gradient.hpp"
#include "glia/source/output.hpp"
#include "glia/source/plain.hpp"
#include "glia/source/upsampled.hpp"
#include "glia/tensor/tensor.hpp"

namespace glia {

/// Types and memory: 1. `Scalar`, storage of tensors; 2. `Real`, type of weights and
/// coefficients; 3. the pitch that a tensor of c channels gets; 4. filling; 5. reading sums (zeros
/// where nothing is computed).
template <class B>
concept MemoryOps = requires(Context& k, index_t c, double* d, typename B::Real* r) {
  typename B::Scalar;
  typename B::Real;
  { B::channel_pitch(c) } -> std::same_as<index_t>;
  B::fill(k, d, c, 0.0);
  B::fill(k, r, c, typename B::Real(0));
  B::read(k, d, std::span<double>{});
};

/// Convolution of a source into a sink, and its backward as one operation: the gradient with
/// respect to the input goes to a sink (or NoGradient), those with respect to weights and bias are
/// added to dw and db (null: no bias). Workspaces are in bytes and may depend on everything the
/// operation sees.
template <class B, class T = typename B::Scalar, class R = typename B::Real>
concept ConvolutionOps = requires(Context& k, const ConvDescriptor& c, const Plain<T>& x,
                                  const Activated<T, R>& a, const Output<T, R>& y,
                                  const NormGradient<T, R>& g, const ActivatedGradient<T, R>& gx,
                                  const R* w, R* dw, std::byte* work) {
  { B::forward_workspace(k, c, a, y) } -> std::same_as<index_t>;
  B::convolution(k, c, a, w, y, work);
  { B::backward_workspace(k, c, a, g, gx) } -> std::same_as<index_t>;
  B::convolution_backward(k, c, a, g, w, gx, dw, dw, work);
  { B::backward_workspace(k, c, x, g, NoGradient{}) } -> std::same_as<index_t>;
  B::convolution_backward(k, c, x, g, w, NoGradient{}, dw, dw, work);
};

/// moments [N, C, 2] -> coefficients [4, N, C] (scale, shift, mean, rstd); sums [N, C, 2] of
/// ActivatedGradient -> coefficients [3, N, C] of NormGradient, adding to dgain and doffset.
template <class B, class R = typename B::Real>
concept NormOps = requires(Context& k, const NormDescriptor& d, const double* sums, const R* p,
                           R* out) {
  B::normalise(k, d, sums, p, p, out);
  B::normalise_backward(k, d, sums, p, p, out, out, out);
};

/// `store(source, sink)` materialises with any epilogue; upsample_backward is the adjoint of
/// Upsampled<Plain>.
template <class B, class T = typename B::Scalar, class R = typename B::Real>
concept StoreOps = requires(Context& k, const Activated<T, R>& a, const Store<T>& y,
                            View<const T> fine, const ActivatedGradient<T, R>& gx,
                            std::byte* work) {
  { B::store_workspace(k, a, y) } -> std::same_as<index_t>;
  B::store(k, a, y, work);
  {
    B::upsample_backward_workspace(k, Interpolation::trilinear, fine, gx)
    } -> std::same_as<index_t>;
  B::upsample_backward(k, Interpolation::trilinear, fine, gx, work);
};

/// Losses over regions: logits and targets [N, D, H, W, C], sums and coefficients [N * C] on the
/// host. Targets are probabilities; a voxel whose target is below 0 is not counted.
/// `divergence_sums` sets the divergences of sums that `region_sums` has set.
template <class B, class T = typename B::Scalar>
concept RegionOps = requires(Context& k, View<const T> x, View<T> y, View<const float> target,
                             View<float> p, std::span<RegionSums> sums,
                             std::span<const RegionCoefficients> coefficients) {
  B::region_sums(k, x, target, sums);
  B::divergence_sums(k, x, target, 3.0, sums);
  B::region_gradient(k, x, target, coefficients, y);
  B::probabilities(k, x, p);
};

/// z [N, 1, 1, 1, L] drawn from `code` [N, 1, 1, 1, 2 L], means and logarithms of variances, and
/// what it costs: latent.hpp has the formulas.
template <class B, class T = typename B::Scalar>
concept LatentOps = requires(Context& k, const RandomKey& key, View<const T> x, View<T> y) {
  { B::sample(k, key, x, y) } -> std::same_as<double>;
  B::sample_backward(k, key, x, x, 0.5, y);
};

/// Whole-model operations on flat parameters. `moment*` are parameters too.
template <class B, class R = typename B::Real>
concept OptimizerOps = requires(Context& k, std::span<R> p, std::span<const R> g,
                                const SgdStep& sgd, const AdamStep& adam) {
  B::sgd_step(k, sgd, p, g, p);
  B::adam_step(k, adam, p, g, p, p);
  { B::squared_norm(k, g) } -> std::same_as<double>;
  B::scale(k, p, 1.0);
  B::blend(k, p, g, 0.5);  // p = decay * p + (1 - decay) * g
};

/// Everything a network needs. A new backend: one folder, `static_assert(Backend<Mine>)`, one entry
/// in the conformance tests.
template <class B>
concept Backend = MemoryOps<B> && ConvolutionOps<B> && NormOps<B> && StoreOps<B> && RegionOps<B> &&
    LatentOps<B> && OptimizerOps<B>;

}  // namespace glia
