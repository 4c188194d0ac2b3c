#include "glia/data/brats_layouts.hpp"

#include <doctest/doctest.h>

#include <algorithm>

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
  CHECK(found.problems.empty());
}

TEST_CASE("the label file of another patient is a problem that names both") {
  const auto with_label = [](const std::string& id, const std::string& label) {
    return find_brats_cases(
        id, in(id, {id + "-t1n.nii", id + "-t1c.nii", id + "-t2w.nii", id + "-t2f.nii", label}));
  };
  const std::string id = "BraTS-GLI-00000-000";
  for (const std::string other :
       {"BraTS-GLI-00001-000-seg.nii", "BraTS-GLI-00000-001-seg.nii",
        "BraTS-GLI-00000-000-1-seg.nii", "W39_1998.09.19_Segm.nii", "x_seg.nii"}) {
    CAPTURE(other);
    const FoundCases found = with_label(id, other);
    REQUIRE(found.cases.size() == 1);
    CHECK(found.cases[0].label.empty());
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0].case_id == id);
    CHECK(found.problems[0].of_label);
    CHECK(holds(found.problems[0].message, other, "'" + id + "'"));
  }
  for (const std::string& own :
       {id + "-seg.nii", std::string("seg.nii"), std::string("brats_gli_00000_000_seg.nii"),
        id + "-tumor-seg.nii", id + "_automated_approx_segm.nii"}) {
    CAPTURE(own);
    const FoundCases found = with_label(id, own);
    REQUIRE(found.cases.size() == 1);
    CHECK(found.cases[0].label.filename() == own);
    CHECK(found.problems.empty());
  }
}

TEST_CASE("in a flat folder a label file belongs to the case that it names") {
  const FoundCases found =
      find_brats_cases("all", in("all", {"a_t1.nii", "b_t1.nii", "b_BraTS_seg.nii", "c_seg.nii"}));
  REQUIRE(found.cases.size() == 3);
  CHECK(found.problems.empty());
  CHECK(found.cases[0].label.empty());
  CHECK(found.cases[1].label.filename() == "b_BraTS_seg.nii");
  CHECK(found.cases[2].id == "c");
  CHECK(found.cases[2].label.filename() == "c_seg.nii");
}

TEST_CASE("file names of public data sets") {
  struct Expected {
    const char* name;
    std::vector<std::string> files;  // T1, T1ce, T2, FLAIR, label
    const char* id;
  };
  const Expected table[] = {
      {"UCSF-PDGM",
       {"P-4_T1.nii.gz", "P-4_T1c.nii.gz", "P-4_T2.nii.gz", "P-4_FLAIR.nii.gz",
        "P-4_tumor_segmentation.nii.gz"},
       "P-4"},
      {"UPENN-GBM",
       {"U_11_T1.nii.gz", "U_11_T1GD.nii.gz", "U_11_T2.nii.gz", "U_11_FLAIR.nii.gz",
        "U_11_segm.nii.gz"},
       "U_11"},
      {"BraTS Toolkit",
       {"e_t1.nii.gz", "e_t1c.nii.gz", "e_t2.nii.gz", "e_fla.nii.gz", "e_seg.nii.gz"},
       "e"},
      {"LUMIERE", {"T1.nii.gz", "CT1.nii.gz", "T2.nii.gz", "FLAIR.nii.gz", "seg.nii.gz"}, "week-0"},
      {"capitals",
       {"P_T1.NII.GZ", "P_T1CE.NII.GZ", "P_T2.NII", "P_FLAIR.NII.GZ", "P_SEG.NII.GZ"},
       "P"},
      {"compound names",
       {"x_T1.nii", "x_T1-CE.nii", "x_T2.nii", "x_T2_FLAIR.nii", "x_seg.nii"},
       "x"},
      {"an id like a compound name",
       {"p_T2_t1.nii", "p_T2_t1ce.nii", "p_T2_t2.nii", "p_T2_flair.nii", "p_T2_seg.nii"},
       "p_T2"},
  };
  for (const Expected& expected : table) {
    CAPTURE(expected.name);
    std::vector<std::string> names = expected.files;
    std::sort(names.begin(), names.end());
    // The labels of UCSF-PDGM have a name that only their user can tell from other masks.
    const FoundCases found = find_brats_cases("week-0", in("week-0", names), Layout::automatic,
                                              {{"tumor_segmentation", std::nullopt}});
    CHECK(found.problems.empty());
    REQUIRE(found.cases.size() == 1);
    const CaseFiles& files = found.cases[0];
    CHECK(files.id == expected.id);
    for (std::size_t i = 0; i < 4; ++i) CHECK(files.images[i].filename() == expected.files[i]);
    CHECK(files.label.filename() == expected.files[4]);
    CHECK(files.layout == Layout::brats2018);
    CHECK(files.scheme_problem.empty());
  }
}

TEST_CASE("names of two layouts in one case leave the label scheme open") {
  const FoundCases found = find_brats_cases(
      "c", in("c", {"c-t1n.nii", "c-t1c.nii", "c-t2w.nii", "c_flair.nii", "c-seg.nii"}));
  REQUIRE(found.cases.size() == 1);
  CHECK(holds(found.cases[0].scheme_problem, "two layouts", "c_flair.nii (brats2018)",
              "c-t2w.nii (brats2023)"));
}

TEST_CASE("names that the user gives come before all others") {
  const std::vector<FileName> own{{"t1_pre_bias", modality::T1},
                                  {"bravo", modality::T1ce},
                                  {"brain-t2", modality::T2},
                                  {"ROI", std::nullopt}};
  const FoundCases found =
      find_brats_cases("c",
                       in("c", {"c_T1_pre_bias.nii", "c_Bravo.nii", "c_brain_t2.nii", "c_flair.nii",
                                "c_roi.nii", "c_other.nii"}),
                       Layout::automatic, own);
  CHECK(found.problems.empty());
  REQUIRE(found.cases.size() == 1);
  const CaseFiles& files = found.cases[0];
  CHECK(files.id == "c");
  CHECK(files.images[modality::T1].filename() == "c_T1_pre_bias.nii");
  CHECK(files.images[modality::T1ce].filename() == "c_Bravo.nii");
  CHECK(files.images[modality::T2].filename() == "c_brain_t2.nii");
  CHECK(files.images[modality::FLAIR].filename() == "c_flair.nii");
  CHECK(files.label.filename() == "c_roi.nii");
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
