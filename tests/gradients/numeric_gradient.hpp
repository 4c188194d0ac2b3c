#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "glia/backend/reference.hpp"
#include "glia/layers/wire.hpp"
#include "glia/tensor/parameters.hpp"
#include "support/tensors.hpp"

namespace glia::test {

inline constexpr double gradient_tolerance = 1e-5;

/// max |numeric - analytic| / max |numeric| over a tensor, by central differences with a step of
/// 1e-6. The denominator is at least 0.01: a gradient that is zero, such as a bias before a norm,
/// has rounding noise only.
template <class F>
double worst_gradient_error(std::span<double> values, std::span<const double> analytic, F&& loss) {
  constexpr double step = 1e-6;
  double worst = 0, largest = 0.01;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double before = values[i];
    values[i] = before + step;
    const double above = loss();
    values[i] = before - step;
    const double below = loss();
    values[i] = before;
    const double numeric = (above - below) / (2 * step);
    worst = (std::max)(worst, std::abs(numeric - analytic[i]));
    largest = (std::max)(largest, std::abs(numeric));
  }
  return worst / largest;
}

/// Checks dL/dx and dL/dparameter, element by element, of L = <weights, y(x, parameters)> with
/// random weights.
///
/// `Net` has Parameters, Saved, in, `output(Shape)`, `forward(k, p, x, y, saved)` and
/// `backward(k, p, saved, x, grad_y, grads, sink)`. All parameters are random, so gains of norms
/// have both signs. The gradients start at one, because backward adds; without a sink they must be
/// the same bits.
template <class Net>
void check_gradients(const std::string& name, Shape shape, double deviation = 0.7) {
  CAPTURE(name);
  Context k{{.threads = 1}};
  using Set = ParameterSet<typename Net::Parameters, double>;
  Set p, grads, grads_alone;
  randomise(p.flat(), 1, deviation);
  auto x = random_tensor<double>(shape, 2);
  HostTensor<double> y(Net::output(shape)), grad_x(shape);
  const auto weights = random_tensor<double>(y.shape(), 3);

  const auto loss = [&] {
    typename Net::Saved saved;
    Net::forward(k, p.fields(), std::as_const(x).view(), y.view(), saved);
    return dot(weights.values(), y.values());
  };
  const auto backward = [&](Set& to, const auto& sink) {
    std::fill(to.flat().begin(), to.flat().end(), 1.0);
    typename Net::Saved saved;
    Net::forward(k, p.fields(), std::as_const(x).view(), y.view(), saved);
    Net::backward(k, p.fields(), saved, std::as_const(x).view(), weights.view(), to.fields(), sink);
    for (double& g : to.flat()) g -= 1;
  };
  backward(grads, Store<double>{grad_x.view()});
  backward(grads_alone, NoGradient{});
  CHECK(std::equal(grads.flat().begin(), grads.flat().end(), grads_alone.flat().begin()));

  CHECK(worst_gradient_error(x.values(), grad_x.values(), loss) < gradient_tolerance);
  visit_parameters(
      [&](const std::string& path, auto& value, const auto& grad) {
        CAPTURE(path);
        const auto size = static_cast<std::size_t>(value.size);
        CHECK(worst_gradient_error({value.data, size}, {grad.data, size}, loss) <
              gradient_tolerance);
      },
      "", p.fields(), grads.fields());
}

}  // namespace glia::test
