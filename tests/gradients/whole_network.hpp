#pragma once

#include "gradients/numeric_gradient.hpp"

namespace glia::test {

/// A network as `check_gradients` wants it. Each forward pass draws the random numbers of one and
/// the same step.
template <class Net>
struct Whole {
  using Parameters = typename Net::Parameters;
  using Saved = typename Net::Saved;
  static Shape output(Shape s) { return with_channels(s, Net::out); }
  static void forward(Context& k, const Parameters& p, View<const double> x, View<double> y,
                      Saved& s) {
    k.begin_step(3);
    Net::template forward<Mode::training>(k, p, x, y, s);
  }
  template <class Y>
  static void backward(Context& k, const Parameters& p, Saved& s, View<const double> x,
                       View<const double> grad, Parameters& grads, const Y& grad_x) {
    Net::backward(k, p, s, x, Plain<double>{grad}, grads, grad_x);
  }
};

}  // namespace glia::test
