#include "glia/source/output.hpp"

#include <doctest/doctest.h>

#include <array>
#include <utility>

#include "glia/backend/reference.hpp"
#include "support/tensors.hpp"

using namespace glia;

TEST_CASE("Output adds bias and addend before it stores and counts") {
  Context k{{.threads = 1}};
  const Shape s{2, 1, 1, 3, 2};
  HostTensor<double> result(s), addend(s, 10.0), y(s);
  result.values() = {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6};
  const std::array<double, 2> bias{100, 200};
  std::array<double, 8> moments{};
  const Output<double> sink{.y = y.view(),
                            .bias = bias.data(),
                            .addend = std::as_const(addend).view(),
                            .moments = moments.data()};
  CHECK(sink.shape() == s);
  CHECK(sink.bytes_read() == 96);
  CHECK(sink.bytes_written() == 96);
  Reference<double>::store(k, Plain<double>{std::as_const(result).view()}, sink, nullptr);
  CHECK(y.values() ==
        std::vector<double>{111, 212, 113, 214, 115, 216, 109, 208, 107, 206, 105, 204});
  CHECK(moments[0] == 111 + 113 + 115);
  CHECK(moments[1] == 111 * 111 + 113 * 113 + 115 * 115);
  CHECK(moments[2] == 212 + 214 + 216);
  CHECK(moments[6] == 208 + 206 + 204);
  CHECK(moments[7] == 208 * 208 + 206 * 206 + 204 * 204);
}

TEST_CASE(
    "the pooled extreme read through the coefficients equals max pooling after the activation") {
  Context k{{.threads = 1}};
  for (const Shape s :
       {Shape{1, 2, 2, 2, 3}, Shape{2, 4, 2, 6, 3}, Shape{1, 5, 3, 7, 3}, Shape{2, 2, 3, 2, 3}}) {
    const auto raw = test::random_tensor<double>(s, 1);
    // Gains of both signs and zero; a scale has the sign of its gain.
    const std::array<double, 3> gain{1.5, -0.7, 0};
    const auto channels = static_cast<std::size_t>(s.n * 3);
    std::vector<double> scale(channels), shift(channels);
    Random random{3};
    for (std::size_t i = 0; i < channels; ++i) {
      scale[i] = gain[i % 3] * random.uniform(0.5, 2);
      shift[i] = random.normal();
    }
    HostTensor<double> y(s), pooled(halved(s), -1e300);
    const Output<double> sink{.y = y.view(), .pooled = pooled.view(), .gain = gain.data()};
    CHECK(sink.bytes_written() == 8.0 * static_cast<double>(s.elements() + halved(s).elements()));
    Reference<double>::store(k, Plain<double>{raw.view()}, sink, nullptr);
    CHECK(y.values() == raw.values());
    for (const double slope : {0.0, 0.01}) {
      using A = Activated<double>;
      const A fine{std::as_const(y).view(), scale.data(), shift.data(), slope};
      const A coarse{std::as_const(pooled).view(), scale.data(), shift.data(), slope};
      reference::for_each_voxel(pooled.shape(), [&](reference::Voxel v) {
        for (index_t c = 0; c < 3; ++c) {
          double best = -1e300;
          for (index_t corner = 0; corner < 8; ++corner) {
            best = (std::max)(best, reference::Evaluate<A>::value(
                                        fine,
                                        {v.n, 2 * v.d + corner / 4, 2 * v.h + corner / 2 % 2,
                                         2 * v.w + corner % 2},
                                        c));
          }
          CHECK(reference::Evaluate<A>::value(coarse, v, c) == best);
        }
      });
    }
  }
}
