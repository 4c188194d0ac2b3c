// What is neither norm, activation, downsampling, upsampling nor block is no policy of a UNet.
// EXPECT: UNetPolicy
// EXPECT: Wrong
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
struct Wrong {
  static constexpr double dropout = 0.2;
};
#ifdef GLIA_MISUSE
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>, Wrong>;
#else
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>, ReLU>;
#endif
constexpr index_t divisor = Net::divisor;
