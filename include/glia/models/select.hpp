#pragma once

#include <type_traits>

#include "glia/layers/conv_stack.hpp"
#include "glia/layers/dropout.hpp"
#include "glia/layers/policies.hpp"

/// How a network finds its policies in a list of any order.
namespace glia::detail {

/// The first of `Policies` that `Wanted` accepts, or `Default`.
template <template <class> class Wanted, class Default, class... Policies>
struct Select {
  using type = Default;
};
template <template <class> class Wanted, class Default, class First, class... Rest>
struct Select<Wanted, Default, First, Rest...>
    : std::conditional_t<Wanted<First>::value, std::type_identity<First>,
                         Select<Wanted, Default, Rest...>> {};

template <template <class> class Kind, class... Policies>
inline constexpr bool at_most_one = (int{Kind<Policies>::value} + ... + 0) <= 1;

template <class P>
struct IsNorm : std::bool_constant<NormPolicy<P>> {};
template <class P>
struct IsActivation : std::bool_constant<ActivationPolicy<P>> {};
template <class P>
struct IsDownsample : std::bool_constant<DownsamplePolicy<P>> {};
template <class P>
struct IsUpsample : std::bool_constant<UpsamplePolicy<P>> {};
template <class P>
struct IsBlock : std::bool_constant<BlockPolicy<P>> {};
template <class P>
struct IsDropout : std::bool_constant<DropoutPolicy<P>> {};

}  // namespace glia::detail
