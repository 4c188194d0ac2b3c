#include "glia/data/case.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "glia/data/dataset.hpp"
#include "real_cases.hpp"
#include "small_case.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using namespace glia::test;

namespace {

std::string refusal(const CaseFiles& files, const ReadCaseOptions& options = {}) {
  return message_of<DataError>([&] { (void)read_case(files, options); });
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

/// The file order reversed along the first axis.
template <class T>
Volume<T> mirrored(const Volume<T>& volume) {
  Volume<T> result(volume.extent);
  for (index_t d = 0; d < volume.extent.d; ++d) {
    for (index_t h = 0; h < volume.extent.h; ++h) {
      for (index_t w = 0; w < volume.extent.w; ++w)
        result.at(d, h, volume.extent.w - 1 - w) = volume.at(d, h, w);
    }
  }
  return result;
}

/// RPS: the first axis of brats_header turned round, every place in space kept.
NiftiHeader mirrored_header() {
  Affine affine;
  affine.m = {{{1, 0, 0, -static_cast<double>(small_extent.w - 1)}, {0, -1, 0, 239}, {0, 0, 1, 0}}};
  return make_nifti_header(small_extent, affine);
}

}  // namespace

TEST_CASE("a sound case: images, labels, spacing, geometry, no warnings") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  const Case contents = read_case(files, {.require_label = true, .refuse_constant = true});
  CHECK(contents.id == "case");
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(contents.images[i].extent == small_extent);
    CHECK(contents.images[i].voxels ==
          small_image(small_extent, 100.0F * static_cast<float>(i)).voxels);
  }
  REQUIRE(contents.labels.has_value());
  CHECK(contents.labels->voxels == small_labels(label::ET).voxels);
  CHECK(contents.label_values == LabelCounts{{0, 117}, {1, 1}, {2, 1}, {4, 1}});
  CHECK(contents.spacing == Spacing{1, 1, 1});
  CHECK(contents.orientation.code() == "LPS");
  CHECK(contents.scheme.name == "brats2018");
  CHECK(joined(contents.warnings) == "");
}

TEST_CASE("missing images and labels are refused before anything is read") {
  const TemporaryDirectory folder;
  CaseFiles files = write_small_case(folder.path());
  files.images[modality::T2].clear();
  files.label.clear();
  const std::string message = refusal(files, {.require_label = true});
  CHECK(
      holds(message, "case case:", "missing T2,", "T1, T1ce, T2 and FLAIR", "missing label file"));
  files = write_small_case(folder.path());
  files.label.clear();
  CHECK_FALSE(read_case(files).labels.has_value());
}

TEST_CASE("another shape: both files and both shapes") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  const Extent other{4, 5, 7};
  write_nifti_image(files.images[modality::T2], small_image(other), brats_header(other));
  CHECK(holds(refusal(files), "case_t2.nii and ", "case_t1.nii: shape", "got 7x5x4 and 6x5x4"));
  write_small_case(folder.path());
  write_nifti_labels(files.label, small_labels(4, other), brats_header(other));
  CHECK(holds(refusal(files), "case_seg.nii and ", "case_t1.nii: shape", "got 7x5x4 and 6x5x4"));
}

TEST_CASE(
    "pixdim of one file that its sform contradicts is a warning: the affine has the spacing") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  for (const std::size_t changed : {modality::T1, modality::FLAIR}) {
    patch(files.images[changed], field::pixdim + 12, 1.5F);
    const Case contents = read_case(files);
    CHECK(contents.spacing == Spacing{1, 1, 1});
    CHECK(holds(joined(contents.warnings), files.images[changed].string(),
                "pixdim[3] is 1.5 mm but the affine has 1 mm: the affine is used"));
  }
}

