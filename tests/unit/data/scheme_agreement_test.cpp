#include "glia/data/scheme_agreement.hpp"

#include <doctest/doctest.h>

#include "dataset_files.hpp"
#include "small_case.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// A case of BraTS 2023 names whose scans are empty files: only labels are read.
void write_labelled(const std::filesystem::path& folder, const std::string& id,
                    std::uint8_t largest) {
  touch_all(folder / id, id, names_2023);
  std::filesystem::remove(folder / id / (id + "-seg.nii.gz"));
  write_nifti_labels(folder / id / (id + "-seg.nii"), small_labels(largest), brats_header());
}

Dataset agreed(const std::filesystem::path& root, const FindCasesOptions& options = {}) {
  Dataset dataset = find_cases(root, options);
  require_agreed_schemes(dataset, options);
  return dataset;
}

}  // namespace

TEST_CASE("no scheme is guessed for cases without the value that gives their neighbours away") {
  const TemporaryDirectory root;
  write_labelled(root.path(), "BraTS-PED-00001-000", 3);
  write_labelled(root.path(), "BraTS-PED-00002-000", 4);
  touch_all(root / "BraTS-PED-00003-000", "BraTS-PED-00003-000",
            {"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz", "-t2f.nii.gz"});
  const Dataset dataset = agreed(root.path());
  REQUIRE(dataset.cases.size() == 1);  // without labels
  CHECK(dataset.cases[0].id == "BraTS-PED-00003-000");
  REQUIRE(dataset.problems.size() == 2);
  CHECK(dataset.problems[0].case_id == "BraTS-PED-00001-000");
  CHECK(holds(dataset.problems[0].message, "BraTS-PED-00001-000-seg.nii",
              "case BraTS-PED-00002-000", "'brats2023'", "one scheme"));
  CHECK(holds(dataset.problems[1].message, "got 4 (1 voxels)", "brats2024, brats-ped"));
  for (const char* name : {"brats-ped", "brats2024"}) {
    const Dataset named = agreed(root.path(), {.scheme = label_scheme(name)});
    CHECK(named.problems.empty());
    CHECK(named.cases.size() == 3);
  }
}

TEST_CASE("other folders, values of no scheme and unreadable labels dispute nothing") {
  const TemporaryDirectory root;
  write_labelled(root / "gli", "a", 3);
  write_labelled(root / "gli", "b", 9);
  write_labelled(root / "gli", "c", 3);
  write_text(root / "gli/c/c-seg.nii", "no image");
  write_labelled(root / "ped", "d", 4);
  const Dataset dataset = agreed(root.path());
  REQUIRE(dataset.cases.size() == 3);
  REQUIRE(dataset.refused.size() == 1);
  CHECK(dataset.refused[0].id == "d");
}

TEST_CASE("names of BraTS 2018 are left to the values of each case") {
  const TemporaryDirectory root;
  for (const char* id : {"a", "b"}) write_small_case(root.path(), id);
  LabelVolume labels = small_labels(4);
  labels.at(1, 1, 2) = 3;
  write_nifti_labels(root / "b/b_seg.nii", labels, brats_header());
  CHECK(agreed(root.path()).cases.size() == 2);
}
