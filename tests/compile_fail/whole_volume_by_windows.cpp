// A network of whole volumes would be shown pieces, each squeezed to its grid.
// EXPECT: sliding_window: this predictor wants whole volumes
#include "glia/infer/whole_volume.hpp"

using namespace glia;
void predict(View<const float>, View<float>);
#ifdef GLIA_MISUSE
using Chosen = WholeVolume<decltype(predict)&>;
#else
using Chosen = decltype(predict)&;
#endif
void run(Chosen predictor, View<const float> image) {
  sliding_window(predictor, image, {.window = {8, 8, 8}}, [](index_t, View<const float>) {});
}