TEST_CASE("another spacing or place beyond the tolerance") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  patch(files.images[modality::FLAIR], field::srow_z + 8, 1.5F);
  CHECK(holds(refusal(files), "case_flair.nii and ",
              "case_t1.nii: spacing: got 1x1x1.5 mm and 1x1x1 mm, expected one spacing"));

  write_small_case(folder.path());
  patch(files.images[modality::T1ce], field::srow_z + 12, 0.5F);
  CHECK(holds(refusal(files), "case_t1ce.nii and ", "affine", "0.5", "at most 0.1"));
  CHECK(read_case(files, {.affine_tolerance = 0.6}).id == "case");

  write_small_case(folder.path());
  patch(files.images[modality::T1ce], field::srow_z + 12, 0.05F);
  CHECK(read_case(files).id == "case");
}

TEST_CASE("voxels in another order with the affine to match are the same case") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  const Case straight = read_case(files);
  SUBCASE("all files") {
    for (std::size_t i = 0; i < 4; ++i) {
      write_nifti_image(files.images[i], mirrored(straight.images[i]), mirrored_header());
    }
    write_nifti_labels(files.label, mirrored(small_labels()), mirrored_header());
    const Case turned = read_case(files);
    CHECK(turned.orientation.code() == "RPS");
    for (std::size_t i = 0; i < 4; ++i) CHECK(turned.images[i].voxels == straight.images[i].voxels);
    CHECK(turned.labels->voxels == straight.labels->voxels);
    CHECK(holds(joined(turned.warnings), "got RPS", "LPS"));
    CHECK(from_canonical(*turned.labels, turned.orientation).voxels ==
          mirrored(small_labels(label::ET)).voxels);
  }
  SUBCASE("one file") {
    write_nifti_image(files.images[modality::T2], mirrored(straight.images[modality::T2]),
                      mirrored_header());
    const Case mixed = read_case(files);
    CHECK(mixed.images[modality::T2].voxels == straight.images[modality::T2].voxels);
    CHECK(holds(joined(mixed.warnings), "case_t2.nii: orientation RPS differs from LPS"));
  }
}

TEST_CASE("files of an oblique case agree on one orientation") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  const Case straight = read_case(files);
  SUBCASE("at 45 degrees, where sform and qform round differently") {
    const double half = std::sqrt(0.5);
    const NiftiHeader header = make_nifti_header(
        small_extent, {{{{-1, 0, 0, 0}, {0, -half, -3 * half, 0}, {0, -half, 3 * half, 0}}}});
    for (std::size_t i = 0; i < 4; ++i)
      write_nifti_image(files.images[i], straight.images[i], header);
    for (const auto& image : files.images) patch(image, field::qform_code, std::int16_t{0});
    write_nifti_labels(files.label, small_labels(), header);
    patch(files.label, field::sform_code, std::int16_t{0});
    REQUIRE(read_nifti_header(files.label).affine != read_nifti_header(files.images[0]).affine);
    const Case oblique = read_case(files);
    CHECK(oblique.orientation.code() == "LPS");
    CHECK(oblique.labels->voxels == straight.labels->voxels);
    CHECK(oblique.spacing.d == doctest::Approx(3));
  }
  SUBCASE("turned about two axes, the label in another order of the voxels") {
    // 40 degrees about x, then about z.
    const double c = std::cos(0.698132), s = std::sin(0.698132);
    const Affine affine{{{{-c, s * c, s * s, 0}, {-s, -c * c, -c * s, 0}, {0, -s, c, 0}}}};
    for (std::size_t i = 0; i < 4; ++i)
      write_nifti_image(files.images[i], straight.images[i],
                        make_nifti_header(small_extent, affine));
    // Axes j and k exchanged.
    Affine other;
    for (std::size_t r = 0; r < 3; ++r)
      other.m[r] = {affine.m[r][0], affine.m[r][2], affine.m[r][1], 0};
    LabelVolume turned({small_extent.h, small_extent.d, small_extent.w});
    const LabelVolume labels = small_labels();
    for (index_t d = 0; d < small_extent.d; ++d) {
      for (index_t h = 0; h < small_extent.h; ++h) {
        for (index_t w = 0; w < small_extent.w; ++w) turned.at(h, d, w) = labels.at(d, h, w);
      }
    }
    write_nifti_labels(files.label, turned, make_nifti_header(turned.extent, other));
    const Case oblique = read_case(files);
    CHECK(oblique.orientation.code() == "LPS");  // as nibabel 5.4.2
    CHECK(oblique.labels->voxels == straight.labels->voxels);
    CHECK(holds(joined(oblique.warnings), "case_seg.nii: orientation LSP differs from LPS"));
  }
}

