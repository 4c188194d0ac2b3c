#include "glia/tensor/view.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "glia/tensor/host_tensor.hpp"
#include "glia/tensor/volume.hpp"

using namespace glia;

TEST_CASE("views address [N, D, H, W, C] with channels fastest and voxels a pitch apart") {
  const Shape s{2, 2, 3, 4, 3};
  const index_t pitch = 5;
  std::vector<int> memory(static_cast<std::size_t>(s.n * s.voxels() * pitch));
  std::iota(memory.begin(), memory.end(), 0);
  const View<int> view{memory.data(), s, pitch};
  CHECK(view.at(0, 0, 0, 0, 0) == 0);
  CHECK(view.at(0, 0, 0, 0, 2) == 2);
  CHECK(view.at(0, 0, 0, 1, 0) == 5);
  CHECK(view.at(0, 0, 1, 0, 0) == 4 * 5);
  CHECK(view.at(0, 1, 0, 0, 0) == 3 * 4 * 5);
  CHECK(view.at(1, 0, 0, 0, 0) == 2 * 3 * 4 * 5);
  CHECK(view.row(1, 1, 2) == memory.data() + ((1 * 2 + 1) * 3 + 2) * 4 * 5);
  const View<const int> constant = view;
  CHECK(&constant.at(1, 1, 2, 3, 1) == &view.at(1, 1, 2, 3, 1));
  CHECK(view.bytes() == 2 * 24 * 3 * sizeof(int));
  CHECK(view.voxel(2 * 3 * 4 + 6).data() == &view.at(1, 0, 1, 2, 0));
  CHECK(view.voxel(0).size() == 3);
}

TEST_CASE("a box of voxels goes to another place and pitch, and nothing else changes") {
  HostTensor<int> from(Shape{1, 3, 4, 5, 2}), to(Shape{1, 2, 3, 4, 3}, -1);
  for (std::size_t i = 0; i < from.values().size(); ++i) from.view().data[i] = static_cast<int>(i);
  const View<int> narrow = slice(to.view(), 1, 2);
  copy_box(View<const int>(from.view()), {1, 2, 3}, narrow, {0, 1, 2}, {2, 2, 2});
  for (index_t d = 0; d < 2; ++d)
    for (index_t h = 0; h < 3; ++h)
      for (index_t w = 0; w < 4; ++w) {
        CHECK(to.view().at(0, d, h, w, 0) == -1);
        for (index_t c = 0; c < 2; ++c) {
          const bool inside = h >= 1 && w >= 2;
          CHECK(narrow.at(0, d, h, w, c) ==
                (inside ? from.view().at(0, d + 1, h + 1, w + 1, c) : -1));
        }
      }
}

TEST_CASE("host tensors are dense and filled") {
  HostTensor<float> tensor(Shape{1, 2, 2, 2, 3}, 0.5F);
  CHECK(tensor.values().size() == 24);
  CHECK(tensor.view().pitch == 3);
  tensor.view().at(0, 1, 1, 1, 2) = 7;
  CHECK(tensor.values().back() == 7);
  CHECK(tensor.values().front() == 0.5F);
}

TEST_CASE("volumes run fastest along W") {
  Volume<int> volume(Extent{2, 3, 4}, 1);
  volume.at(1, 2, 3) = 5;
  volume.at(0, 0, 1) = 6;
  CHECK(volume.index(1, 2, 3) == 23);
  CHECK(volume.voxels.back() == 5);
  CHECK(volume.voxels[1] == 6);
}
