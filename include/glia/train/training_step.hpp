#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "glia/losses/loss.hpp"
#include "glia/models/plan.hpp"

namespace glia {

/// The sums and coefficients [N * C] that pass between a backend and a loss.
struct LossBuffers {
  std::vector<RegionSums> sums;
  std::vector<RegionCoefficients> coefficients;
};

/// A loss that compares distributions softened by a temperature.
template <class L>
concept SoftenedLoss = Loss<L> && requires(const L& loss) {
  { loss.temperature } -> std::convertible_to<double>;
};

/// Evaluates a loss at logits [N, D, H, W, C] and turns them into its gradient in place; a value
/// that is not finite leaves them as they are.
template <Backend B, Loss L>
struct Differentiate {
  Context& context;
  const L& loss;
  LossBuffers& buffers;

  double operator()(View<typename B::Scalar> logits, View<const float> target) const {
    // A plan has no sums, of which a loss could make anything.
    const bool counts_only = context.arena().counts_only();
    const auto count = counts_only ? 0 : static_cast<std::size_t>(logits.shape.n * logits.shape.c);
    buffers.sums.assign(count, {});
    buffers.coefficients.assign(count, {});
    B::region_sums(context, logits, target, buffers.sums);
    if constexpr (SoftenedLoss<L>)
      B::divergence_sums(context, logits, target, loss.temperature, buffers.sums);
    const double value =
        counts_only ? 0 : loss.evaluate(buffers.sums, logits.shape, buffers.coefficients);
    if (std::isfinite(value))
      B::region_gradient(context, logits, target, buffers.coefficients, logits);
    return value;
  }
};

/// A network that minimises more than the loss of its logits: of the stages of a cascade, of a
/// reconstruction. `auxiliary_loss(context, parameters, saved, image, target, differentiate)`
/// returns the sum of the other terms and leaves their gradients in `saved`, where `backward` finds
/// them; `differentiate` is the training's loss for any pair of logits and target.
template <class Net, class L, class B = typename Net::Engine>
concept HasAuxiliaryLoss = requires(Context& k, const typename Net::Parameters& p,
                                    typename Net::Saved& saved,
                                    View<const typename B::Scalar> image, View<const float> target,
                                    const Differentiate<B, L>& differentiate) {
  { Net::auxiliary_loss(k, p, saved, image, target, differentiate) } -> std::same_as<double>;
};

/// Forward, loss and backward of one batch: returns the loss and adds its gradient to `grads`. If
/// the loss is not finite there is no backward. Works on any backend: on `Counting` it is the plan
/// of itself.
template <Network Net, Loss L>
double accumulate_gradients(Context& k, const typename Net::Parameters& parameters,
                            View<const typename Net::Engine::Scalar> image,
                            View<const float> target, const L& loss, LossBuffers& buffers,
                            typename Net::Parameters& grads) {
  using B = typename Net::Engine;
  using T = typename B::Scalar;
  const auto logits = make_tensor<B>(k, with_channels(image.shape, Net::out));
  typename Net::Saved saved;
  Net::template forward<Mode::training>(k, parameters, image, logits.view(), saved);
  const Differentiate<B, L> differentiate{k, loss, buffers};
  double value = differentiate(logits.view(), target);
  if constexpr (HasAuxiliaryLoss<Net, L>) {
    value += Net::auxiliary_loss(k, parameters, saved, image, target, differentiate);
  }
  // A plan has no sums, of which a loss may make anything: it always holds the backward pass.
  if (!std::isfinite(value) && !k.arena().counts_only()) return value;
  Net::backward(k, parameters, saved, image, Plain<T>{logits.view()}, grads);
  return value;
}

/// The plan of `accumulate_gradients` over batches [N, D, H, W, In]. Throws UsageError if an extent
/// does not fit.
template <Network Net, Loss L>
[[nodiscard]] RunPlan plan_training(const Context& like, Shape image, const L& loss) {
  using B = typename Net::Engine;
  using Counted = typename Net::template On<Counting<B>>;
  require_extents<Net>(image);
  return plan_run(like, [&](Context& k) {
    ParameterSet<typename Counted::Parameters, typename B::Real> parameters(false), grads(false);
    LossBuffers buffers;
    accumulate_gradients<Counted>(k, parameters.fields(), {nullptr, image, image.c},
                                  {nullptr, with_channels(image, Net::out), Net::out}, loss,
                                  buffers, grads.fields());
  });
}

/// Runs training steps over batches of one shape in planned memory.
template <Network Net, Loss L>
class GradientComputer {
 public:
  using B = typename Net::Engine;
  using Parameters = ParameterSet<typename Net::Parameters, typename B::Real>;

  /// For images of one shape [N, D, H, W, In]. Throws UsageError if an extent does not fit.
  GradientComputer(Context& context, Shape image, L loss)
      : context_(&context),
        image_(image),
        loss_(std::move(loss)),
        arena_(std::make_unique<Arena>(plan_training<Net>(context, image, loss_).memory)) {}

  /// Sets `grads` to the gradient of the loss, which it returns, at targets [N, D, H, W, Out].
  /// Layers that draw random numbers draw them for `step`. Throws UsageError for other shapes.
  double operator()(const Parameters& parameters, View<const float> image, View<const float> target,
                    Parameters& grads, index_t step = 0) {
    require_shape("image", image.shape, image_);
    require_shape("target", target.shape, with_channels(image_, Net::out));
    const ArenaScope run{*context_, *arena_};
    context_->begin_step(step);
    B::fill(*context_, grads.flat().data(), grads.size(), typename B::Real(0));
    return accumulate_gradients<Net>(*context_, parameters.fields(), image, target, loss_, buffers_,
                                     grads.fields());
  }
  [[nodiscard]] std::size_t measured_bytes() const { return arena_->peak(); }

 private:
  Context* context_;
  Shape image_;
  L loss_;
  LossBuffers buffers_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace glia
