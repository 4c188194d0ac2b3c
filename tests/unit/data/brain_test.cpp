#include "glia/data/brain.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "glia/tensor/host_tensor.hpp"

using namespace glia;

TEST_CASE("brain is where any modality is not 0, whatever its sign") {
  CHECK_FALSE(is_brain(std::array{0.0F, 0.0F, -0.0F, 0.0F}));
  CHECK(is_brain(std::array{0.0F, -1e-30F, 0.0F, 0.0F}));
  CHECK(is_brain(std::array{0.0F, 0.0F, 0.0F, std::numeric_limits<float>::quiet_NaN()}));
}

TEST_CASE("what lies outside the brain is cleared, in every image of a batch, whatever the pitch") {
  HostTensor<float> padded({2, 1, 2, 2, 8}, 7.0F);
  const View<float> image{padded.values().data(), {2, 1, 2, 2, 4}, 8};
  for (index_t voxel = 0; voxel < 8; ++voxel)
    std::fill_n(image.data + voxel * image.pitch, 4, 0.0F);
  CHECK_FALSE(holds_brain(image));
  image.at(1, 0, 1, 0, 2) = 0.5F;
  CHECK(holds_brain(image));
  HostTensor<float> probabilities({2, 1, 2, 2, 3}, 0.25F);
  clear_outside_brain(image, probabilities.view());
  for (index_t voxel = 0; voxel < 8; ++voxel)
    for (index_t r = 0; r < 3; ++r)
      CHECK(probabilities.view().data[3 * voxel + r] == (voxel == 6 ? 0.25F : 0.0F));
}