TEST_CASE("left and right exchanged in the affine alone") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  SUBCASE("of one file: refused with both orientations") {
    patch(files.images[modality::T2], field::srow_x, 1.0F);
    CHECK(holds(refusal(files), "case_t2.nii and ", "affine", "orientations RPS and LPS"));
  }
  SUBCASE("of all files: a warning with both orientations") {
    for (const auto& image : files.images) patch(image, field::srow_x, 1.0F);
    patch(files.label, field::srow_x, 1.0F);
    CHECK(holds(joined(read_case(files).warnings), "case_t1.nii", "got RPS", "LPS",
                "left and right"));
  }
}

TEST_CASE("sform and qform that disagree, and neither of them, are warnings that name the file") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  SUBCASE("disagree") {
    for (const auto& image : files.images) patch(image, field::srow_z + 12, 30.0F);
    patch(files.label, field::srow_z + 12, 30.0F);
    CHECK(holds(joined(read_case(files).warnings), "case_flair.nii", "qform", "sform"));
  }
  SUBCASE("neither") {
    for (const auto& image : files.images) patch(image, field::qform_code, std::int32_t{0});
    patch(files.label, field::qform_code, std::int32_t{0});
    const Case contents = read_case(files);
    CHECK(contents.spacing == Spacing{1, 1, 1});
    CHECK(holds(joined(contents.warnings), "case_t1.nii", "qform"));
  }
}

TEST_CASE("anisotropic spacing is told in the order d, h, w") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  Affine affine;
  affine.m = {{{-0.5, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 5, 0}}};
  const NiftiHeader header = make_nifti_header(small_extent, affine);
  for (const auto& image : files.images) write_nifti_image(image, small_image(), header);
  write_nifti_labels(files.label, small_labels(), header);
  CHECK(read_case(files).spacing == Spacing{.d = 5, .h = 1, .w = 0.5});
}

TEST_CASE("NaN voxels are refused, or become 0 with a warning") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  const index_t bad = 2 * 30 + 2 * 6 + 2;
  patch(files.images[modality::T1ce], field::voxels + 4 * bad,
        std::numeric_limits<float>::quiet_NaN());
  CHECK(holds(refusal(files), "case_t1ce.nii", "1 "));
  const Case contents = read_case(files, {.nonfinite = NonFinite::zero});
  CHECK(contents.images[modality::T1ce].at(2, 2, 2) == 0);
  CHECK(holds(joined(contents.warnings), "case_t1ce.nii"));
}

TEST_CASE("constant images: refused for training, a warning for prediction") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  for (const float value : {0.0F, 7.0F}) {
    write_nifti_image(files.images[modality::FLAIR], Volume<float>(small_extent, value),
                      brats_header());
    CHECK(holds(refusal(files, {.refuse_constant = true}), "case_flair.nii: FLAIR",
                std::to_string(value)));
    CHECK(holds(joined(read_case(files).warnings), "case_flair.nii: FLAIR", std::to_string(value)));
  }
  CHECK(holds(joined(read_case(files).warnings), "no voxel that is 0"));
}

TEST_CASE("labels without tumour are accepted with a warning") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  write_nifti_labels(files.label, LabelVolume(small_extent), brats_header());
  const Case contents = read_case(files, {.require_label = true, .refuse_constant = true});
  CHECK(contents.labels->voxels == LabelVolume(small_extent).voxels);
  CHECK(holds(joined(contents.warnings), "case_seg.nii: no voxel is tumour"));
}

