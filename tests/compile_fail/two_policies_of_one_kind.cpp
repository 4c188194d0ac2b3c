// Two activations: one of them would be ignored.
// EXPECT: UNet: two policies of one kind
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>, ReLU, LeakyReLU<>>;
#else
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>, ReLU, GroupNorm<8>>;
#endif
constexpr index_t divisor = Net::divisor;
