#pragma once

#include <doctest/doctest.h>

#include "glia/losses/compound.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/train/training_step.hpp"
#include "golden/golden_file.hpp"
#include "support/backends.hpp"

namespace glia::test {

/// One parameter behind a type that does not depend on it: what is written in a visitor is compiled
/// once per shape of parameter, and networks have dozens.
template <class R>
struct Leaf {
  std::string name;
  std::span<R> values;
  std::span<const index_t> dims;
};
template <class P, class R>
std::vector<Leaf<R>> leaves(ParameterSet<P, R>& set) {
  std::vector<Leaf<R>> result;
  visit_parameters(
      [&](const std::string& name, const auto& leaf) {
        using L = std::remove_cvref_t<decltype(leaf)>;
        result.push_back({name, {leaf.data, static_cast<std::size_t>(L::size)}, L::dims});
      },
      "", set.fields());
  return result;
}

/// A network whose weights, image and results come from a golden file.
template <class Net, class L = DiceAndCrossEntropy>
class GoldenNetwork {
 public:
  using B = typename Net::Engine;
  using T = typename B::Scalar;
  using R = typename B::Real;
  using Set = ParameterSet<typename Net::Parameters, R>;

  explicit GoldenNetwork(const std::string& name, L loss = {})
      : file_(name),
        loss_(loss),
        image_(test::upload<B>(k_, file_.tensor("image"))),
        target_(file_.tensor<float>("target")) {
    logits_ = test::filled<B>(k_, with_channels(image_.shape(), Net::out), 99);
    gradient_ = test::filled<B>(k_, logits_.shape(), 99);
  }

  void check_names_and_dims() {
    for (const Leaf<R>& leaf : leaves(parameters_)) {
      CAPTURE(leaf.name);
      const auto& dims = file_.dims("initial." + leaf.name);
      CHECK(std::equal(dims.begin(), dims.end(), leaf.dims.begin(), leaf.dims.end()));
    }
  }

  void check_gradients() {
    load();
    const auto grad_image = test::filled<B>(k_, image_.shape(), 99);
    const double loss = step(Store<T>{grad_image.view()});
    CHECK(test::relative_error(test::download(logits_.view()), file_.values("logits")) < tolerance);
    CHECK(loss == doctest::Approx(file_.values("loss")[0]).epsilon(tolerance));
    CHECK(test::relative_error(test::download(grad_image.view()), file_.values("gradient.image")) <
          tolerance);
    check("gradient.", gradients_);
  }

  template <class O>
  void check_three_steps(const std::string& name, const O& optimizer) {
    CAPTURE(name);
    load();
    Set first, second;
    for (index_t number = 1; number <= 3; ++number) {
      step(NoGradient{});
      optimizer.template apply<B>(k_, {parameters_.flat(),
                                       gradients_.flat(),
                                       {first.flat(), second.flat()},
                                       optimizer.initial_rate(),
                                       number});
    }
    check(name + ".", parameters_);
  }

 private:
  /// Error of a tensor: |a - b| / max(|b|, 1 % of the norm of the whole set); the gradient of a
  /// bias before a norm is zero but for rounding. Float storage of the files allows 1e-7.
  static constexpr double tolerance = sizeof(R) == 8 ? 1e-6 : 1e-5;

  void load() {
    for (const Leaf<R>& leaf : leaves(parameters_)) {
      const auto from = file_.values("initial." + leaf.name);
      std::copy(from.begin(), from.end(), leaf.values.begin());
    }
  }

  /// One forward and backward pass; returns the loss.
  template <class Y>
  double step(const Y& grad_image) {
    std::fill(gradients_.flat().begin(), gradients_.flat().end(), R(0));
    k_.begin_step(0);
    typename Net::Saved saved;
    Net::template forward<Mode::training>(k_, parameters_.fields(), image_.view(), logits_.view(),
                                          saved);
    test::store<B>(k_, Plain<T>{logits_.view()}, Store<T>{gradient_.view()});
    LossBuffers buffers;
    const Differentiate<B, L> differentiate{k_, loss_, buffers};
    const auto target = std::as_const(target_).view();
    double loss = differentiate(gradient_.view(), target);
    if constexpr (HasAuxiliaryLoss<Net, L>) {
      loss += Net::auxiliary_loss(k_, parameters_.fields(), saved, image_.view(), target,
                                  differentiate);
    }
    Net::backward(k_, parameters_.fields(), saved, image_.view(), Plain<T>{gradient_.view()},
                  gradients_.fields(), grad_image);
    return loss;
  }

  void check(const std::string& prefix, Set& set) {
    const double whole = std::sqrt(test::dot(set.flat(), set.flat()));
    for (const Leaf<R>& leaf : leaves(set)) {
      CAPTURE(leaf.name);
      const auto expected = file_.values(prefix + leaf.name);
      const double norm = std::sqrt(test::dot(expected, expected));
      const double error = test::relative_error(leaf.values, expected) * (norm > 0 ? norm : 1);
      CHECK(error < tolerance * (std::max)(norm, 0.01 * whole));
    }
  }

  GoldenFile file_;
  L loss_;
  Context k_{{.threads = 2}};
  Tensor<T> image_, logits_, gradient_;
  HostTensor<float> target_;
  Set parameters_, gradients_;
};

}  // namespace glia::test
