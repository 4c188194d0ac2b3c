#pragma once

#include "glia/backend/counting.hpp"
#include "glia/models/network.hpp"
#include "glia/tensor/arena.hpp"

namespace glia {

/// What one run of a network needs: where its tensors lie and what it costs.
struct RunPlan {
  MemoryPlan memory;
  Ledger ledger;
};

/// Runs `body(context)` on a counting arena. The body must make the very calls that the real run
/// will make, with `Counting<B>` for B and null views.
template <class Body>
[[nodiscard]] RunPlan plan_run(const Context& like, Body&& body) {
  Context context{{.threads = like.threads(), .seed = like.seed(), .log = {}}};
  Arena arena{Arena::Kind::counting};
  const ArenaScope scope{context, arena};
  body(context);
  return {plan_memory(arena.log()), context.ledger()};
}

/// The plan of one forward pass without gradients over images [N, D, H, W, In]. Throws UsageError
/// if an extent does not fit.
template <Network Net>
[[nodiscard]] RunPlan plan_inference(const Context& like, Shape image) {
  using B = typename Net::Engine;
  using Counted = typename Net::template On<Counting<B>>;
  require_extents<Net>(image);
  return plan_run(like, [&](Context& k) {
    ParameterSet<typename Counted::Parameters, typename B::Real> parameters(false);
    typename Counted::Saved saved;
    const Shape logits = with_channels(image, Net::out);
    const auto result = make_tensor<Counting<B>>(k, logits);
    Counted::template forward<Mode::inference>(k, parameters.fields(), {nullptr, image, image.c},
                                               result.view(), saved);
    Counting<B>::probabilities(k, result.view(), {nullptr, logits, logits.c});
  });
}

}  // namespace glia
