#include "glia/models/trained_on.hpp"

#include <doctest/doctest.h>

using namespace glia;

TEST_CASE("voxels up to a tenth longer or shorter than those of the training are like them") {
  const TrainedOn trained{.spacing = Spacing{1, 1, 2}};
  CHECK(has_trained_spacing(trained, {1, 1, 2}));
  CHECK(has_trained_spacing(trained, {0.91, 1.09, 2.19}));
  CHECK_FALSE(has_trained_spacing(trained, {0.89, 1, 2}));
  CHECK_FALSE(has_trained_spacing(trained, {1, 1.11, 2}));
  CHECK_FALSE(has_trained_spacing(trained, {1, 1, 2.21}));
  CHECK_FALSE(has_trained_spacing(trained, {2, 1, 1}));
  CHECK(has_trained_spacing({}, {5, 5, 5}));
}
