#include "glia/data/check.hpp"

#include <doctest/doctest.h>

#include "dataset_files.hpp"
#include "real_cases.hpp"
#include "small_case.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/nifti_bytes.hpp"

using namespace glia;
using namespace glia::test;

namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

const CaseCheck& find(const CheckReport& report, const std::string& id) {
  for (const CaseCheck& check : report.cases) {
    if (check.id == id) return check;
  }
  throw UsageError("no case " + id);
}

}  // namespace

TEST_CASE("a sound data set: layout, scheme, intensities, labels, geometry and exit code 0") {
  const TemporaryDirectory root;
  write_small_case(root.path(), "a");
  const CheckReport report = check_path(root.path());
  CHECK(report.exit_code() == 0);
  CHECK(holds(report.description, "layout brats2018: 1 cases, 1 with labels"));
  REQUIRE(report.cases.size() == 1);
  const CaseCheck& check = report.cases.front();
  CHECK(check.layout == "brats2018");
  CHECK(check.label_scheme == "brats2018");
  CHECK(check.label_values == LabelCounts{{0, 117}, {1, 1}, {2, 1}, {4, 1}});
  CHECK(check.extent == small_extent);
  CHECK(check.spacing == Spacing{1, 1, 1});
  CHECK(check.orientation == "LPS");
  // 24 voxels at (d, h, w) in [1, 2] x [1, 3] x [1, 4] hold 101 + 30 d + 6 h + w:
  // mean 101 + 45 + 12 + 2.5
  REQUIRE(check.images[modality::T1ce].has_value());
  CHECK(check.images[modality::T1ce]->minimum == 0);
  CHECK(check.images[modality::T1ce]->maximum == 101 + 60 + 18 + 4);
  CHECK(check.images[modality::T1ce]->mean == doctest::Approx(160.5));
  CHECK(check.images[modality::T1ce]->nonzero_fraction == doctest::Approx(24.0 / 120.0));
}

TEST_CASE(
    "every fault of every case is reported, and sound files beside them are still described") {
  const TemporaryDirectory root;
  write_small_case(root.path(), "good");
  const CaseFiles labels = write_small_case(root.path(), "labels");
  write_nifti_labels(labels.label, small_labels(9), brats_header());
  const CaseFiles two = write_small_case(root.path(), "two");
  std::filesystem::resize_file(two.images[modality::T1], 360);
  std::filesystem::remove(two.images[modality::FLAIR]);
  const CaseFiles twice = write_small_case(root.path(), "twice");
  std::filesystem::copy_file(twice.images[modality::T2],
                             twice.images[modality::T2].string() + ".gz");

  std::vector<double> done;
  const CheckReport report = check_path(
      root.path(), {.progress = [&](const Progress& progress) { done.push_back(progress.done); }});
  CHECK(report.exit_code() == 3);
  REQUIRE(report.cases.size() == 4);
  CHECK(done == std::vector<double>{0, 1, 2, 3});
  CHECK(find(report, "good").problems.empty());
  CHECK(holds(joined(find(report, "labels").problems), "labels_seg.nii", "got 9 (1 voxels)"));
  CHECK(find(report, "labels").images[modality::T1].has_value());
  const CaseCheck& both = find(report, "two");
  CHECK(both.problems.size() == 2);
  CHECK(holds(joined(both.problems), "two_t1.nii", "missing FLAIR"));
  CHECK_FALSE(both.images[modality::T1].has_value());
  CHECK(both.images[modality::T2].has_value());
  CHECK(holds(joined(find(report, "twice").problems), "twice_t2.nii and", "twice_t2.nii.gz"));
  CHECK(report.problem_count() == 4);
}

TEST_CASE("options reach the search and the reader") {
  const TemporaryDirectory root;
  const CaseFiles files = write_small_case(root.path(), "a");
  std::filesystem::remove(files.label);
  write_nifti_image(files.images[modality::T2], Volume<float>(small_extent), brats_header());
  CHECK(check_path(root.path()).exit_code() == 0);
  CHECK(check_path(root.path()).warning_count() == 1);
  const CheckReport strict =
      check_path(root / "a", {.find = {.require_labels = true}, .read = {.refuse_constant = true}});
  CHECK(strict.problem_count() == 2);
  CHECK(holds(joined(strict.cases.front().problems), "missing label file",
              "a_t2.nii: T2: got the one value"));
}

TEST_CASE("a folder without cases and a path that does not exist") {
  const TemporaryDirectory root;
  const CheckReport report = check_path(root.path());
  CHECK(report.exit_code() == 3);
  CHECK(holds(joined(report.problems), "found no cases"));
  CHECK_THROWS_AS((void)check_path(root / "none"), IoError);
}

TEST_CASE("single files: scans, labels and what is neither") {
  const TemporaryDirectory root;
  const CaseFiles files = write_small_case(root.path(), "a");
  const CheckReport scan = check_path(files.images[modality::T1]);
  CHECK(scan.exit_code() == 0);
  REQUIRE(scan.cases.size() == 1);
  CHECK(scan.cases[0].id == "a_t1.nii");
  CHECK(scan.cases[0].images[0]->maximum == 1 + 60 + 18 + 4);
  CHECK(scan.cases[0].label_values.empty());

  const CheckReport label = check_path(files.label);
  CHECK(label.cases[0].label_values == LabelCounts{{0, 117}, {1, 1}, {2, 1}, {4, 1}});
  CHECK(label.cases[0].label_scheme == "brats2018 or brats2013 or brats2024 or brats-ped");
  const CheckReport named = check_path(files.label, {.find = {.scheme = label_scheme("msd")}});
  CHECK(named.exit_code() == 3);
  CHECK(holds(joined(named.cases[0].problems), "a_seg.nii", "got 4 (1 voxels)", "'msd'"));

  write_text(root / "text.nii", "hello, this is no image");
  const CheckReport text = check_path(root / "text.nii");
  CHECK(text.exit_code() == 3);
  CHECK(holds(joined(text.cases[0].problems), "text.nii"));
}

