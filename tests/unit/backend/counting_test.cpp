#include "glia/backend/counting.hpp"

#include <doctest/doctest.h>

#include "glia/backend/materialising.hpp"
#include "glia/backend/reference.hpp"

using namespace glia;
using C = Counting<Reference<float>>;

static_assert(Backend<C>);
static_assert(Backend<Counting<Materialising<Reference<double>>>>);
static_assert(Backend<Materialising<Reference<float>>>);

TEST_CASE("a counted convolution touches no memory and fills the ledger") {
  Context k{{.threads = 1}};
  const ConvDescriptor c{4, 8, 3, 1};
  const Shape x{2, 6, 5, 4, 4};
  const Plain<float> source{{nullptr, x, 4}};
  const Output<float> sink{.y = {nullptr, c.output(x), 8}};
  CHECK(C::forward_workspace(k, c, source, sink) ==
        Reference<float>::forward_workspace(k, c, source, sink));
  C::convolution(k, c, source, nullptr, sink, nullptr);
  const double flops = 2.0 * 4 * 8 * 27 * (2 * 6 * 5 * 4);
  CHECK(k.ledger().flops == flops);
  CHECK(k.ledger().bytes_read == 4.0 * 240 * 4);
  CHECK(k.ledger().bytes_written == 4.0 * 240 * 8);
  REQUIRE(k.ledger().convolutions.size() == 1);
  CHECK(k.ledger().convolutions[0].in == x);
  CHECK(k.ledger().convolutions[0].out == c.output(x));
  CHECK(k.ledger().convolutions[0].kernel == 3);

  // Backward costs one convolution for the weights and one more if somebody wants the gradient of
  // the input.
  const Plain<float> grad{{nullptr, c.output(x), 8}};
  C::convolution_backward(k, c, source, grad, nullptr, NoGradient{}, nullptr, nullptr, nullptr);
  CHECK(k.ledger().flops == 2 * flops);
  C::convolution_backward(k, c, source, grad, nullptr, Store<float>{{nullptr, x, 4}}, nullptr,
                          nullptr, nullptr);
  CHECK(k.ledger().flops == 4 * flops);
  CHECK(k.ledger().convolutions.size() == 1);
}

TEST_CASE("the layout counted is the layout of the backend") {
  CHECK(C::channel_pitch(30) == Reference<float>::channel_pitch(30));
}
