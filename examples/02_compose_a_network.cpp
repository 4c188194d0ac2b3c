// Lesson 2: policies choose what a level is made of; the compiler wires it and checks every channel
// count. Prints parameters, cost and memory of some networks without running them.
#include <cstdio>
#include <glia/glia.hpp>

using namespace glia;

using Image = Channels<4, 3>;

// The paper's first network. What is not named is as Isensee et al. 2018 have it: InstanceNorm<>,
// LeakyReLU<>, MaxPool, TrilinearUpsample, ConvBlocks<2>.
using Published = UNet<Cpu<Float32>, Image, Widths<30, 60, 120, 240, 320>>;

// Other widths, norm, activation, ways down and up, and three convolutions a level. Policies come
// in any order; two of one kind, or one that a UNet has no use for, do not compile.
using Chosen = UNet<Cpu<Float32>, Image, Widths<16, 32, 64, 128>, GroupNorm<8>, ReLU,
                    StridedConvolution, NearestUpsample, ConvBlocks<3>>;

// A policy is any struct with the members that its concept asks for: NormPolicy wants to know how
// many groups of channels are normalised together. One group is layer norm. The paper's widths of
// 30 could not take GroupNorm<8>, and the compiler would say so.
struct LayerNorm {
  static constexpr double epsilon = 1e-5;
  static constexpr index_t groups(index_t) { return 1; }
};
using Own = UNet<Cpu<Float32>, Image, Widths<30, 60, 120, 240, 320>, LayerNorm>;

// Other families have policies of their own and share those for norm, activation and upsampling:
// MONAI's SegResNet of 16 filters and the published student of Lachinov et al. 2019.
using SegResNet = ResUNet<Cpu<Float32>, Image, Widths<16, 32, 64, 128>, EncoderBlocks<1, 2, 2, 4>,
                          GroupNorm<8>, ReLU, TrilinearUpsample, NormalisedHead, NoDropout>;
using Student = LachinovResUNet<Cpu<Float32>, Image, Widths<16, 32, 64, 128>>;

template <Network Net>
void describe(const char* name) {
  const Context context{{.threads = 2}};
  const Shape image{1, 128, 128, 128, Net::in};
  // The network runs on a backend that only counts: there is no second description of it to keep up
  // to date.
  const RunPlan plan = plan_inference<Net>(context, image);
  std::printf("%-10s %9lld parameters, %7.1f GFLOP and %4.0f MiB for an image of 128x128x128\n",
              name, static_cast<long long>(count_parameters<typename Net::Parameters>()),
              plan.ledger.flops * 1e-9, static_cast<double>(plan.memory.bytes) / (1024.0 * 1024.0));
}

int main() try {
  describe<Published>("published");
  describe<Chosen>("chosen");
  describe<Own>("own");
  describe<SegResNet>("SegResNet");
  describe<Student>("student");
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
