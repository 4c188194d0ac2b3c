// A backend that lacks an operation is refused with the group of operations that is missing.
// EXPECT: ConvolutionOps
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
struct Mine : Reference<float> {
#ifdef GLIA_MISUSE
  static void convolution();
#endif
};
using Net = UNet<Mine, Channels<4, 3>, Widths<32, 64>>;
constexpr index_t divisor = Net::divisor;
