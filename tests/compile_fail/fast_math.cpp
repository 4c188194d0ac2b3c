// Under -ffast-math a compiler may take every check for NaN away.
// EXPECT: -ffast-math and -ffinite-math-only break
#ifdef GLIA_MISUSE
#define __FAST_MATH__ 1  // as the option does
#endif
#include "glia/tensor/view.hpp"

constexpr glia::index_t voxels = glia::Shape{1, 2, 3, 4, 1}.voxels();
