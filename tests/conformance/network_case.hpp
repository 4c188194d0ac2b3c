#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/train/training_step.hpp"
#include "support/backends.hpp"

namespace glia::test {

/// The same weights, image and target for every backend: numbers that float holds exactly.
template <class Net>
struct NetworkCase {
  using B = typename Net::Engine;
  using R = typename B::Real;
  using Set = ParameterSet<typename Net::Parameters, R>;
  using Computer = GradientComputer<Net, DiceAndCrossEntropy>;
  Context k;
  HostTensor<float> image, target;
  Set parameters;

  explicit NetworkCase(Shape shape, int threads = 2)
      : k{{.threads = threads, .seed = 9}},
        image(random_tensor<float>(shape, 1)),
        target(with_channels(shape, Net::out)) {
    Random random{2};
    for (float& g : target.values()) g = random.bernoulli(0.3) ? 1.F : 0.F;
    std::vector<float> weights(parameters.flat().size());
    randomise(std::span<float>(weights), 3, 0.4);
    std::copy(weights.begin(), weights.end(), parameters.flat().begin());
  }

  /// The loss of training step 4, then its gradients.
  [[nodiscard]] std::vector<R> step() {
    const auto input = upload<B>(k, image);
    Set gradients;
    LossBuffers buffers;
    k.begin_step(4);
    const double loss = accumulate_gradients<Net>(
        k, parameters.fields(), input.view(), std::as_const(target).view(), DiceAndCrossEntropy{},
        buffers, gradients.fields());
    std::vector<R> result(gradients.flat().begin(), gradients.flat().end());
    result.push_back(static_cast<R>(loss));
    return result;
  }

  /// A planned step touches its plan and computes the same bits, again and again.
  void check_plan() {
    auto expected = step();
    expected.pop_back();
    Computer compute(k, image.shape(), {});
    Set gradients;
    for (int run = 0; run < 2; ++run) {
      compute(parameters, std::as_const(image).view(), std::as_const(target).view(), gradients, 4);
      CHECK(std::equal(expected.begin(), expected.end(), gradients.flat().begin()));
      CHECK(compute.measured_bytes() ==
            plan_training<Net>(k, image.shape(), DiceAndCrossEntropy{}).memory.bytes);
    }
  }

  /// Inference computes the bits of a forward pass for training, in its own, smaller plan.
  void check_inference() {
    Model<Net> model(k);
    std::copy(parameters.flat().begin(), parameters.flat().end(),
              model.parameters().flat().begin());
    HostTensor<float> got(target.shape()), expected(target.shape());
    model(std::as_const(image).view(), got.view());
    const std::size_t bytes = plan_inference<Net>(k, image.shape()).memory.bytes;
    CHECK(model.measured_bytes() == bytes);
    CHECK(bytes < plan_training<Net>(k, image.shape(), DiceAndCrossEntropy{}).memory.bytes);

    const auto input = upload<B>(k, image);
    const auto logits = make_tensor<B>(k, target.shape());
    typename Net::Saved saved;
    Net::template forward<Mode::training>(k, parameters.fields(), input.view(), logits.view(),
                                          saved);
    B::probabilities(k, logits.view(), expected.view());
    CHECK(got.values() == expected.values());
  }

  /// A hundred steps of Adam at least halve the loss on a target that the image shows.
  void check_learning() {
    const auto channels = static_cast<std::size_t>(Net::in),
               regions = static_cast<std::size_t>(Net::out);
    for (std::size_t i = 0; i < target.values().size(); ++i) {
      const float shown = image.values()[i / regions * channels + i % regions];
      target.values()[i] = shown > 0.5F ? 1.F : 0.F;
    }
    parameters.initialise(1);
    Computer compute(k, image.shape(), {});
    Set gradients, first, second;
    const Adam adam{.rate = 1e-2};
    double before = 0, loss = 0;
    for (index_t step = 1; step <= 100; ++step) {
      loss =
          compute(parameters, std::as_const(image).view(), std::as_const(target).view(), gradients);
      if (step == 1) before = loss;
      adam.apply<B>(k, {parameters.flat(),
                        gradients.flat(),
                        {first.flat(), second.flat()},
                        adam.initial_rate(),
                        step});
    }
    CHECK(loss < 0.5 * before);
  }
};

}  // namespace glia::test