TEST_CASE("a file of several frames: nothing says which of them is which modality") {
  const TemporaryDirectory root;
  NiftiBytes file;
  file.dims({4, 3, 2, 5});
  file.type(2, 8);
  for (int i = 0; i < 4 * 3 * 2 * 5; ++i) file.append(static_cast<std::uint8_t>(i / 24 + 1));
  file.save(root / "all.nii");
  const CheckReport report =
      check_path(root / "all.nii", {.find = {.scheme = label_scheme("msd")}});
  CHECK(report.exit_code() == 0);
  CHECK(holds(report.description, "5 frames", "dataset.json"));
  const CaseCheck& check = report.cases.front();
  CHECK(check.image_name(0) == "frame 0");
  CHECK(check.image_name(3) == "frame 3");
  CHECK(check.images[3]->maximum == 4);
  CHECK(check.label_values.empty());
}

TEST_CASE("warnings about the data set as a whole: mixed spacing, the same case twice") {
  const TemporaryDirectory root;
  write_small_case(root.path(), "a");
  CHECK(check_path(root.path()).warnings.empty());
  const CaseFiles same = write_small_case(root.path(), "b");
  const CaseFiles thick = write_small_case(root.path(), "c");
  Affine affine;
  affine.m = {{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 5, 0}}};
  const NiftiHeader header = make_nifti_header(small_extent, affine);
  for (const auto& image : thick.images)
    write_nifti_image(image, small_image(small_extent, 500), header);
  write_nifti_labels(thick.label, small_labels(), header);
  const CheckReport report = check_path(root.path());
  CHECK(report.exit_code() == 0);
  REQUIRE(report.warnings.size() == 2);
  CHECK(holds(report.warnings[0], "2 of 1x1x1 mm, 1 of 1x1x5 mm"));
  CHECK(holds(report.warnings[1], "cases a and b have the same images"));
  // ... and of the case whose four scans are one.
  CHECK(report.warning_count() == 2 + 6);
  CHECK(holds(joined(find(report, "c").warnings), (root / "c").string(),
              "T1 and T1ce are the same scan"));
}

TEST_CASE("a problem that the search and the reader both find is told once") {
  const TemporaryDirectory root;
  for (const std::string id : {"a", "b"}) {
    touch_all(root / id, id, names_2023);
    std::filesystem::remove(root / id / (id + "-seg.nii.gz"));
    write_nifti_labels(root / id / (id + "-seg.nii"), small_labels(id == "a" ? 3 : 4),
                       brats_header());
    for (const char* ending : {"-t1n", "-t1c", "-t2w", "-t2f"}) {
      std::filesystem::remove(root / id / (id + ending + ".nii.gz"));
      write_nifti_image(root / id / (id + ending + ".nii"),
                        small_image(small_extent, static_cast<float>(10 * ending[1] + ending[2])),
                        brats_header());
    }
  }
  const CheckReport report = check_path(root.path());
  CHECK(report.problem_count() == 2);
  CHECK(holds(joined(find(report, "a").problems), "case b of ", "expected one scheme"));
  CHECK(holds(joined(find(report, "b").problems), "got 4 (1 voxels)"));
}

TEST_CASE("images that belong to no case are in the report") {
  const TemporaryDirectory root;
  write_small_case(root.path(), "a");
  write_text(root / "a/a_mask.nii.gz");
  CHECK(check_path(root.path()).ignored == std::vector{root / "a/a_mask.nii.gz"});
}

#ifdef GLIA_SHARED_DATA
TEST_CASE("the real data sets: what is wrong and what is odd") {
  const std::filesystem::path data = GLIA_SHARED_DATA;
  const CheckReport report = check_path(data / "other");
  REQUIRE(report.cases.size() == 4);
  CHECK(report.exit_code() == 3);
  for (const char* id : {"deepmedic_brats_2013_pat0001_1", "deepmedic_brats_2013_pat0002_1"}) {
    const CaseCheck& check = find(report, id);
    CHECK(holds(joined(check.problems), "missing T1, T2,"));
    CHECK(holds(joined(check.warnings), "FLAIR has no voxel that is 0"));
    CHECK(check.images[modality::FLAIR].has_value());
    CHECK(check.label_scheme == "brats2013");
  }
  CHECK(holds(joined(find(report, "modelhub_brats18_patient_1").problems), "got 3 (15844 voxels)"));
  const CaseCheck& negative = find(report, "TCGA-FG-6692");
  CHECK(negative.problems.empty());
  const RealCase& oracle = real_cases[4];
  REQUIRE(oracle.folder == "other/TCGA-FG-6692");
  CHECK(negative.images[modality::T2]->minimum == -136);
  CHECK(negative.images[modality::T2]->mean ==
        doctest::Approx(oracle.images[modality::T2].mean).epsilon(1e-9));
  CHECK(negative.images[modality::T2]->nonzero_fraction ==
        doctest::Approx(static_cast<double>(oracle.images[modality::T2].nonzero) /
                        (240.0 * 240.0 * 155.0)));
}
#else
TEST_CASE("real cases") { MESSAGE("skipped: GLIA_SHARED_DATA is not defined"); }
#endif
