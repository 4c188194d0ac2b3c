#pragma once

#include <ratio>

#include "glia/models/select.hpp"
#include "glia/tensor/shape.hpp"

namespace glia {

/// What the divergence of the latents is divided by: the voxels of the image (Myronenko 2018), or
/// the latents, some 30 thousand times as strong.
struct DivergencePerVoxel {
  static constexpr index_t divisor(index_t voxels, index_t) { return voxels; }
};
struct DivergencePerLatent {
  static constexpr index_t divisor(index_t, index_t latents) { return latents; }
};

/// Whether the branch has a decoder of its own (Myronenko 2018) or uses the weights of the
/// network's (MONAI).
struct OwnDecoder {
  static constexpr bool shared = false;
};
struct SharedDecoder {
  static constexpr bool shared = true;
};

/// Latents of a sample.
template <index_t Count>
struct Latents {
  static_assert(Count > 0, "Latents: at least one is needed");
  static constexpr index_t count = Count;
};

/// What the mean squared error and the divergence are multiplied by.
template <class Reconstruction, class Divergence>
struct VaeWeights {
  static constexpr double reconstruction =
      static_cast<double>(Reconstruction::num) / static_cast<double>(Reconstruction::den);
  static constexpr double divergence =
      static_cast<double>(Divergence::num) / static_cast<double>(Divergence::den);
};

namespace detail {
template <class P>
    struct IsDivergenceScale : std::bool_constant < requires {
  P::divisor(index_t{}, index_t{});
} > {};
template <class P>
    struct IsVaeDecoder : std::bool_constant < requires {
  P::shared;
} > {};
template <class P>
    struct IsLatents : std::bool_constant < requires {
  P::count;
} > {};
template <class P>
    struct IsVaeWeights : std::bool_constant < requires {
  P::reconstruction;
} > {};
}  // namespace detail

/// What can be chosen about a VaeBranch beside the extent.
template <class P>
concept VaePolicy = detail::IsDivergenceScale<P>::value || detail::IsVaeDecoder<P>::value ||
    detail::IsLatents<P>::value || detail::IsVaeWeights<P>::value;

/// The variational autoencoder that regularises a ResUNet (Myronenko 2018): from the bottleneck it
/// draws latents and rebuilds the image. It lives in training only and adds to the loss the mean
/// squared error and the latents' divergence from the standard normal distribution.
///
/// Its dense layers fix the extent of the training patches: D planes, H rows, W columns. Policies
/// in any order replace Latents<128>, OwnDecoder, DivergencePerVoxel, VaeWeights<1/10, 1/10>.
template <index_t D, index_t H, index_t W, VaePolicy... Policies>
struct VaeBranch {
  static_assert(detail::at_most_one<detail::IsDivergenceScale, Policies...> &&
                    detail::at_most_one<detail::IsVaeDecoder, Policies...> &&
                    detail::at_most_one<detail::IsLatents, Policies...> &&
                    detail::at_most_one<detail::IsVaeWeights, Policies...>,
                "VaeBranch: two policies of one kind");
  using is_vae_policy = void;
  static constexpr Extent extent{D, H, W};
  static constexpr index_t latents =
      detail::Select<detail::IsLatents, Latents<128>, Policies...>::type::count;
  static constexpr bool shared =
      detail::Select<detail::IsVaeDecoder, OwnDecoder, Policies...>::type::shared;
  static constexpr index_t divergence_divisor =
      detail::Select<detail::IsDivergenceScale, DivergencePerVoxel, Policies...>::type::divisor(
          extent.voxels(), latents);
  using Weights =
      typename detail::Select<detail::IsVaeWeights,
                              VaeWeights<std::ratio<1, 10>, std::ratio<1, 10>>, Policies...>::type;
};

/// No autoencoder.
struct NoVae {
  using is_vae_policy = void;
};

}  // namespace glia
