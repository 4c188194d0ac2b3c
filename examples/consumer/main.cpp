// The smallest program that uses an installed glia: a volume of noise and its mean.
#include <cmath>
#include <cstdio>
#include <numeric>

#include "glia/core/random.hpp"
#include "glia/tensor/host_tensor.hpp"

int main() {
  glia::Random random{/*seed=*/42};
  glia::HostTensor<float> noise{glia::Shape{1, 32, 32, 32, 1}};
  for (float& voxel : noise.values()) voxel = static_cast<float>(random.normal());

  const double sum = std::accumulate(noise.values().begin(), noise.values().end(), 0.0);
  const double mean = sum / static_cast<double>(noise.shape().elements());
  std::printf("%s voxels, mean %.4f\n", to_string(noise.shape()).c_str(), mean);
  return std::abs(mean) < 0.05 ? 0 : 1;
}
