// Max pooling has no place in a network that goes down by strided convolutions: the message shows
// the constraint that it fails.
// EXPECT: ResUNetPolicy
// EXPECT: MaxPool
#include "glia/backend/reference.hpp"
#include "glia/models/res_unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Choice = MaxPool;
#else
using Choice = NearestUpsample;
#endif
using Net = ResUNet<Reference<float>, Channels<4, 3>, Widths<32, 64, 128, 256>, Choice>;
Net::Saved saved;
