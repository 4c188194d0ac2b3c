#pragma once

#include <algorithm>

#include "glia/backend/concepts.hpp"

namespace glia {

/// Makes a complete backend of one whose convolutions take plain tensors only (as cuDNN's do):
/// every source is stored before B's kernel and every sink is fed after it. The output gradient of
/// a convolution is stored once.
template <class B>
struct Materialising : B {
  using T = typename B::Scalar;
  using Real = typename B::Real;

  template <Source X, Sink Y>
  static index_t forward_workspace(Context& k, const ConvDescriptor& c, const X& x, const Y& y) {
    const Plain<T> in{view(nullptr, x.shape())};
    const Store<T> out{view(nullptr, y.shape())};
    return bytes(x.shape()) + bytes(y.shape()) +
           (std::max)({B::store_workspace(k, x, Store<T>{view(nullptr, x.shape())}),
                       B::forward_workspace(k, c, in, out),
                       B::store_workspace(k, Plain<T>{view(nullptr, y.shape())}, y)});
  }
  template <Source X, Sink Y>
  static void convolution(Context& k, const ConvDescriptor& c, const X& x, const Real* weights,
                          const Y& y, std::byte* work) {
    const View<T> in = view(take(work, x.shape()), x.shape());
    const View<T> out = view(take(work, y.shape()), y.shape());
    B::store(k, x, Store<T>{in}, work);
    B::convolution(k, c, Plain<T>{in}, weights, Store<T>{out}, work);
    B::store(k, Plain<T>{out}, y, work);
  }

  template <Source X, Source G, class Y>
  static index_t backward_workspace(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                                    const Y& y) {
    const Plain<T> in{view(nullptr, x.shape())}, g{view(nullptr, grad.shape())};
    index_t rest = (std::max)(B::store_workspace(k, x, Store<T>{view(nullptr, x.shape())}),
                              B::store_workspace(k, grad, Store<T>{view(nullptr, grad.shape())}));
    if constexpr (Sink<Y>) {
      const Store<T> dx{view(nullptr, y.shape())};
      rest =
          (std::max)({rest, B::backward_workspace(k, c, in, g, dx), B::store_workspace(k, in, y)});
      return 2 * bytes(x.shape()) + bytes(grad.shape()) + rest;
    } else {
      return bytes(x.shape()) + bytes(grad.shape()) +
             (std::max)(rest, B::backward_workspace(k, c, in, g, y));
    }
  }
  template <Source X, Source G, class Y>
  static void convolution_backward(Context& k, const ConvDescriptor& c, const X& x, const G& grad,
                                   const Real* weights, const Y& y, Real* dw, Real* db,
                                   std::byte* work) {
    const View<T> in = view(take(work, x.shape()), x.shape());
    const View<T> g = view(take(work, grad.shape()), grad.shape());
    B::store(k, grad, Store<T>{g}, work);
    B::store(k, x, Store<T>{in}, work);
    if constexpr (Sink<Y>) {
      const View<T> dx = view(take(work, y.shape()), y.shape());
      B::convolution_backward(k, c, Plain<T>{in}, Plain<T>{g}, weights, Store<T>{dx}, dw, db, work);
      B::store(k, Plain<T>{dx}, y, work);
    } else {
      B::convolution_backward(k, c, Plain<T>{in}, Plain<T>{g}, weights, y, dw, db, work);
    }
  }

 private:
  static index_t bytes(Shape s) {
    constexpr index_t line = Arena::alignment;
    return (s.n * s.voxels() * B::channel_pitch(s.c) * static_cast<index_t>(sizeof(T)) + line - 1) /
           line * line;
  }
  static View<T> view(std::byte* p, Shape s) {
    return {reinterpret_cast<T*>(p), s, B::channel_pitch(s.c)};
  }
  static std::byte* take(std::byte*& work, Shape s) {
    std::byte* p = work;
    work += bytes(s);
    return p;
  }
};

}  // namespace glia
