// Eight groups cannot share the 30 channels of a level: the message shows both numbers.
// EXPECT: the channel count must be a multiple of the groups
// EXPECT: 30
// EXPECT: GroupNorm<8
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<30, 64>, GroupNorm<8>>;
#else
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>, GroupNorm<8>>;
#endif
Net::Saved saved;
