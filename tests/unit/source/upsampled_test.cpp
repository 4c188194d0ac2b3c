#include "glia/source/upsampled.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "glia/backend/reference.hpp"
#include "glia/tensor/host_tensor.hpp"

using namespace glia;

namespace {

/// Doubles a line of values along W.
std::vector<double> doubled_line(const std::vector<double>& line, Interpolation kind) {
  const auto n = static_cast<index_t>(line.size());
  std::vector<double> fine;
  for (index_t i = 0; i < 2 * n; ++i) {
    const auto at = doubled_sample(kind, i, n);
    fine.push_back((1 - at.weight) * line[static_cast<std::size_t>(at.low)] +
                   at.weight * line[static_cast<std::size_t>(at.high)]);
  }
  return fine;
}

}  // namespace

TEST_CASE("one axis: [a, b] becomes a, .75a + .25b, .25a + .75b, b") {
  CHECK(doubled_line({4, 8}, Interpolation::trilinear) == std::vector<double>{4, 5, 7, 8});
  CHECK(doubled_line({4, 8, 0}, Interpolation::trilinear) == std::vector<double>{4, 5, 7, 6, 2, 0});
  CHECK(doubled_line({4}, Interpolation::trilinear) == std::vector<double>{4, 4});
  CHECK(doubled_line({4, 8, 0}, Interpolation::nearest) == std::vector<double>{4, 4, 8, 8, 0, 0});
  CHECK(doubled_line({4}, Interpolation::nearest) == std::vector<double>{4, 4});
}

TEST_CASE("weights name coarse voxels inside the axis and are convex") {
  for (const auto kind : {Interpolation::nearest, Interpolation::trilinear}) {
    for (index_t n = 1; n < 6; ++n) {
      for (index_t i = 0; i < 2 * n; ++i) {
        const auto at = doubled_sample(kind, i, n);
        CHECK((at.low >= 0 && at.high < n && at.low <= at.high));
        CHECK((at.weight >= 0 && at.weight <= 1));
      }
    }
  }
}

TEST_CASE("trilinear doubling reproduces a linear function between the outermost coarse centres") {
  // The centre of fine voxel i lies at (i + 1/2) / 2 - 1/2 in coarse coordinates.
  const Shape coarse{1, 4, 3, 5, 2};
  const auto f = [](double d, double h, double w, index_t c) {
    return 2 * d - 3 * h + 5 * w + (c == 0 ? 0.5 : -0.5) * d * h * w;
  };
  HostTensor<double> x(coarse);
  for (index_t d = 0; d < 4; ++d)
    for (index_t h = 0; h < 3; ++h)
      for (index_t w = 0; w < 5; ++w)
        for (index_t c = 0; c < 2; ++c) {
          x.view().at(0, d, h, w, c) =
              f(static_cast<double>(d), static_cast<double>(h), static_cast<double>(w), c);
        }
  using Source = Upsampled<Plain<double>>;
  const Source source{{x.view()}, Interpolation::trilinear};
  CHECK(source.shape() == Shape{1, 8, 6, 10, 2});
  CHECK(source.bytes() == 4 * 3 * 5 * 2 * 8);
  const auto centre = [](index_t i) { return (static_cast<double>(i) + 0.5) / 2 - 0.5; };
  for (index_t d = 1; d < 7; ++d)
    for (index_t h = 1; h < 5; ++h)
      for (index_t w = 1; w < 9; ++w)
        for (index_t c = 0; c < 2; ++c) {
          const double value = reference::Evaluate<Source>::value(source, {0, d, h, w}, c);
          CHECK(value == doctest::Approx(f(centre(d), centre(h), centre(w), c)).epsilon(1e-12));
        }
  // Outside them the nearest coarse voxel continues.
  CHECK(reference::Evaluate<Source>::value(source, {0, 0, 0, 0}, 0) == f(0, 0, 0, 0));
  CHECK(reference::Evaluate<Source>::value(source, {0, 7, 5, 9}, 1) == f(3, 2, 4, 1));
}

TEST_CASE("upsampling is applied after what it wraps: the activation comes first") {
  HostTensor<double> raw(Shape{1, 1, 1, 2, 1});
  raw.values() = {-4, 8};
  const double scale = 1, shift = 0;
  const Activated<double> activated{raw.view(), &scale, &shift, 0.0};
  using Source = Upsampled<Activated<double>>;
  const Source source{activated};
  // ReLU gives [0, 8]; interpolating first would give relu(-1) = 0 and relu(5) = 5.
  CHECK(reference::Evaluate<Source>::value(source, {0, 0, 0, 1}, 0) == 2);
  CHECK(reference::Evaluate<Source>::value(source, {0, 0, 0, 2}, 0) == 6);
}
