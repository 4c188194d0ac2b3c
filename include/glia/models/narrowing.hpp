#pragma once

#include "glia/layers/conv3d.hpp"
#include "glia/layers/stream.hpp"

namespace glia::detail {

/// The first step from level L + 1 up to level L of a residual U: a 1x1x1 convolution to the width
/// of level L, at the coarse grid. A linear map of channels and one of voxels commute, so it costs
/// an eighth of what it would after doubling.
template <class R, index_t L>
struct Narrowing {
  using B = typename R::Engine;
  using T = typename B::Scalar;
  static constexpr index_t in = R::width(L + 1), width = R::width(L);
  using Up = Conv3d<B, in, width, 1, 1, false, typename R::Start>;
  using Parameters = typename Up::Parameters;

  static Tensor<T> forward(Context& k, const Parameters& p, View<const T> below) {
    auto coarse = make_tensor<B>(k, with_channels(below.shape, width));
    Up::forward(k, p, make_wire<in>(Plain<T>{below}), {.y = coarse.view()});
    return coarse;
  }
  /// The gradient of `below` is added to `grad_below`.
  static void backward(Context& k, const Parameters& p, View<const T> below, View<const T> coarse,
                       Tensor<T>& grad_below, Parameters& grads) {
    Up::backward(k, p, make_wire<in>(Plain<T>{below}), Plain<T>{coarse},
                 gradient_sink<B>(k, below.shape, grad_below), grads);
  }
};

}  // namespace glia::detail
