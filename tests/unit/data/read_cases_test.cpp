#include "glia/data/read_cases.hpp"

#include <doctest/doctest.h>

#include "glia/data/phantom_dataset.hpp"
#include "small_case.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using namespace glia::test;

namespace {

PhantomDatasetOptions two_small(bool labels) {
  PhantomDatasetOptions options;
  options.phantom.extent = {16, 18, 20};
  options.count = 2;
  options.labels = labels;
  return options;
}

}  // namespace

TEST_CASE("labelled and unlabelled cases of a folder") {
  const TemporaryDirectory folder;
  write_phantom_dataset(folder.path(), two_small(true));
  const PhantomCase made = make_phantom(two_small(true).phantom, 0, 1);

  const auto labelled = read_labelled_cases(folder.path());
  REQUIRE(labelled.size() == 2);
  CHECK(labelled[1].id == made.id);
  CHECK(labelled[1].original == Extent{16, 18, 20});
  REQUIRE(labelled[1].labels);
  CHECK(uncrop(*labelled[1].labels, labelled[1].crop, labelled[1].original).voxels ==
        made.labels.voxels);

  const auto unlabelled = read_unlabelled_cases(folder.path());
  REQUIRE(unlabelled.size() == 2);
  CHECK(unlabelled[1].image.values() == labelled[1].image.values());
  CHECK_FALSE(unlabelled[1].labels);
}

TEST_CASE("a folder without labels can be read as unlabelled alone") {
  const TemporaryDirectory folder;
  write_phantom_dataset(folder.path(), two_small(false));
  CHECK(read_unlabelled_cases(folder.path()).size() == 2);
  const std::string message =
      message_of<DataError>([&] { static_cast<void>(read_labelled_cases(folder.path())); });
  CHECK(holds(message, "2 problems", "BraTS-GLI-00001-000", "missing label file"));
}

TEST_CASE("a folder with one damaged case, without cases, and none at all") {
  const TemporaryDirectory folder;
  CHECK_THROWS_AS(static_cast<void>(read_labelled_cases(folder / "none")), IoError);
  CHECK(
      holds(message_of<DataError>([&] { static_cast<void>(read_unlabelled_cases(folder.path())); }),
            "found no cases"));
  write_phantom_dataset(folder.path(), two_small(true));
  std::filesystem::remove(folder / "BraTS-GLI-00001-000" / "BraTS-GLI-00001-000-t1c.nii.gz");
  CHECK(
      holds(message_of<DataError>([&] { static_cast<void>(read_unlabelled_cases(folder.path())); }),
            "missing T1ce"));
}

TEST_CASE("what is odd about a case's files reaches the log") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  std::vector<std::string> heard;
  const LogSink sink = [&](Severity severity, std::string_view text) {
    CHECK(severity == Severity::warning);
    heard.emplace_back(text);
  };
  static_cast<void>(read_labelled_cases(folder.path(), {}, sink));
  CHECK(heard.empty());

  patch(files.images[modality::T1], field::pixdim + 4, -1.0F);
  write_nifti_labels(files.label, LabelVolume(small_extent), brats_header());
  CHECK(read_labelled_cases(folder.path(), {}, sink).size() == 1);
  REQUIRE(heard.size() == 2);
  CHECK(holds(heard[0], files.images[modality::T1].string(), "pixdim[1] is negative"));
  CHECK(holds(heard[1], files.label.string(), "no voxel is tumour"));
  heard.clear();
  CHECK(read_unlabelled_cases(folder.path(), {}, sink).size() == 1);
  REQUIRE(heard.size() == 1);  // labels are not looked at
  CHECK(holds(heard[0], "pixdim[1] is negative"));
  CHECK_NOTHROW(static_cast<void>(read_labelled_cases(folder.path())));
}
