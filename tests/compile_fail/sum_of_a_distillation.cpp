// The training step asks the outermost loss for its temperature, which a sum does not have.
// EXPECT: Compound: a distillation loss takes the sum as its task
#include "glia/losses/distillation.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
Compound<Distillation<SoftDice>, BinaryCrossEntropy> loss;
#else
Distillation<Compound<SoftDice, BinaryCrossEntropy>> loss;
#endif
