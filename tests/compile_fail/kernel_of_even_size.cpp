// A kernel without a centre has no padding that keeps the extent.
// EXPECT: Conv3d: the kernel must be odd, or 2 with a stride of 2
#include "glia/backend/reference.hpp"
#include "glia/layers/conv3d.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
constexpr index_t kernel = 2;
#else
constexpr index_t kernel = 3;
#endif
Conv3d<Reference<float>, 4, 8, kernel>::Parameters parameters;
constexpr ConvDescriptor descriptor = Conv3d<Reference<float>, 4, 8, kernel>::descriptor;
