#include "glia/layers/conv3d.hpp"

#include <doctest/doctest.h>

#include "glia/backend/cpu.hpp"
#include "glia/backend/reference.hpp"
#include "glia/layers/transposed_conv3d.hpp"
#include "glia/tensor/host_tensor.hpp"
#include "support/expect.hpp"

using namespace glia;

namespace {

template <class B>
void check_shapes() {
  using Conv = Conv3d<B, 1, 1, 2, 2, false>;
  using Up = TransposedConv3d<B, 1, 1>;
  Context k{{.threads = 1}};
  ParameterSet<typename Conv::Parameters, float> p, grads;
  ParameterSet<typename Up::Parameters, float> up, up_grads;
  const auto forward = [&](Shape from, Shape to) {
    const HostTensor<float> x(from);
    HostTensor<float> y(to);
    Conv::forward(k, p.fields(), make_wire<1>(Plain<float>{x.view()}), {.y = y.view()});
  };
  const auto backward = [&](Shape from, Shape to) {
    const HostTensor<float> x(from), grad(to);
    Conv::backward(k, p.fields(), make_wire<1>(Plain<float>{x.view()}), Plain<float>{grad.view()},
                   NoGradient{}, grads.fields());
  };
  const auto rise = [&](Shape from, Shape to) {
    const HostTensor<float> x(from);
    HostTensor<float> y(to);
    Up::forward(k, up.fields(), make_wire<1>(Plain<float>{x.view()}), y.view());
  };
  const auto rise_backward = [&](Shape from, Shape to) {
    const HostTensor<float> x(from), grad(to);
    Up::backward(k, up.fields(), make_wire<1>(Plain<float>{x.view()}), grad.view(), NoGradient{},
                 up_grads.fields());
  };
  const Shape flat{1, 4, 4, 1, 1}, even{1, 4, 4, 2, 1}, half{1, 2, 2, 1, 1};
  CHECK_THROWS_AS(forward(flat, half), UsageError);
  CHECK_THROWS_AS(backward(flat, half), UsageError);
  CHECK(test::holds(test::message_of<UsageError>([&] { forward(even, even); }),
                    "Conv3d: output: got [1, 4, 4, 2, 1], expected [1, 2, 2, 1, 1]"));
  CHECK(test::holds(test::message_of<UsageError>([&] { backward(even, flat); }),
                    "Conv3d: gradient: got [1, 4, 4, 1, 1], expected [1, 2, 2, 1, 1]"));
  CHECK(test::holds(test::message_of<UsageError>([&] {
                      rise(half, {1, 4, 4, 1, 1});
                    }),
                    "TransposedConv3d: output: got [1, 4, 4, 1, 1], expected [1, 4, 4, 2, 1]"));
  CHECK_THROWS_AS(rise_backward(half, {1, 5, 4, 2, 1}), UsageError);
  forward(even, half);
  backward(even, half);
  rise(half, even);
  rise_backward(half, even);
}

}  // namespace

TEST_CASE("convolutions refuse axes shorter than their kernels and tensors of other shapes") {
  check_shapes<Reference<float>>();
  check_shapes<Cpu<Float32>>();
}
