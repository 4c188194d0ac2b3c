#include "glia/backend/descriptors.hpp"

#include <doctest/doctest.h>

#include "support/expect.hpp"

using namespace glia;

TEST_CASE("convolution outputs have PyTorch's extents") {
  static_assert(ConvDescriptor{4, 30, 3, 1}.output({2, 5, 6, 7, 4}) == Shape{2, 5, 6, 7, 30});
  static_assert(ConvDescriptor{4, 8, 3, 2}.output({1, 5, 6, 1, 4}) == Shape{1, 3, 3, 1, 8});
  static_assert(ConvDescriptor{4, 8, 1, 2}.output({1, 5, 6, 1, 4}) == Shape{1, 3, 3, 1, 8});
  static_assert(ConvDescriptor{4, 8, 1, 1}.padding() == 0);
  static_assert(ConvDescriptor{4, 8, 3, 1}.taps() == 27);
  // Isensee et al. 2018, first convolution on 128^3: 6.795 GMAC.
  const ConvDescriptor first{4, 30, 3, 1};
  CHECK(first.flops(first.output({1, 128, 128, 128, 4})) ==
        doctest::Approx(2 * 6.795e9).epsilon(1e-4));
}

// PyTorch: "Kernel size can't be greater than actual input size", "Output size is too small".
TEST_CASE("an axis that is shorter than the kernel is refused, padding counts") {
  const ConvDescriptor down{1, 1, 2, 2};
  for (const Shape shape : {Shape{1, 1, 4, 4, 1}, Shape{1, 4, 1, 4, 1}, Shape{1, 4, 4, 1, 1}}) {
    CAPTURE(to_string(shape));
    const auto message = test::message_of<UsageError>([&] { (void)down.output(shape); });
    CHECK(test::holds(message, "convolution", to_string(shape), "2 voxels or more"));
    CHECK(test::holds(test::message_of<UsageError>([&] { (void)pooled_shape(shape); }),
                      "max pooling", to_string(shape)));
  }
  CHECK(down.output({1, 2, 3, 5, 1}) == Shape{1, 1, 1, 2, 1});
  CHECK(pooled_shape({1, 2, 3, 5, 4}) == Shape{1, 1, 1, 2, 4});
  CHECK(ConvDescriptor{1, 1, 7, 1}.output({1, 1, 1, 1, 1}) == Shape{1, 1, 1, 1, 1});
  for (const index_t stride : {1, 2})
    CHECK_THROWS_AS((void)(ConvDescriptor{1, 1, 3, stride}.output({1, 0, 4, 4, 1})), UsageError);
}
