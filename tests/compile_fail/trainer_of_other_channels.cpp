// Cases have four modalities and three regions; a network of others has nothing to learn from.
// EXPECT: use Channels<4, 3>
#include "glia/backend/reference.hpp"
#include "glia/models/unet.hpp"
#include "glia/train/trainer.hpp"

using namespace glia;
#ifdef GLIA_MISUSE
using Shown = Channels<4, 4>;
#else
using Shown = Channels<4, 3>;
#endif
using Net = UNet<Reference<float>, Shown, Widths<8, 16>>;
index_t step(const Trainer<Net, DiceAndCrossEntropy, Adam>& trainer) { return trainer.step(); }
