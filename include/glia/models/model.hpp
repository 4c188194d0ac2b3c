#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "glia/models/plan.hpp"
#include "glia/models/trained_on.hpp"
#include "glia/tensor/host_tensor.hpp"

namespace glia {

/// A network with weights: the context it runs in, its parameters, what they were trained on, and
/// the plan of its forward pass. Models of one context run one after another, in one thread, in the
/// same memory.
template <Network Net>
class Model {
 public:
  using B = typename Net::Engine;
  using Parameters = ParameterSet<typename Net::Parameters, typename B::Real>;
  static_assert(std::is_same_v<typename B::Scalar, float>,
                "Model: images are float; this backend stores another type");

  /// Weights drawn from the context's seed; a further model of the context draws others.
  explicit Model(Context& context) : Model(context, context.next_model_seed()) {}
  /// Weights drawn from a seed of its own.
  Model(Context& context, std::uint64_t seed)
      : context_(&context), parameters_(std::make_unique<Parameters>()) {
    parameters_->initialise(seed);
  }

  [[nodiscard]] Context& context() const { return *context_; }
  [[nodiscard]] Parameters& parameters() { return *parameters_; }
  [[nodiscard]] const Parameters& parameters() const { return *parameters_; }
  [[nodiscard]] static constexpr index_t divisor() { return Net::divisor; }
  /// What the weights were trained on: set by a `Trainer` and by `load_weights`, kept in files.
  [[nodiscard]] TrainedOn& trained_on() { return trained_on_; }
  [[nodiscard]] const TrainedOn& trained_on() const { return trained_on_; }

  /// Probabilities of the regions: image [N, D, H, W, In] to [N, D, H, W, Out]. Each extent must be
  /// a multiple of divisor(). The plan of one shape is kept. Throws UsageError, OutOfMemory.
  void operator()(View<const float> image, View<float> probabilities) {
    require_shape("probabilities", probabilities.shape, with_channels(image.shape, Net::out));
    prepare(image.shape);
    const ArenaScope run{*context_, *arena_};
    typename Net::Saved saved;
    const auto logits = make_tensor<B>(*context_, with_channels(image.shape, Net::out));
    Net::template forward<Mode::inference>(*context_, parameters_->fields(), image, logits.view(),
                                           saved);
    B::probabilities(*context_, logits.view(), probabilities);
  }

  /// Bytes of the forward pass's arena that the last call touched.
  [[nodiscard]] std::size_t measured_bytes() const { return arena_ ? arena_->peak() : 0; }

 private:
  void prepare(Shape image) {
    if (arena_ && image == shape_) return;
    arena_ = std::make_unique<Arena>(plan_inference<Net>(*context_, image).memory);
    shape_ = image;
  }

  Context* context_;
  std::unique_ptr<Parameters> parameters_;
  TrainedOn trained_on_;
  std::unique_ptr<Arena> arena_;
  Shape shape_{};
};

}  // namespace glia
