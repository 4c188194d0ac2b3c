// Max pooling is taken before the activation, so an activation must be monotone.
// EXPECT: LeakyReLU: a negative slope is not monotone
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Slope = std::ratio<-1, 100>;
#else
using Slope = std::ratio<1, 100>;
#endif
using Net = UNet<Reference<float>, Channels<4, 3>, Widths<32, 64>, LeakyReLU<Slope>>;
constexpr index_t divisor = Net::divisor;