TEST_CASE("the values of a label file choose the scheme or are refused") {
  const TemporaryDirectory folder;
  CaseFiles files = write_small_case(folder.path());
  LabelVolume labels = small_labels(4);
  labels.at(2, 1, 1) = 3;
  write_nifti_labels(files.label, labels, brats_header());
  CHECK(read_case(files).scheme.name == "brats2013");
  CHECK(read_case(files).labels->at(2, 1, 1) == label::NCR);

  write_nifti_labels(files.label, small_labels(3), brats_header());
  CHECK(holds(refusal(files), "case_seg.nii", "got 3 (1 voxels)", "'brats2018'", "brats2023",
              "msd, modelhub"));
  files.scheme = label_scheme("modelhub");
  files.scheme_from_values = false;
  CHECK(read_case(files).labels->at(2, 3, 4) == label::NCR);
  CHECK(read_case(files).labels->at(1, 2, 3) == label::ET);
}

TEST_CASE("labels are rounded within 1e-3 of an integer, fractions are refused") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  Volume<float> labels(small_extent);
  labels.at(1, 1, 1) = 0.9999F;
  labels.at(1, 2, 3) = 2.5F;
  write_nifti_image(files.label, labels, brats_header());
  CHECK(holds(refusal(files), "case_seg.nii", "2.5", "integers"));
  labels.at(1, 2, 3) = 4.0004F;
  write_nifti_image(files.label, labels, brats_header());
  CHECK(read_case(files).labels->at(1, 1, 1) == label::NCR);
  CHECK(read_case(files).labels->at(1, 2, 3) == label::ET);
}

TEST_CASE("every fault of a case is in one message") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  patch(files.images[modality::T2], field::srow_z + 12, 9.0F);
  std::filesystem::resize_file(files.images[modality::FLAIR], 400);
  write_nifti_labels(files.label, small_labels(7), brats_header());
  const std::string message = refusal(files);
  CHECK(holds(message, "case case: ", "case_t2.nii", "affine", "case_flair.nii", "case_seg.nii",
              "got 7"));
}

TEST_CASE("a file that vanished is an I/O error") {
  const TemporaryDirectory folder;
  const CaseFiles files = write_small_case(folder.path());
  std::filesystem::remove(files.images[modality::T1]);
  CHECK(holds(message_of<IoError>([&] { (void)read_case(files); }), "case case: ", "case_t1.nii",
              "No such file"));
}

TEST_CASE("the Decathlon's case is four frames of one file") {
  const TemporaryDirectory folder;
  CaseFiles files = write_small_case(folder.path());
  // Four frames that follow each other in a file are one volume of four times the planes, but for
  // the header.
  Volume<float> frames({4 * small_extent.d, small_extent.h, small_extent.w});
  for (std::size_t frame = 0; frame < 4; ++frame) {
    const auto image = small_image(small_extent, 1000.0F * static_cast<float>(frame));
    std::copy(image.voxels.begin(), image.voxels.end(),
              frames.voxels.begin() + static_cast<std::ptrdiff_t>(frame * image.voxels.size()));
  }
  const auto file = folder / "four.nii";
  write_nifti_image(file, frames, brats_header(frames.extent));
  patch(file, field::dim, std::int16_t{4});
  patch(file, field::dim + 6, static_cast<std::int16_t>(small_extent.d));
  patch(file, field::dim + 8, std::int16_t{4});
  CHECK(holds(refusal({.id = "x", .images = {file, file, file, file}}),
              "four.nii: frames: got 4, expected 1"));

  files.layout = Layout::msd;
  files.images.fill(file);
  files.frame = {1, 2, 3, 0};
  files.scheme = label_scheme("msd");
  files.scheme_from_values = false;
  write_nifti_labels(files.label, small_labels(3), brats_header());
  const Case contents = read_case(files);
  const std::array<float, 4> offsets{1000, 2000, 3000, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(contents.images[i].voxels == small_image(small_extent, offsets[i]).voxels);
  }
  CHECK(contents.labels->at(1, 1, 1) == label::ED);
  CHECK(contents.labels->at(1, 2, 3) == label::NCR);

  files.label.clear();
  patch(file, field::qform_code, std::int32_t{0});
  CHECK(read_case(files).warnings.size() == 1);  // the file is read once

  files.images.fill(write_small_case(folder.path()).images[modality::T1]);
  CHECK(holds(refusal(files), "case_t1.nii: frames: got 1, expected at least 2 for T1"));
}

