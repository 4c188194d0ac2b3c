// Classes are given for two regions, the network has three.
// EXPECT: the scores must name as many regions as there are
// EXPECT: SoftmaxClasses<4
#include "glia/backend/reference.hpp"
#include "glia/models/cascaded_unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Scores = SoftmaxClasses<4, ClassSet<1, 2, 3>, ClassSet<1, 3>>;
#else
using Scores = SoftmaxClasses<4, ClassSet<1, 2, 3>, ClassSet<1, 3>, ClassSet<3>>;
#endif
using Net = CascadedUNet<Reference<float>, Channels<4, 3>, BaseWidth<1>, Scores>;
Net::Saved saved;
