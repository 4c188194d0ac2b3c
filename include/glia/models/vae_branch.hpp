#pragma once

#include <concepts>
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

template <class P>
concept DivergencePolicy = requires(index_t count) {
  { P::divisor(count, count) } -> std::same_as<index_t>;
};
template <class P>
concept SharingPolicy = requires {
  { P::shared } -> std::convertible_to<bool>;
};

namespace detail {
template <class P>
struct IsDivergence : std::bool_constant<DivergencePolicy<P>> {};
template <class P>
struct IsSharing : std::bool_constant<SharingPolicy<P>> {};
template <class P>
struct IsLatents : std::false_type {};
template <index_t Count>
struct IsLatents<Latents<Count>> : std::true_type {};
template <class P>
struct IsVaeWeights : std::false_type {};
template <class Reconstruction, class Divergence>
struct IsVaeWeights<VaeWeights<Reconstruction, Divergence>> : std::true_type {};
}  // namespace detail

/// What can be chosen about a VaeBranch beside the extent.
template <class P>
concept VaePolicy = DivergencePolicy<P> || SharingPolicy<P> || detail::IsLatents<P>::value ||
    detail::IsVaeWeights<P>::value;

/// The variational autoencoder that regularises a ResUNet (Myronenko 2018): from the bottleneck it
/// draws latents and rebuilds the image. It lives in training only and adds to the loss the mean
/// squared error and the latents' divergence from the standard normal distribution.
///
/// Its dense layers fix the extent of the training patches: D planes, H rows, W columns. Policies
/// in any order replace Latents<128>, OwnDecoder, DivergencePerVoxel, VaeWeights<1/10, 1/10>.
template <index_t D, index_t H, index_t W, VaePolicy... Policies>
struct VaeBranch {
  static_assert(detail::at_most_one<detail::IsDivergence, Policies...> &&
                    detail::at_most_one<detail::IsSharing, Policies...> &&
                    detail::at_most_one<detail::IsLatents, Policies...> &&
                    detail::at_most_one<detail::IsVaeWeights, Policies...>,
                "VaeBranch: two policies of one kind");
  using is_autoencoder_policy = void;
  static constexpr Extent extent{D, H, W};
  static constexpr index_t latents =
      detail::Select<detail::IsLatents, Latents<128>, Policies...>::type::count;
  static constexpr bool shared =
      detail::Select<detail::IsSharing, OwnDecoder, Policies...>::type::shared;
  static constexpr index_t divergence_divisor =
      detail::Select<detail::IsDivergence, DivergencePerVoxel, Policies...>::type::divisor(
          extent.voxels(), latents);
  using Weights =
      typename detail::Select<detail::IsVaeWeights,
                              VaeWeights<std::ratio<1, 10>, std::ratio<1, 10>>, Policies...>::type;
};

/// No autoencoder.
struct NoVae {
  using is_autoencoder_policy = void;
};

/// Whether a network has an autoencoder, and which.
template <class P>
concept AutoencoderPolicy = requires {
  typename P::is_autoencoder_policy;
};

}  // namespace glia
