#pragma once

#include <string>

#include "glia/layers/conv_block.hpp"

namespace glia {

/// `Units` blocks in a row, In -> Mid -> ... -> Mid -> Out, with the interface of one block. The
/// first may be strided.
template <Backend B, index_t In, index_t Mid, index_t Out, index_t Units, NormPolicy Norm,
          ActivationPolicy Activation, index_t Stride = 1, index_t Ordinal = 0>
struct ConvStack {
  using T = typename B::Scalar;
  using First = ConvBlock<B, In, Mid, Norm, Activation, Stride>;
  using Rest = ConvStack<B, Mid, Mid, Out, Units - 1, Norm, Activation, 1, Ordinal + 1>;
  static constexpr index_t in = In, out = Out;

  struct Parameters {
    typename First::Parameters first;
    typename Rest::Parameters rest;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f(std::to_string(Ordinal), p.first...);
      f("", p.rest...);
    }
  };
  struct Saved {
    typename First::Saved first;
    typename Rest::Saved rest;
  };

  template <Mode M, CarriesChannels<In> X>
  static void forward(Context& k, const Parameters& p, const X& x, Saved& s, bool pool = false) {
    First::template forward<M>(k, p.first, x, s.first);
    Rest::template forward<M>(k, p.rest, First::output(s.first), s.rest, pool);
    if constexpr (M == Mode::inference) s.first = {};
  }
  static auto output(const Saved& s) { return Rest::output(s.rest); }
  static auto pooled_output(const Saved& s) { return Rest::pooled_output(s.rest); }

  static Gradient<T> make_gradient(Context& k, const Saved& s) {
    return Rest::make_gradient(k, s.rest);
  }
  static auto sink(const Saved& s, Gradient<T>& g) { return Rest::sink(s.rest, g); }
  static auto pooled_sink(const Saved& s, Gradient<T>& g) { return Rest::pooled_sink(s.rest, g); }
  template <CarriesChannels<In> X, class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, const X& x, Gradient<T>& g,
                       const Y& grad_x, Parameters& grads) {
    auto between = First::make_gradient(k, s.first);
    Rest::backward(k, p.rest, s.rest, First::output(s.first), g, First::sink(s.first, between),
                   grads.rest);
    First::backward(k, p.first, s.first, x, between, grad_x, grads.first);
  }
};

/// The last unit: a single block.
template <Backend B, index_t In, index_t Mid, index_t Out, NormPolicy Norm,
          ActivationPolicy Activation, index_t Stride, index_t Ordinal>
struct ConvStack<B, In, Mid, Out, 1, Norm, Activation, Stride, Ordinal>
    : ConvBlock<B, In, Out, Norm, Activation, Stride> {
  using Block = ConvBlock<B, In, Out, Norm, Activation, Stride>;
  struct Parameters : Block::Parameters {
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f(std::to_string(Ordinal), static_cast<Base<P>&>(p)...);
    }

   private:
    template <class P>
    using Base = std::conditional_t<std::is_const_v<P>, const typename Block::Parameters,
                                    typename Block::Parameters>;
  };
};

/// What a level of a network is made of: `Stage<B, In, Mid, Out, Norm, Activation, Stride>` with
/// the interface of ConvBlock.
template <class P>
concept BlockPolicy = requires {
  typename P::is_block_policy;
};

/// Levels of `Units` convolution blocks (2 in every network of the paper).
template <index_t Units>
struct ConvBlocks {
  static_assert(Units >= 1, "ConvBlocks: a level needs at least one block");
  using is_block_policy = void;
  template <Backend B, index_t In, index_t Mid, index_t Out, NormPolicy Norm,
            ActivationPolicy Activation, index_t Stride>
  using Stage = ConvStack<B, In, Mid, Out, Units, Norm, Activation, Stride>;
};

}  // namespace glia
