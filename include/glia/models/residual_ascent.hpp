#pragma once

#include "glia/layers/residual_blocks.hpp"
#include "glia/models/narrowing.hpp"

namespace glia::detail {

/// The way from level L + 1 up to level L of a residual U: a 1x1x1 convolution, doubling, the
/// addition of a skip, one block.
template <class R, index_t L>
struct ResidualAscent {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t width = R::width(L);
  using Up = Narrowing<R, L>;
  using Blocks = typename R::template Blocks<width, 1>;

  struct Parameters {
    typename Up::Parameters up;
    typename Blocks::Parameters blocks;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("up", p.up...);
      f("", p.blocks...);
    }
  };
  using Saved = typename Blocks::Saved;

  /// The level below, narrowed.
  static Tensor<T> narrow(Context& k, const Parameters& p, View<const T> below) {
    return Up::forward(k, p.up, below);
  }
  /// The blocks of `skip` (empty: nothing) plus the doubled `coarse`. At inference the sum takes
  /// the skip's memory.
  template <Mode M>
  static Stream<T> rise(Context& k, const Parameters& p, Tensor<T> coarse, Tensor<T>& skip,
                        Saved& s) {
    const View<const T> addend = skip.view();
    auto sum = make_stream<B>(
        k, M == Mode::training ? make_tensor<B>(k, doubled(coarse.shape())) : std::move(skip));
    store<B>(k, Upsampled<Plain<T>>{{coarse.view()}, R::Upsample::interpolation},
             output_to<B>(sum, addend));
    coarse = {};
    return Blocks::template forward<M>(k, p.blocks, std::move(sum), s);
  }

  /// `grad` is the gradient of the output and becomes that of the sum, hence of the skip; that of
  /// `below` is added to `grad_below`. Consumes `s`.
  static void backward(Context& k, const Parameters& p, Saved& s, View<const T> below,
                       View<const T>, Tensor<T>& grad, Tensor<T>& grad_below, Parameters& grads) {
    Blocks::backward(k, p.blocks, s, grad.view(), grads.blocks);
    const auto coarse = make_tensor<B>(k, with_channels(below.shape, width));
    upsample_backward<B>(k, R::Upsample::interpolation, grad.view(), Store<T>{coarse.view()});
    Up::backward(k, p.up, below, coarse.view(), grad_below, grads.up);
  }
};

}  // namespace glia::detail

namespace glia {

/// Skips are added (Myronenko 2018).
struct AddSkips {
  template <class R, index_t L>
  using Ascent = detail::ResidualAscent<R, L>;
};

}  // namespace glia
