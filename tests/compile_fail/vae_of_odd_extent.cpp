// Four levels halve the image three times and the autoencoder once more: 120 is not a multiple of
// 16.
// EXPECT: VaeBranch: every extent must be a multiple of 2\^levels
#include "glia/backend/reference.hpp"
#include "glia/models/res_unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Branch = VaeBranch<128, 120, 128>;
#else
using Branch = VaeBranch<128, 112, 128>;
#endif
using Net = ResUNet<Reference<float>, Channels<4, 3>, Widths<32, 64, 128, 256>, Branch>;
Net::Saved saved;