TEST_CASE("a tolerance that would let a mirrored file pass is refused") {
  const TemporaryDirectory root;
  const CaseFiles files = write_small_case(root.path());
  for (const double tolerance : {-1.0, 10.1, 1000.0, std::nan("")}) {
    CAPTURE(tolerance);
    CHECK(holds(
        message_of<UsageError>([&] { (void)read_case(files, {.affine_tolerance = tolerance}); }),
        "affine tolerance", "0 to 10 mm", "mirrored"));
  }
  CHECK_NOTHROW((void)read_case(files, {.affine_tolerance = 10}));
}

TEST_CASE("what looks like a mistake in a sound case is a warning that names its folder") {
  const TemporaryDirectory root;
  const CaseFiles files = write_small_case(root.path());
  CHECK(read_case(files).warnings.empty());
  std::filesystem::copy_file(files.images[modality::T1], files.images[modality::T2],
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(holds(joined(read_case(files).warnings), (root / "case").string(),
              "T1 and T2 are the same scan"));
}

#ifdef GLIA_SHARED_DATA
TEST_CASE("real cases read as nibabel reads them") {
  for (const RealCase& real : real_cases) {
    CAPTURE(real.folder);
    const bool is_modelhub = real.folder.find("modelhub") != std::string::npos;
    FindCasesOptions options;
    if (is_modelhub) options.scheme = label_scheme("modelhub");
    const Dataset dataset =
        find_cases(std::filesystem::path(GLIA_SHARED_DATA) / real.folder, options);
    REQUIRE(dataset.cases.size() == 1);
    const Case contents = read_case(dataset.cases.front());
    CHECK(contents.orientation.code() == real.orientation);
    CHECK(contents.spacing == Spacing{1, 1, 1});
    CHECK(contents.label_values == real.labels);
    CHECK(contents.labels.has_value() == !real.labels.empty());
    for (std::size_t i = 0; i < 4; ++i) {
      CAPTURE(i);
      CHECK(contents.images[i].extent == real.extent);
      const auto& voxels = contents.images[i].voxels;
      CHECK(*std::min_element(voxels.begin(), voxels.end()) ==
            static_cast<float>(real.images[i].minimum));
      CHECK(*std::max_element(voxels.begin(), voxels.end()) ==
            static_cast<float>(real.images[i].maximum));
    }
    if (real.labels.empty()) continue;
    for (const auto& [value, count] : real.labels) {
      const auto internal = contents.scheme.label_of(value);
      CHECK(std::count(contents.labels->voxels.begin(), contents.labels->voxels.end(), *internal) ==
            count);
    }
  }
}

TEST_CASE("a real case whose labels fit several schemes is refused without a named one") {
  const Dataset dataset =
      find_cases(std::filesystem::path(GLIA_SHARED_DATA) / "other/modelhub_brats18_patient_1");
  REQUIRE(dataset.cases.size() == 1);
  CHECK(holds(refusal(dataset.cases.front()), "got 3 (15844 voxels)", "brats2023", "msd",
              "modelhub"));
}
#else
TEST_CASE("real cases") { MESSAGE("skipped: GLIA_SHARED_DATA is not defined"); }
#endif
