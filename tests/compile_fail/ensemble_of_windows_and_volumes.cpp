// One image cannot be a window for one member and a whole volume for another.
// EXPECT: Ensemble: some members read windows, others whole volumes
#include "glia/ensemble/ensemble.hpp"
#include "glia/infer/whole_volume.hpp"

using namespace glia;
void predict(View<const float>, View<float>);
using Whole = WholeVolume<decltype(predict)&>;
#ifdef GLIA_MISUSE
using Other = decltype(predict)&;
#else
using Other = Windowed<decltype(predict)&>;
#endif
constexpr bool whole = Ensemble<MeanOfProbabilities, Whole, Other>::whole_volumes;
