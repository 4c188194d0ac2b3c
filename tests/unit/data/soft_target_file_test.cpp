#include "glia/data/soft_target_file.hpp"

#include <doctest/doctest.h>

#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;

TEST_CASE("a soft target reads back code by code, at its place and at no other") {
  const test::TemporaryDirectory folder;
  const CropBox box{1, 2, 3, {2, 3, 4}};
  SoftTarget target(box.extent);
  for (index_t v = 0; v < 24; ++v) {
    for (int r = 0; r < 3; ++r) target.set(v, r, v % 5 == 0 ? -1 : static_cast<float>(v) / 24);
  }
  const auto path = folder / "case.safetensors";
  save_soft_target(path, target, box);
  const SoftTarget read = load_soft_target(path, box);
  CHECK(read.extent() == box.extent);
  CHECK(read.codes() == target.codes());
  for (const CropBox& other : {CropBox{1, 2, 4, {2, 3, 4}}, CropBox{1, 2, 3, {3, 2, 4}}}) {
    CHECK(test::holds(test::message_of<DataError>([&] { (void)load_soft_target(path, other); }),
                      path.string(), "no soft target of this case"));
  }
  write_safetensors(path, {}, {});
  CHECK_THROWS_AS((void)load_soft_target(path, box), DataError);
}
