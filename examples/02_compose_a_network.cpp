// Lesson 2: policies choose what a level is made of; the compiler wires it and checks every channel
// count. Prints parameters, cost and memory of two networks without running them.
#include <cstdio>
#include <glia/glia.hpp>

using namespace glia;

// The paper's first network: instance norm, leaky ReLU, max pooling, trilinear upsampling are the
// defaults.
using Paper = UNet<Cpu<Float32>, Channels<4, 3>, Widths<30, 60, 120, 240, 320>>;

// The same recipe with other choices; policies come in any order.
using Mine = UNet<Cpu<Float32>, Channels<4, 3>, Widths<16, 32, 64, 128>, GroupNorm<8>, ReLU,
                  StridedConvolution, NearestUpsample, ConvBlocks<3>>;

template <Network Net>
void describe(const char* name) {
  const Context context{{.threads = 2}};
  const Shape image{1, 128, 128, 128, Net::in};
  // The network runs on a backend that only counts: there is no second description of it to keep up
  // to date.
  const RunPlan plan = plan_inference<Net>(context, image);
  std::printf("%s: %lld parameters, %.1f GFLOP and %.0f MiB for an image of 128x128x128\n", name,
              static_cast<long long>(count_parameters<typename Net::Parameters>()),
              plan.ledger.flops * 1e-9, static_cast<double>(plan.memory.bytes) / (1024.0 * 1024.0));
}

int main() {
  describe<Paper>("paper");
  describe<Mine>("mine");
}
