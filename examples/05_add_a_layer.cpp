// Lesson 5: a layer of one's own. A network's levels can be made of anything that has the interface
// of a block; here of dense blocks (Huang et al. 2017), whose second convolution sees what the
// first one saw as well. Checks its gradient, prints what it costs, and trains it.
//   05_add_a_layer [STEPS]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <glia/backend/reference.hpp>
#include <glia/glia.hpp>
#include <numeric>

using namespace glia;

/// A layer is a struct of static functions. State is in two plain structs: Parameters, whose
/// `fields` names what is trained, saved and initialised, and Saved, what backward needs.
template <Backend B, index_t In, index_t Mid, index_t Out, NormPolicy Norm,
          ActivationPolicy Activation>
struct DenseStage {
  using T = typename B::Scalar;
  using First = ConvBlock<B, In, Mid, Norm, Activation>;
  using Second = ConvBlock<B, Mid + In, Out, Norm, Activation>;
  using ToBoth = Split<ActivatedGradient<T, typename B::Real>, Store<T>>;

  struct Parameters {
    typename First::Parameters first;
    typename Second::Parameters second;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("first", p.first...);
      f("second", p.second...);
    }
  };
  struct Saved {
    typename First::Saved first;
    typename Second::Saved second;
  };

  /// Both tensors as one, without copying either: a wire describes what the next kernel will read.
  template <class X>
  static auto joined(const X& x, const Saved& s) {
    return concat(First::output(s.first), x);
  }

  template <Mode M, CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s, bool pool = false) {
    First::template forward<M>(k, p.first, x, s.first);
    Second::template forward<M>(k, p.second, joined(x, s), s.second, pool);
    if constexpr (M == Mode::inference) s.first = {};
  }
  static auto output(const Saved& s) { return Second::output(s.second); }
  static auto pooled_output(const Saved& s) { return Second::pooled_output(s.second); }

  static auto make_gradient(Context& k, const Saved& s) {
    return Second::make_gradient(k, s.second);
  }
  static auto sink(const Saved& s, Gradient<T>& g) { return Second::sink(s.second, g); }
  static auto pooled_sink(const Saved& s, Gradient<T>& g) {
    return Second::pooled_sink(s.second, g);
  }
  /// Two convolutions read x, so the gradient of x has two parts: the second adds to the first.
  template <CarriesChannels<In> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Gradient<T>& g,
                       const Y& grad_x, Parameters& grads) {
    auto between = First::make_gradient(k, s.first);
    const auto sum = make_tensor<B>(k, x.source.shape());
    Second::backward(k, p.second, s.second, joined(x, s), g,
                     ToBoth{First::sink(s.first, between), {sum.view()}}, grads.second);
    First::backward(k, p.first, s.first, x, between, Store<T>{sum.view(), true}, grads.first);
    if constexpr (Sink<Y>) store<B>(k, Plain<T>{sum.view()}, grad_x);
  }
};

/// The policy that puts the layer into networks.
struct DenseBlocks {
  using is_block_policy = void;
  template <Backend B, index_t In, index_t Mid, index_t Out, NormPolicy Norm,
            ActivationPolicy Activation, index_t Stride>
  requires(Stride == 1) using Stage = DenseStage<B, In, Mid, Out, Norm, Activation>;
};

/// Relative difference between two derivatives of L = <weights, logits> along a random direction of
/// the parameters: by backward, and by central differences. In double, on the backend of naive
/// loops.
template <Network Net>
double gradient_error() {
  Context context{{.threads = 1}};
  ParameterSet<typename Net::Parameters, double> parameters, gradient;
  parameters.initialise(1);
  HostTensor<double> image({1, 4, 4, 4, Net::in}), logits({1, 4, 4, 4, Net::out});
  std::vector<double> weights(logits.values().size()), direction(parameters.flat().size());
  Random random{2};
  for (auto* values : {&image.values(), &weights, &direction})
    for (double& value : *values) value = random.normal();
  const auto dot = [](const auto& a, const auto& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };

  const View<const double> x = image.view();
  typename Net::Saved saved;
  const auto loss_at = [&](double step) {
    for (std::size_t i = 0; i < direction.size(); ++i) parameters.flat()[i] += step * direction[i];
    Net::template forward<Mode::training>(context, parameters.fields(), x, logits.view(), saved);
    return dot(weights, logits.values());
  };
  loss_at(0);
  const View<const double> grad{weights.data(), logits.shape(), Net::out};
  Net::backward(context, parameters.fields(), saved, x, Plain<double>{grad}, gradient.fields());
  const double above = loss_at(1e-6), below = loss_at(-2e-6), numeric = (above - below) / 2e-6;
  return std::abs(dot(gradient.flat(), direction) / numeric - 1);
}

template <Network Net>
void describe(const char* name) {
  const RunPlan plan = plan_inference<Net>(Context{}, {1, 128, 128, 128, Net::in});
  std::printf("%-6s %lld parameters, %.1f GFLOP for an image of 128x128x128\n", name,
              static_cast<long long>(count_parameters<typename Net::Parameters>()),
              plan.ledger.flops * 1e-9);
}

int main(int argc, char** argv) try {
  const index_t steps = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 100;
  if (argc > 2 || steps < 1) {
    std::fprintf(stderr, "usage: 05_add_a_layer [STEPS]\n");
    return 2;
  }
  using Small = UNet<Reference<double>, Channels<2, 3>, Widths<2, 3>, DenseBlocks>;
  using Usual = UNet<Cpu<Float32>, Channels<4, 3>, Widths<8, 16, 32>>;
  using Dense = UNet<Cpu<Float32>, Channels<4, 3>, Widths<8, 16, 32>, DenseBlocks>;

  // 1. Is backward the derivative of forward?
  const double error = gradient_error<Small>();
  std::printf("gradient: %.1e from central differences\n", error);
  if (error > 1e-6) return 1;

  // 2. What does it cost? The network runs on a backend that counts.
  describe<Usual>("usual");
  describe<Dense>("dense");

  // 3. Does it learn?
  Context context{{.seed = 42}};
  Model<Dense> model{context};
  const PhantomCase phantom = make_phantom({.extent = {40, 48, 48}}, 1, 0);
  TrainerOptions options;
  options.epochs = 1;
  options.steps_per_epoch = steps;
  options.loader.patch = {32, 32, 32};
  TrainingEvents events;
  events.step = [](const StepEvent& e) {
    if (e.step % 10 == 0)
      std::printf("step %3lld  loss %.3f\n", static_cast<long long>(e.step), e.loss);
  };
  const Adam adam{.rate = 2e-3};
  Trainer trainer{model, options, DiceAndCrossEntropy{}, adam, ConstantRate{}, events};
  trainer.fit({prepare({.id = phantom.id, .images = phantom.images, .labels = phantom.labels})});
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
