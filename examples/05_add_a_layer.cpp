// Lesson 5: a layer of one's own, a dense block (Huang et al. 2017): its second convolution sees
// what the first one saw as well. Checks its gradient, prints what it costs, and trains it.
#include <cmath>
#include <cstdio>
#include <glia/backend/reference.hpp>
#include <glia/glia.hpp>
#include <numeric>

using namespace glia;

/// A layer is a struct of static functions; its state is in two plain structs: Parameters, whose
/// `fields` names what is trained and saved, and Saved, what backward needs. Its output and the
/// gradient of that are the second convolution's, so the functions for them are inherited.
template <Backend B, index_t In, index_t Mid, index_t Out, NormPolicy N, ActivationPolicy A>
struct DenseStage : ConvBlock<B, Mid + In, Out, N, A> {
  using First = ConvBlock<B, In, Mid, N, A>;
  using Second = ConvBlock<B, Mid + In, Out, N, A>;
  using T = typename B::Scalar;
  using ToBoth = Split<ActivatedGradient<T, typename B::Real>, Store<T>>;
  static constexpr index_t in = In;

  struct Parameters {
    typename First::Parameters first;
    typename Second::Parameters second;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("first", p.first...);
      f("second", p.second...);
    }
  };
  struct Saved : Second::Saved {
    typename First::Saved first;
  };

  /// Both tensors as one, without copying either: a wire describes what the next kernel will read.
  static auto joined(const auto& x, const Saved& s) { return concat(First::output(s.first), x); }

  template <Mode M, CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s, bool pool = false) {
    First::template forward<M>(k, p.first, x, s.first);
    Second::template forward<M>(k, p.second, joined(x, s), s, pool);
    if constexpr (M == Mode::inference) s.first = {};
  }
  /// Two convolutions read x, so the gradient of x has two parts: the second adds to the first.
  template <CarriesChannels<In> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Gradient<T>& g,
                       const Y& grad_x, Parameters& grads) {
    auto between = First::make_gradient(k, s.first);
    const auto sum = make_tensor<B>(k, x.source.shape());
    Second::backward(k, p.second, s, joined(x, s), g,
                     ToBoth{First::sink(s.first, between), {sum.view()}}, grads.second);
    First::backward(k, p.first, s.first, x, between, Store<T>{sum.view(), true}, grads.first);
    if constexpr (Sink<Y>) store<B>(k, Plain<T>{sum.view()}, grad_x);
  }
};

/// The policy that puts the layer into networks.
struct DenseBlocks {
  using is_block_policy = void;
  template <Backend B, index_t In, index_t Mid, index_t Out, NormPolicy N, ActivationPolicy A,
            index_t Stride>
  requires(Stride == 1) using Stage = DenseStage<B, In, Mid, Out, N, A>;
};

/// Relative difference between two slopes of the loss along a random direction of the parameters:
/// by backward, and by central differences. In double, on a backend of naive loops.
double gradient_error() {
  using Net = UNet<Reference<double>, Channels<2, 3>, Widths<2, 3>, DenseBlocks>;
  Context k;
  ParameterSet<Net::Parameters, double> parameters, direction, gradients;
  const auto p = parameters.flat(), d = direction.flat(), g = gradients.flat();
  HostTensor<double> image({1, 4, 4, 4, Net::in});
  const HostTensor<float> target({1, 4, 4, 4, Net::out});
  parameters.initialise(1);
  Random random{2};
  for (double& value : image.values()) value = random.normal();
  for (double& value : d) value = random.normal();
  LossBuffers buffers;
  const auto loss_after = [&](double step) {
    for (std::size_t i = 0; i < d.size(); ++i) p[i] += step * d[i];
    return accumulate_gradients<Net>(k, parameters.fields(), image.view(), target.view(),
                                     DiceAndCrossEntropy{}, buffers, gradients.fields());
  };
  const double above = loss_after(1e-6), below = loss_after(-2e-6);
  const double slope = std::inner_product(g.begin(), g.end(), d.begin(), 0.0) / 2;  // both added up
  return std::abs(2e-6 * slope / (above - below) - 1);
}

int main() try {
  // Is backward the derivative of forward?
  const double error = gradient_error();
  std::printf("gradient: %.1e from central differences\n", error);
  if (error > 1e-6) return 1;

  // What does it cost? The network runs on a backend that counts.
  using Net = UNet<Cpu<Float32>, Channels<4, 3>, Widths<8, 16, 32>, DenseBlocks>;
  Context context{{.seed = 42}};
  std::printf("%.1f GFLOP for an image of 128x128x128\n",
              plan_inference<Net>(context, {1, 128, 128, 128, Net::in}).ledger.flops * 1e-9);

  // Does it learn?
  Model<Net> model{context};
  const PhantomCase phantom = make_phantom({.extent = {40, 48, 48}}, 1, 0);
  Trainer<Net> trainer{model,
                       {.epochs = 3, .steps_per_epoch = 10, .loader = {.patch = {32, 32, 32}}}};
  trainer.fit({prepare({.id = phantom.id, .images = phantom.images, .labels = phantom.labels})});
  for (const EpochRecord& r : trainer.history()) std::printf("loss %.3f\n", r.loss);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
