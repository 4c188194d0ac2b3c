// Three counts for four levels: the message says which policy must match what.
// EXPECT: ResUNet: EncoderBlocks must name as many counts as there are widths
#include "glia/backend/reference.hpp"
#include "glia/models/res_unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Counts = EncoderBlocks<1, 2, 4>;
#else
using Counts = EncoderBlocks<1, 2, 2, 4>;
#endif
using Net = ResUNet<Reference<float>, Channels<4, 3>, Widths<32, 64, 128, 256>, Counts>;
Net::Saved saved;
