// A UNet has at least one level above its bottleneck.
// EXPECT: UNet: at least two widths are needed
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32>>;
#else
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>>;
#endif
constexpr index_t divisor = Net::divisor;
