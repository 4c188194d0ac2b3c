#pragma once

#include <array>
#include <string>

#include "glia/layers/post_norm_block.hpp"
#include "glia/layers/residual_block.hpp"

namespace glia {

/// `Units` residual blocks in a row.
template <class Block, index_t Units>
struct ResidualBlocks {
  static_assert(Units >= 1, "ResidualBlocks: at least one block is needed");
  using T = typename Block::T;
  struct Parameters {
    std::array<typename Block::Parameters, static_cast<std::size_t>(Units)> units;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      for (std::size_t i = 0; i < Units; ++i) f(std::to_string(i), p.units[i]...);
    }
  };
  using Saved = std::array<typename Block::Saved, static_cast<std::size_t>(Units)>;

  template <Mode M>
  static Stream<T> forward(Context& k, const Parameters& p, Stream<T> x, Saved& s) {
    for (std::size_t i = 0; i < s.size(); ++i)
      x = Block::template forward<M>(k, p.units[i], std::move(x), s[i]);
    return x;
  }
  /// `grad` is the gradient of the output and becomes that of the input. Consumes `s`.
  static void backward(Context& k, const Parameters& p, Saved& s, View<T> grad, Parameters& grads) {
    for (std::size_t i = s.size(); i-- > 0;)
      Block::backward(k, p.units[i], s[i], grad, grads.units[i]);
  }
};

/// What the levels of a residual network are made of: 1. `Block<B, C, Norm, Activation, Start>`; 2.
/// `normalised_stem`, whether the network's first convolution is followed by a norm, which blocks
/// without one in front need.
template <class P>
concept ResidualPolicy = requires {
  { P::normalised_stem } -> std::convertible_to<bool>;
};

struct PreActivation {
  static constexpr bool normalised_stem = false;
  template <Backend B, index_t C, NormPolicy Norm, ActivationPolicy Activation, InitialPolicy Start>
  using Block = ResidualBlock<B, C, Norm, Activation, false, Start>;
};

struct PostNorm {
  static constexpr bool normalised_stem = true;
  template <Backend B, index_t C, NormPolicy Norm, ActivationPolicy Activation, InitialPolicy Start>
  using Block = PostNormBlock<B, C, Norm, Activation, Start>;
};

}  // namespace glia
