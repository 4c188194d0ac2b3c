// Scores are read voxel by voxel, for which backends have room for few channels.
// EXPECT: CascadedUNet: at most 8 regions and 8 classes
#include "glia/backend/reference.hpp"
#include "glia/models/cascaded_unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Image = Channels<4, 12>;
#else
using Image = Channels<4, 8>;
#endif
using Net = CascadedUNet<Reference<float>, Image, BaseWidth<1>>;
Net::Saved saved;
