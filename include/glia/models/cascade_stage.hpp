#pragma once

#include "glia/models/cascade_level.hpp"
#include "glia/source/averaged.hpp"

namespace glia::detail {

/// Stage S of a cascade after the coarser ones: a U on the image averaged to its resolution, and a
/// 1x1x1 convolution with bias to scores. The finest stage is last and reads the image itself.
template <class R, index_t S>
struct CascadeStage {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  using Real = typename B::Real;
  using Coarser = CascadeStage<R, S - 1>;
  using Trunk = CascadeLevel<R, S, 0>;
  using Head = Conv3d<B, Trunk::out, R::classes, 1, 1, true, typename R::Start>;
  using Stages = CascadeContext<R>;
  static constexpr index_t factor = index_t{1} << (R::stages - 1 - S);
  static constexpr double weight = R::Weights::template of<R::stages>(S);
  static constexpr std::size_t index = static_cast<std::size_t>(S);

  struct Parameters {
    typename Coarser::Parameters coarser;
    typename Trunk::Parameters trunk;
    typename Head::Parameters head;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("", p.coarser...);
      f("stage." + std::to_string(S), p.trunk...);
      f("stage." + std::to_string(S) + ".head", p.head...);
    }
  };
  struct Saved {
    typename Coarser::Saved coarser;
    Tensor<T> image;
    typename Trunk::Saved trunk;
    Tensor<T> scores, grad;  // grad: dL/dscores, from the stage's loss and from finer stages
  };

  /// Fills `stages.scores`.
  template <Mode M>
  static void forward(Context& k, const Parameters& p, View<const T> image, Stages& stages,
                      Saved& s) {
    Coarser::template forward<M>(k, p.coarser, image, stages, s.coarser);
    if constexpr (factor > 1) {
      const Averaged<T> coarse{image, factor};
      s.image = make_tensor<B>(k, coarse.shape());
      store<B>(k, coarse, Store<T>{s.image.view()});
    }
    Trunk::template forward<M>(k, p.trunk, modalities(seen(s, image)), stages, s.trunk);
    s.scores = make_tensor<B>(k, with_channels(seen(s, image).shape, R::classes));
    Head::forward(k, p.head, Trunk::output(s.trunk), {.y = s.scores.view()});
    stages.scores[index] = s.scores.view();
    if constexpr (M == Mode::inference) {
      s.trunk = {};
      s.image = {};
    }
  }

  /// Gradients of all scores, zero if the stage has had none yet.
  static void make_gradients(Context& k, Stages& stages, Saved& s) {
    Coarser::make_gradients(k, stages, s.coarser);
    if (s.grad.shape() != s.scores.shape()) {
      s.grad = make_tensor<B>(k, s.scores.shape());
      const View<T> g = s.grad.view();
      B::fill(k, g.data, g.shape.n * g.shape.voxels() * g.pitch, T(0));
    }
    stages.scores[index] = s.scores.view();
    stages.grads[index] = s.grad.view();
  }

  /// The losses of this stage and the coarser ones against targets averaged as the image is, soft
  /// labels. Their gradients are added to `stages.grads`.
  template <class D>
  static double losses(Context& k, const Stages& stages, View<const float> target,
                       const D& differentiate) {
    double sum = Coarser::losses(k, stages, target, differentiate);
    const Averaged<float> coarse{target, factor, true};
    const auto labels = make_array<float>(k, coarse.shape().elements());
    const View<float> soft{labels.data(), coarse.shape(), coarse.shape().c};
    store<B>(k, coarse, Store<float>{soft});
    const auto grad = make_tensor<B>(k, with_channels(coarse.shape(), R::out));
    store<B>(k, R::Scores::logits(stages.scores[index]), Store<T>{grad.view()});
    sum += weight * differentiate(grad.view(), soft);
    // An activation of slope 1 leaves the scaling alone.
    const index_t count = coarse.shape().n * R::out;
    const auto factors = make_array<Real>(k, 2 * count);
    B::fill(k, factors.data(), count, static_cast<Real>(weight));
    B::fill(k, factors.data() + count, count, Real(0));
    add_gradient(k, stages,
                 Activated<T, Real>{grad.view(), factors.data(), factors.data() + count, Real(1)});
    return sum;
  }

  /// Adds dL/dlogits of this stage, turned into dL/dscores.
  template <Source G>
  static void add_gradient(Context& k, const Stages& stages, const G& grad) {
    store<B>(k, grad, R::Scores::sink(stages.scores[index], stages.grads[index]));
  }

  /// Finest first, because each stage sends gradients to the coarser ones. Consumes `s`.
  template <class Y>
  static void backward(Context& k, const Parameters& p, View<const T> image, const Stages& stages,
                       Saved& s, const Y& grad_x, Parameters& grads) {
    auto g = Trunk::make_gradient(k, s.trunk);
    Head::backward(k, p.head, Trunk::output(s.trunk), Plain<T>{s.grad.view()},
                   Trunk::sink(s.trunk, g), grads.head);
    Trunk::backward(
        k, p.trunk, s.trunk, modalities(seen(s, image)), stages, g,
        [&](std::size_t modality) { return image_sink(grad_x, static_cast<index_t>(modality)); },
        grads.trunk);
    s.image = {};
    s.scores = {};
    s.grad = {};
    Coarser::backward(k, p.coarser, image, stages, s.coarser, grad_x, grads.coarser);
  }

 private:
  static View<const T> seen(const Saved& s, View<const T> image) {
    if constexpr (factor > 1) return s.image.view();
    return image;
  }
  static auto modalities(View<const T> image) {
    return [image](std::size_t modality) {
      return make_wire<1>(Plain<T>{slice(image, static_cast<index_t>(modality), 1)});
    };
  }
  static NoGradient image_sink(NoGradient, index_t) { return {}; }
  static auto image_sink(const Store<T>& y, index_t modality) {
    if constexpr (factor > 1) {
      return AveragedGradient<T>{slice(y.y, modality, 1), factor, true};
    } else {
      return slice(y, modality, 1);
    }
  }
};

/// Before the coarsest stage there is nothing.
template <class R>
struct CascadeStage<R, -1> {
  using T = typename R::Engine::Scalar;
  struct Parameters {
    template <class F, class... P>
    static void fields(F&&, P&...) {}
  };
  struct Saved {};

  template <Mode M>
  static void forward(Context&, const Parameters&, View<const T>, CascadeContext<R>&, Saved&) {}
  static void make_gradients(Context&, CascadeContext<R>&, Saved&) {}
  template <class D>
  static double losses(Context&, const CascadeContext<R>&, View<const float>, const D&) {
    return 0;
  }
  template <class Y>
  static void backward(Context&, const Parameters&, View<const T>, const CascadeContext<R>&, Saved&,
                       const Y&, Parameters&) {}
};

}  // namespace glia::detail
