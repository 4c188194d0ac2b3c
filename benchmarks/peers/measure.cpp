// Times one piece of work on glia's CPU backend and prints the median seconds of several runs.
//   bench_measure forward|backward IN OUT SIZE KERNEL STRIDE THREADS
//   bench_measure inference|training NETWORK SIZE BATCH THREADS
// compare.py runs it beside a peer; each work is a process of its own so that neither disturbs the
// other.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "glia/backend/cpu.hpp"
#include "glia/layers/conv3d.hpp"
#include "glia/losses/compound.hpp"
#include "glia/models/model.hpp"
#include "glia/models/unet.hpp"
#include "glia/optim/optimizer.hpp"
#include "glia/train/training_step.hpp"

namespace {

using namespace glia;
using B = Cpu<Float32>;

/// Repeats until five runs and two seconds have passed; prints the median and the peak of resident
/// memory.
template <class F>
void report(F&& work) {
  work();
  std::vector<double> seconds;
  double total = 0;
  while (seconds.size() < 5 || (total < 2 && seconds.size() < 200)) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    total += seconds.back();
  }
  std::ranges::nth_element(seconds,
                           seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"seconds\":%.9f,\"peak_mib\":%.1f}\n", seconds[seconds.size() / 2],
              static_cast<double>(usage.ru_maxrss) / 1024);
}

void fill(std::span<float> values, std::uint32_t stream) {
  Random random(1, stream);
  for (float& v : values) v = static_cast<float>(random.normal());
}

/// As networks have them: in the context's memory, with the backend's pitch.
Tensor<float> random_tensor(Context& k, Shape shape, std::uint32_t stream) {
  Tensor<float> tensor = make_tensor<B>(k, shape);
  const View<float> v = tensor.view();
  fill({v.data, static_cast<std::size_t>(shape.n * shape.voxels() * v.pitch)}, stream);
  return tensor;
}

void convolution(const std::string& direction, const ConvDescriptor& c, index_t size, Context& k) {
  const auto x = random_tensor(k, {1, size, size, size, c.in}, 1);
  const auto y = random_tensor(k, c.output(x.shape()), 2), dx = make_tensor<B>(k, x.shape());
  std::vector<float> w(static_cast<std::size_t>(c.in * c.out * c.taps()), 0.01F), dw(w.size()),
      b(static_cast<std::size_t>(c.out)), db(b.size());
  const Plain<float> in{x.view()}, g{y.view()};
  if (direction == "forward") {
    const Output<float> out{.y = y.view(), .bias = b.data()};
    const auto work = make_array<std::byte>(k, B::forward_workspace(k, c, in, out));
    report([&] { B::convolution(k, c, in, w.data(), out, work.data()); });
  } else {
    const Store<float> to{dx.view()};
    const auto work = make_array<std::byte>(k, B::backward_workspace(k, c, in, g, to));
    report([&] {
      B::convolution_backward(k, c, in, g, w.data(), to, dw.data(), db.data(), work.data());
    });
  }
}

template <Network Net>
void network(const std::string& mode, index_t size, index_t batch, Context& k) {
  const Shape shape{batch, size, size, size, Net::in};
  HostTensor<float> x(shape);
  fill(x.values(), 1);
  HostTensor<float> y(with_channels(shape, Net::out));
  Model<Net> model{k};
  if (mode == "inference") {
    report([&] { model(std::as_const(x).view(), y.view()); });
    return;
  }
  for (std::size_t i = 0; i < y.values().size(); ++i)
    y.values()[i] = x.values()[i / 3 * 4] > 0.5F ? 1.0F : 0.0F;
  GradientComputer<Net, DiceAndCrossEntropy> gradient{k, shape, {}};
  typename Model<Net>::Parameters grads, moment1, moment2;
  const Adam adam;
  index_t step = 0;
  report([&] {
    gradient(model.parameters(), std::as_const(x).view(), std::as_const(y).view(), grads);
    adam.apply<B>(k, {model.parameters().flat(),
                      grads.flat(),
                      {moment1.flat(), moment2.flat()},
                      adam.rate,
                      ++step});
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> a(argv + 1, argv + argc);
  const auto number = [&](std::size_t i) {
    return static_cast<index_t>(std::atoll(a.at(i).c_str()));
  };
  if (a.size() == 7) {
    Context k{{.threads = static_cast<int>(number(6))}};
    convolution(a[0], {number(1), number(2), number(4), number(5)}, number(3), k);
  } else if (a.size() == 5) {
    Context k{{.threads = static_cast<int>(number(4))}};
    if (a[1] == "unet")
      network<UNet<B, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>>(a[0], number(2), number(3),
                                                                      k);
    if (a[1] == "unet-small")
      network<UNet<B, Channels<4, 3>, Widths<16, 32, 64, 128, 160>>>(a[0], number(2), number(3), k);
  } else {
    std::fprintf(stderr, "usage: see the first lines of measure.cpp\n");
    return 2;
  }
}
