// Images are float; networks in double serve checks and have no Model.
// EXPECT: Model: images are float
#include "glia/backend/reference.hpp"
#include "glia/models/model.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Real = double;
#else
using Real = float;
#endif
using Net = UNet<Reference<Real>, Channels<4, 3>, Widths<8, 16>>;
index_t divisor(const Model<Net>& model) { return model.divisor(); }
