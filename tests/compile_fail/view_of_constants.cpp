// A view of constants does not turn back into a view that may write.
// EXPECT: View<float>
#include "glia/tensor/view.hpp"

void take([[maybe_unused]] glia::View<const float> input) {
#ifdef GLIA_MISUSE
  glia::View<float> output = input;
#endif
}
