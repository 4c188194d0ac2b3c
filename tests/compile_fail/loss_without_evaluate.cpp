// A compound is made of losses.
// EXPECT: Loss
// EXPECT: evaluate
#include "glia/losses/compound.hpp"

using namespace glia;
struct Wrong {};
#ifdef GLIA_MISUSE
Compound<SoftDice, Wrong> loss;
#else
Compound<SoftDice, BinaryCrossEntropy> loss;
#endif
