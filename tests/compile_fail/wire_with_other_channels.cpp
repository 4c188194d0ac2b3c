// A convolution of 4 channels is not fed by a wire of 3: the message shows both numbers.
// EXPECT: CarriesChannels
// EXPECT: Expected = 4|3 == 4
// EXPECT: Wire<3
#include "glia/backend/reference.hpp"
#include "glia/layers/conv3d.hpp"

using namespace glia;
using Layer = Conv3d<Reference<float>, 4, 8>;

void forward(Context& context, const Layer::Parameters& parameters, View<const float> image,
             View<float> y) {
#ifdef GLIA_MISUSE
  constexpr index_t channels = 3;
#else
  constexpr index_t channels = 4;
#endif
  Layer::forward(context, parameters, make_wire<channels>(Plain<float>{image}), {.y = y});
}
