#pragma once

#include "glia/layers/residual_blocks.hpp"
#include "glia/layers/scaling.hpp"
#include "glia/models/narrowing.hpp"

namespace glia::detail {

/// The way from level L + 1 up to level L where skips are concatenated: a 1x1x1 convolution,
/// doubling, activation; skip first, that second, a 1x1x1
/// convolution of both, one block.
template <class R, index_t L>
struct ConcatAscent {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t width = R::width(L);
  using Up = Narrowing<R, L>;
  using Activate = Scaling<B, width, typename R::Activation>;
  using Mix = Conv3d<B, 2 * width, width, 1, 1, false, typename R::Start>;
  using Blocks = typename R::template Blocks<width, 1>;

  struct Parameters {
    typename Up::Parameters up;
    typename Mix::Parameters mix;
    typename Blocks::Parameters blocks;
    template <class F, class... P>
    static void fields(F&& f, P&... p) {
      f("up", p.up...);
      f("mix", p.mix...);
      f("", p.blocks...);
    }
  };
  struct Saved {
    Tensor<T> fine;
    typename Activate::Saved activation;
    typename Blocks::Saved blocks;
  };

  /// The level below, narrowed.
  static Tensor<T> narrow(Context& k, const Parameters& p, View<const T> below) {
    return Up::forward(k, p.up, below);
  }
  template <Mode M>
  static Stream<T> rise(Context& k, const Parameters& p, Tensor<T> coarse, Tensor<T>& skip,
                        Saved& s) {
    const Shape shape = skip.shape();
    s.fine = make_tensor<B>(k, shape);
    store<B>(k, Upsampled<Plain<T>>{{coarse.view()}, R::Upsample::interpolation},
             Store<T>{s.fine.view()});
    coarse = {};
    s.activation = Activate::forward(k, shape, 1);
    auto mixed = make_stream<B>(k, shape);
    Mix::forward(k, p.mix, joined(skip.view(), s), output_to<B>(mixed));
    if constexpr (M == Mode::inference) {
      skip = {};
      s.fine = {};
    }
    return Blocks::template forward<M>(k, p.blocks, std::move(mixed), s.blocks);
  }

  /// `grad` is the gradient of the output and becomes that of the skip; that of `below` is added to
  /// `grad_below`. Consumes `s`.
  static void backward(Context& k, const Parameters& p, Saved& s, View<const T> below,
                       View<const T> skip, Tensor<T>& grad, Tensor<T>& grad_below,
                       Parameters& grads) {
    Blocks::backward(k, p.blocks, s.blocks, grad.view(), grads.blocks);
    auto grad_skip = make_tensor<B>(k, skip.shape);
    const auto coarse = make_tensor<B>(k, with_channels(below.shape, width));
    {
      Gradient<T> fine{make_tensor<B>(k, skip.shape), make_sums<B>(k, 2 * skip.shape.n * width)};
      const auto to_fine = Activate::sink(s.fine.view(), s.activation, fine);
      const Split<Store<T>, std::remove_const_t<decltype(to_fine)>> to_both{{grad_skip.view()},
                                                                            to_fine};
      Mix::backward(k, p.mix, joined(skip, s), Plain<T>{grad.view()}, to_both, grads.mix);
      upsample_backward<B>(k, R::Upsample::interpolation, fine.grad.view(),
                           Store<T>{coarse.view()});
    }
    grad = std::move(grad_skip);
    s = {};
    Up::backward(k, p.up, below, coarse.view(), grad_below, grads.up);
  }

 private:
  static auto joined(View<const T> skip, const Saved& s) {
    return concat(make_wire<width>(Plain<T>{skip}), Activate::output(s.fine.view(), s.activation));
  }
};

}  // namespace glia::detail

namespace glia {

/// Skips are concatenated and mixed (Lachinov et al. 2019).
struct ConcatSkips {
  template <class R, index_t L>
  using Ascent = detail::ConcatAscent<R, L>;
};

}  // namespace glia
