#include "glia/data/phantom_dataset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"

namespace {

using namespace glia;
namespace fs = std::filesystem;

const PhantomDatasetOptions two_small{
    .phantom = {.extent = {20, 24, 22}}, .seed = 4, .count = 2, .first = 7};

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), folder).generic_string());
  }
  return names;
}

}  // namespace

TEST_CASE("a phantom data set has BraTS 2023's names, geometry, types and labels") {
  const test::TemporaryDirectory folder;
  std::vector<double> reported;
  PhantomDatasetOptions options = two_small;
  options.progress = [&](const Progress& progress) {
    CHECK(progress.total == 2);
    reported.push_back(progress.done);
  };
  CHECK(write_phantom_dataset(folder.path(), options) ==
        std::vector<std::string>{"BraTS-GLI-00007-000", "BraTS-GLI-00008-000"});
  CHECK(reported == std::vector<double>{1, 2});
  std::set<std::string> expected;
  for (const std::string id : {"BraTS-GLI-00007-000", "BraTS-GLI-00008-000"}) {
    for (const std::string suffix : {"t1n", "t1c", "t2w", "t2f", "seg"}) {
      expected.insert(id + "/" + id + "-" + suffix + ".nii.gz");
    }
  }
  CHECK(files_below(folder.path()) == expected);

  const PhantomCase phantom = make_phantom(options.phantom, 4, 8);
  const fs::path place = folder / phantom.id;
  const NiftiImage flair = read_nifti(place / (phantom.id + "-t2f.nii.gz"));
  CHECK(flair.header.datatype == 4);  // int16
  CHECK(flair.header.extent == Extent{20, 24, 22});
  CHECK(flair.header.affine.spacing() == FileSpacing{1, 1, 1});
  CHECK(flair.header.qform_code == 1);
  CHECK(flair.header.sform_code == 1);
  // BraTS: voxel 0 lies at the right, in front, below; the second offset is extent - 1.
  CHECK(flair.header.affine.m ==
        std::array<std::array<double, 4>, 3>{{{-1, 0, 0, 0}, {0, -1, 0, 23}, {0, 0, 1, 0}}});
  CHECK(flair.warnings.empty());
  CHECK(flair.frames.at(0).voxels == phantom.images[modality::FLAIR].voxels);

  const NiftiImage seg = read_nifti(place / (phantom.id + "-seg.nii.gz"));
  CHECK(seg.header.datatype == 2);  // uint8
  CHECK(to_internal(seg.frames.at(0), label_scheme("brats2023"), "seg").voxels ==
        phantom.labels.voxels);
}

TEST_CASE("existing cases stay untouched unless they may be replaced") {
  const test::TemporaryDirectory folder;
  const fs::path existing = folder / "BraTS-GLI-00008-000";
  fs::create_directory(existing);
  std::ofstream(existing / "BraTS-GLI-00008-000-seg.nii.gz") << "precious";
  CHECK_THROWS_AS(write_phantom_dataset(folder.path(), two_small), UsageError);
  CHECK(files_below(folder.path()).size() == 1);

  PhantomDatasetOptions options = two_small;
  options.overwrite = true;
  options.labels = false;
  CHECK(write_phantom_dataset(folder.path(), options).size() == 2);
  CHECK(files_below(folder.path()).size() == 8);  // the old labels do not belong to the new images
}

TEST_CASE("a data set that cannot be written says so") {
  const test::TemporaryDirectory folder;
  std::ofstream(folder / "file") << "x";
  CHECK_THROWS_AS(write_phantom_dataset(folder / "file", two_small), IoError);
  PhantomDatasetOptions options = two_small;
  options.count = 0;
  CHECK_THROWS_AS(write_phantom_dataset(folder.path(), options), UsageError);
  options.count = 100000;
  CHECK_THROWS_AS(write_phantom_dataset(folder.path(), options), UsageError);
}
