#include "glia/data/brats_layouts.hpp"

#include <doctest/doctest.h>

#include "support/expect.hpp"

using namespace glia;
using test::holds;

namespace {

std::vector<std::filesystem::path> in(const std::string& folder,
                                      const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) files.push_back(std::filesystem::path(folder) / name);
  return files;
}

}  // namespace

TEST_CASE("file names of all BraTS years say case, modality and layout") {
  struct Expected {
    const char* file;
    const char* id;
    std::optional<int> channel;
    Layout layout;
  };
  const Expected table[] = {
      {"Brats17_TCIA_101_1_flair.nii.gz", "Brats17_TCIA_101_1", modality::FLAIR, Layout::brats2018},
      {"Brats18_2013_2_1_t1.nii.gz", "Brats18_2013_2_1", modality::T1, Layout::brats2018},
      {"BraTS20_Training_001_t1ce.nii", "BraTS20_Training_001", modality::T1ce, Layout::brats2018},
      {"BraTS2021_00000_t2.nii.gz", "BraTS2021_00000", modality::T2, Layout::brats2018},
      {"BraTS-GLI-00001-000-t1n.nii.gz", "BraTS-GLI-00001-000", modality::T1, Layout::brats2023},
      {"BraTS-SSA-00002-000-t1c.nii.gz", "BraTS-SSA-00002-000", modality::T1ce, Layout::brats2023},
      {"BraTS-PED-00003-000-t2w.nii.gz", "BraTS-PED-00003-000", modality::T2, Layout::brats2023},
      {"BraTS-MET-00004-000-t2f.nii.gz", "BraTS-MET-00004-000", modality::FLAIR, Layout::brats2023},
      {"BraTS-GLI-00001-000-seg.nii.gz", "BraTS-GLI-00001-000", std::nullopt, Layout::automatic},
      {"BraTS2021_00000_seg.nii.gz", "BraTS2021_00000", std::nullopt, Layout::automatic},
      {"flair.nii", "", modality::FLAIR, Layout::brats2018},
  };
  for (const Expected& expected : table) {
    CAPTURE(expected.file);
    const auto name = parse_brats_name(std::filesystem::path("folder") / expected.file);
    REQUIRE(name.has_value());
    CHECK(name->case_id == expected.id);
    CHECK(name->channel == expected.channel);
    CHECK(name->layout == expected.layout);
  }
}

TEST_CASE("other files are none of a BraTS case") {
  for (const char* file : {"a_mask.nii.gz", "._a_t1.nii.gz", "a_t1.nii.gz.tmp", "a_t1.txt",
                           "survival_info.csv", "labels_124_int16.nii.gz", ".nii.gz", "nii.gz"}) {
    CAPTURE(file);
    CHECK_FALSE(parse_brats_name(file).has_value());
  }
}

TEST_CASE("a flat folder holds several cases") {
  const FoundCases found =
      find_brats_cases("all", in("all", {"a_t1.nii", "a_t1ce.nii", "a_t2.nii", "a_flair.nii",
                                         "b_t1.nii", "b_t1ce.nii", "b_t2.nii", "b_flair.nii"}));
  REQUIRE(found.cases.size() == 2);
  CHECK(found.problems.empty());
  CHECK(found.cases[1].id == "b");
  CHECK(found.cases[1].images[modality::T1ce] == std::filesystem::path("all") / "b_t1ce.nii");
  CHECK(found.cases[1].label.empty());
}

TEST_CASE("files named after modalities alone make one case named after the folder") {
  const FoundCases found = find_brats_cases(
      "x/patient 7", in("x/patient 7", {"t1.nii", "t1ce.nii", "t2.nii", "flair.nii", "seg.nii"}));
  REQUIRE(found.cases.size() == 1);
  CHECK(found.cases[0].id == "patient 7");
  CHECK(found.cases[0].label.filename() == "seg.nii");
}

TEST_CASE("two files for one modality are a problem that names both") {
  const FoundCases found = find_brats_cases("c", in("c", {"c_t1.nii", "c_t1.nii.gz", "c_t2.nii"}));
  REQUIRE(found.problems.size() == 1);
  CHECK(found.problems[0].case_id == "c");
  CHECK(holds(found.problems[0].message, "T1:", "c_t1.nii and", "c_t1.nii.gz"));
}

TEST_CASE("the misnamed label file of BraTS20_Training_355 belongs to its folder's case") {
  const std::string id = "BraTS20_Training_355";
  const FoundCases found =
      find_brats_cases(id, in(id, {id + "_flair.nii", id + "_t1.nii", id + "_t1ce.nii",
                                   id + "_t2.nii", "W39_1998.09.19_Segm.nii"}));
  REQUIRE(found.cases.size() == 1);
  CHECK(found.cases[0].id == id);
  CHECK(found.cases[0].label.filename() == "W39_1998.09.19_Segm.nii");
}

TEST_CASE("the layout decides the label scheme, and the user the layout") {
  const auto files = in("c", {"c_t1.nii", "c-t1n.nii"});
  const FoundCases old = find_brats_cases("c", files, Layout::brats2018);
  REQUIRE(old.cases.size() == 1);
  CHECK(old.cases[0].images[modality::T1].filename() == "c_t1.nii");
  CHECK(old.cases[0].scheme.name == "brats2018");
  CHECK(old.cases[0].scheme_from_values);
  const FoundCases recent = find_brats_cases("c", files, Layout::brats2023);
  REQUIRE(recent.cases.size() == 1);
  CHECK(recent.cases[0].images[modality::T1].filename() == "c-t1n.nii");
  CHECK(recent.cases[0].scheme.name == "brats2023");
  CHECK_FALSE(recent.cases[0].scheme_from_values);
}
