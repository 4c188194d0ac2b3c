// The faults D01 to D25 of data sets, from outside: exit code, message, and that nothing half-done
// stays behind.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

constexpr NiftiOffsets at = nifti1_offsets;
constexpr std::size_t voxels_at = 352;

bool holds_all(const std::string& text, const std::vector<std::string>& parts) {
  return std::ranges::all_of(parts, [&](const std::string& part) { return holds(text, part); });
}

/// A fault of the case with index 1 and what every message about it must hold.
struct Fault {
  std::string name;
  std::function<void(const Phantoms&)> damage;
  std::vector<std::string> message;
};

void write_text_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::remove_all(path);
  std::ofstream(path, std::ios::binary) << text;
}

void change_bytes(const std::filesystem::path& path,
                  const std::function<void(std::string&)>& change) {
  std::string bytes = read_text(path);
  change(bytes);
  write_text_file(path, bytes);
}

/// Faults of the images: they stop training and segmentation alike.
const std::vector<Fault> image_faults{
    {"D01 a modality is missing",
     [](const Phantoms& p) { std::filesystem::remove(p.file(1, "t2f")); },
     {"missing FLAIR", "expected"}},
    {"D02 two files are the same modality",
     [](const Phantoms& p) {
       const auto packed = p.file(1, "t1c");
       write_file_atomically(packed.parent_path() / packed.stem(),
                             gzip_decompress(read_file(packed)));
     },
     {"T1ce", "-t1c.nii.gz", "-t1c.nii and", "expected one"}},
    {"D04 extents differ",
     [](const Phantoms& p) {
       const Extent smaller{20, 22, 23};
       write_nifti_image(p.file(1, "t2w"), Volume<float>(smaller, 1.0F),
                         make_nifti_header(smaller, read_nifti_header(p.file(1, "t2w")).affine));
     },
     {"-t2w.nii.gz", "-t1n.nii.gz", "shape", "23x22x20", "24x22x20"}},
    {"D05 spacings differ",
     [](const Phantoms& p) { NiftiDamage(p.file(1, "t2f")).put(at.srow, -1.25F).save(); },
     {"-t2f.nii.gz", "-t1n.nii.gz", "spacing", "1.25x1x1 mm", "expected one spacing"}},
    {"D05 affines differ",
     [](const Phantoms& p) { NiftiDamage(p.file(1, "t2f")).put(at.srow + 12, 5.0F).save(); },
     {"-t2f.nii.gz", "-t1n.nii.gz", "affine", "5.0", "expected at most 0.1"}},
    {"D10 singular affine",
     [](const Phantoms& p) {
       NiftiDamage file(p.file(1, "t1n"));
       for (std::size_t i = 0; i < 4; ++i) file.put(at.srow + 32 + 4 * i, 0.0F);
       file.save();
     },
     {"-t1n.nii.gz", "sform"}},
    {"D11 voxels are not finite",
     [](const Phantoms& p) {
       rewrite(p.file(1, "t2w"), [](std::vector<float>& voxels) {
         voxels[24 * 22 * 3 + 24 * 2 + 1] = std::numeric_limits<float>::quiet_NaN();
         voxels[24 * 22 * 4] = std::numeric_limits<float>::infinity();
       });
     },
     {"-t2w.nii.gz", "2 of 10560 voxels", "(1, 2, 3)"}},
    {"D17 cut in half",
     [](const Phantoms& p) {
       change_bytes(p.file(1, "t1c"), [](std::string& b) { b.resize(b.size() / 2); });
     },
     {"-t1c.nii.gz", "unexpected end"}},
    {"D17 a flipped bit",
     [](const Phantoms& p) {
       change_bytes(p.file(1, "t1c"), [](std::string& b) {
         b[b.size() / 2] = static_cast<char>(b[b.size() / 2] ^ 4);
       });
     },
     {"-t1c.nii.gz", "gzip"}},
    {"D17 wrong check sum",
     [](const Phantoms& p) {
       change_bytes(p.file(1, "t1c"), [](std::string& b) {
         b[b.size() - 8] = static_cast<char>(b[b.size() - 8] ^ 1);
       });
     },
     {"-t1c.nii.gz", "gzip"}},
    {"D19 an axis of length 0",
     [](const Phantoms& p) {
       NiftiDamage(p.file(1, "t1n")).put(at.dim + 4, std::int16_t{0}).save();
     },
     {"-t1n.nii.gz", "dim[2]", "got 0", "expected at least 1"}},
    {"D19 an axis of negative length",
     [](const Phantoms& p) {
       NiftiDamage(p.file(1, "t1n")).put(at.dim + 2, std::int16_t{-24}).save();
     },
     {"-t1n.nii.gz", "dim[1]", "got -24", "expected at least 1"}},
    {"D19 voxels inside the header",
     [](const Phantoms& p) { NiftiDamage(p.file(1, "t1n")).put(at.vox_offset, 100.0F).save(); },
     {"-t1n.nii.gz", "vox_offset", "got 100", "expected at least 352"}},
    {"D19 vox_offset is not a number",
     [](const Phantoms& p) {
       NiftiDamage(p.file(1, "t1n"))
           .put(at.vox_offset, std::numeric_limits<float>::quiet_NaN())
           .save();
     },
     {"-t1n.nii.gz", "vox_offset", "got nan"}},
    {"D19 bitpix and datatype disagree",
     [](const Phantoms& p) {
       NiftiDamage(p.file(1, "t1n")).put(at.bitpix, std::int16_t{32}).save();
     },
     {"-t1n.nii.gz", "bitpix", "got 32", "expected 16"}},
    {"D20 a web page",
     [](const Phantoms& p) {
       write_text_file(p.file(1, "t2w"), "<!DOCTYPE html><html>404 not found</html>");
     },
     {"-t2w.nii.gz", "not a NIfTI file", "<!DOCTYPE html>"}},
    {"D20 an empty file",
     [](const Phantoms& p) { write_text_file(p.file(1, "t2w"), ""); },
     {"-t2w.nii.gz", "empty"}},
};

/// A refusal names the case and its folder beside what the fault is about.
void check_refusal(const Phantoms& p, const Fault& fault, const Outcome& outcome, int code) {
  CAPTURE(outcome.err);
  CHECK(outcome.code == code);
  CHECK(holds(outcome.err, "case " + Phantoms::id(1)));
  CHECK(holds(outcome.err, p.home(1).string()));
  CHECK(holds_all(outcome.err, fault.message));
}

}  // namespace

TEST_CASE(
    "faulty images: check, train and segment end with code 3 and a full message, --keep-going does "
    "the others") {
  for (const Fault& fault : image_faults) {
    CAPTURE(fault.name);
    const Phantoms p;
    fault.damage(p);
    const Outcome checked = p.check();
    CAPTURE(checked.out);
    CHECK(checked.code == 3);
    CHECK(holds(checked.out, Phantoms::id(1) + ":"));
    CHECK(holds_all(checked.out, fault.message));
    CHECK(holds(checked.out, "1 problem(s)"));

    check_refusal(p, fault, p.train("other"), 3);
    CHECK_FALSE(std::filesystem::exists(p / "other"));

    const Outcome others = p.segment("labels", {"--keep-going"});
    check_refusal(p, fault, others, 7);
    CHECK(names_in(p / "labels") ==
          std::vector<std::string>{Phantoms::id(0) + ".nii.gz", Phantoms::id(2) + ".nii.gz"});
  }
}

TEST_CASE("a faulty case does not stop training with --keep-going, which ends with code 7") {
  for (const Fault& fault : {image_faults[0], image_faults[6]}) {
    CAPTURE(fault.name);
    const Phantoms p;
    fault.damage(p);
    check_refusal(p, fault, p.train("other", {"--keep-going"}), 7);
    CHECK(names_in(p / "other") == std::vector<std::string>{"best.safetensors", "config.toml",
                                                            "history.csv", "last.safetensors",
                                                            "times.csv"});
  }
}

TEST_CASE("D01: every incomplete case is listed before any work") {
  const Phantoms p;
  std::filesystem::remove(p.file(0, "t1n"));
  std::filesystem::remove(p.file(0, "t2f"));
  std::filesystem::remove(p.file(2, "t2w"));
  for (const Outcome& outcome : {p.train("other"), p.segment("labels")}) {
    CHECK(outcome.code == 3);
    CHECK(holds(outcome.err, "case " + Phantoms::id(0), "missing T1, FLAIR",
                "case " + Phantoms::id(2), "missing T2"));
    CHECK(holds(outcome.err, "2 problem(s)"));
  }
  CHECK(names_in(p / "labels").empty());
  CHECK_FALSE(std::filesystem::exists(p / "other"));
}

TEST_CASE("D03: a missing label file stops training and evaluation, not segmentation") {
  const Phantoms p;
  std::filesystem::remove(p.file(1, "seg"));
  CHECK(p.check().code == 0);
  CHECK(p.check({"--require-labels"}).code == 3);
  const Outcome training = p.train("other");
  CHECK(training.code == 3);
  CHECK(holds(training.err, "case " + Phantoms::id(1), "missing label file"));
  CHECK(p.segment("labels").code == 0);
  const Outcome scores = p.run({"evaluate", p / "labels", p.data()});
  CHECK(scores.code == 3);
  CHECK(holds(scores.err, Phantoms::id(1), "missing label file"));
  CHECK(p.run({"evaluate", p / "labels", p.data(), "--keep-going"}).code == 7);
}

TEST_CASE("D05: --affine-tolerance says how far voxels may lie apart") {
  const Phantoms p;
  NiftiDamage(p.file(1, "t2f")).put(at.srow + 12, 5.0F).save();
  CHECK(p.check().code == 3);
  CHECK(p.check({"--affine-tolerance", "5.5"}).code == 0);
  CHECK(p.segment("labels", {"--affine-tolerance", "5.5"}).code == 0);
}

TEST_CASE("D07: left and right exchanged in the affine alone is a warning with both codes") {
  const Phantoms p;
  for (const char* suffix : phantom_suffixes)
    NiftiDamage(p.file(1, suffix)).put(at.srow, 1.0F).save();
  const Outcome outcome = p.check();
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.out, "warning: ", "RPS", "LPS", "left and right"));
}

TEST_CASE(
    "D08, D09, D10: forms that disagree, that are missing and that are slightly oblique are "
    "warnings") {
  const Phantoms p;
  NiftiDamage(p.file(0, "t1n")).put(at.qoffset, 40.0F).save();
  for (const char* suffix : phantom_suffixes) {
    NiftiDamage(p.file(1, suffix))
        .put(at.qform_code, std::int16_t{0})
        .put(at.sform_code, std::int16_t{0})
        .save();
    NiftiDamage(p.file(2, suffix)).put(at.srow + 4, 0.02F).save();
  }
  const Outcome outcome = p.check();
  CAPTURE(outcome.out);
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.out, "qform and sform", "right angles"));
  const Outcome segmented = p.segment("labels");
  CHECK(segmented.code == 0);
  CHECK(names_in(p / "labels").size() == 3);
  for (int i = 0; i < 3; ++i) {
    const NiftiDamage input(p.file(i, "t1n")), output(p / "labels" / (Phantoms::id(i) + ".nii.gz"));
    for (std::size_t byte = at.qform_code; byte < at.srow + 48; ++byte)
      CHECK(input.bytes[byte] == output.bytes[byte]);
  }
}

TEST_CASE("D11: --zero-nonfinite reads such voxels as 0 and says so") {
  const Phantoms p;
  image_faults[6].damage(p);
  const Outcome outcome = p.segment("labels", {"--zero-nonfinite"});
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.err, "2 of 10560 voxels", "taken as 0"));
  CHECK(p.check({"--zero-nonfinite"}).code == 0);
}

TEST_CASE("D12: images without content are refused for training and warned about in segmentation") {
  const Phantoms p;
  const auto clear = [](std::vector<float>& voxels) { std::ranges::fill(voxels, 0.0F); };
  rewrite(p.file(1, "t1c"), clear);
  const Outcome training = p.train("other");
  CHECK(training.code == 3);
  CHECK(holds(training.err, "case " + Phantoms::id(1), "-t1c.nii.gz", "T1ce", "got the one value 0",
              "expected a scan"));
  for (const char* suffix : {"t1n", "t1c", "t2w", "t2f"}) rewrite(p.file(2, suffix), clear);
  const Outcome outcome = p.segment("labels");
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.err, "warning: ", "-t1c.nii.gz", "in all voxels"));
  const NiftiImage empty = read_nifti(p / "labels" / (Phantoms::id(2) + ".nii.gz"));
  CHECK(std::ranges::count(empty.frames.front().voxels, 0.0F) == 10560);
}

TEST_CASE("D13: a case without tumour is trained on and scored with defined numbers") {
  const Phantoms p;
  rewrite(p.file(1, "seg"), [](std::vector<float>& voxels) { std::ranges::fill(voxels, 0.0F); });
  CHECK(p.train("other", {"--validation", Phantoms::id(1)}).code == 0);
  CHECK(holds(read_text(p / "other" / "history.csv"), "dice_WT"));
  CHECK_FALSE(holds(read_text(p / "other" / "history.csv"), "nan"));
  const Outcome same = p.run({"evaluate", p.file(1, "seg"), p.file(1, "seg")});
  CHECK(same.code == 0);
  CHECK(holds(same.out, "1.0000  1.0000  1.0000      0.00      0.00      0.00"));
  std::filesystem::copy_file(p.file(0, "seg"), p / "wrong.nii.gz");
  const Outcome other =
      p.run({"evaluate", p / "wrong.nii.gz", p.file(1, "seg"), "--label-scheme", "brats2023"});
  CHECK(other.code == 0);
  CHECK(holds(other.out, "0.0000", "373.13"));
  CHECK_FALSE(holds(other.out, "nan"));
}

TEST_CASE(
    "D14, D15: label values outside the scheme are refused with value, count and the schemes that "
    "fit") {
  struct Values {
    float value;
    std::vector<std::string> message;
  };
  for (const Values& wrong : std::vector<Values>{
           {4,
            {"-seg.nii.gz", "got 4 (3 voxels)", "expected 0, 1, 2, 3", "'brats2023'",
             "would fit: ", "brats2024"}},
           {7, {"-seg.nii.gz", "got 7 (3 voxels)", "would fit: none"}},
           {2.5F, {"-seg.nii.gz", "got 3 voxels that are no integers", "2.5", "0.001"}},
           {0.99F, {"-seg.nii.gz", "got 3 voxels that are no integers", "0.99"}}}) {
    CAPTURE(wrong.value);
    const Phantoms p;
    rewrite(p.file(1, "seg"),
            [&](std::vector<float>& voxels) { std::fill_n(voxels.begin(), 3, wrong.value); });
    const Outcome checked = p.check();
    CAPTURE(checked.out);
    CHECK(checked.code == 3);
    CHECK(holds_all(checked.out, wrong.message));
    for (const Outcome& outcome :
         {p.train("other"),
          p.run({"evaluate", p.file(0, "seg"), p.file(1, "seg"), "--label-scheme", "brats2023"}),
          p.run({"evaluate", p.file(1, "seg"), p.file(0, "seg"), "--label-scheme", "brats2023"})}) {
      CAPTURE(outcome.err);
      CHECK(outcome.code == 3);
      CHECK(holds_all(outcome.err, wrong.message));
    }
  }
}

TEST_CASE("D15: labels within a thousandth of an integer, and scaled ones, are read") {
  const Phantoms p;
  const auto scores_itself = [&] {
    const Outcome outcome =
        p.run({"evaluate", p.file(1, "seg"), p / "truth.nii.gz", "--label-scheme", "brats2023"});
    CAPTURE(outcome.err);
    return outcome.code == 0 &&
           holds(outcome.out, "1.0000  1.0000  1.0000      0.00      0.00      0.00");
  };
  std::filesystem::copy_file(p.file(1, "seg"), p / "truth.nii.gz");
  rewrite(p.file(1, "seg"), [](std::vector<float>& voxels) {
    for (float& value : voxels) value = std::max(0.0F, value - 0.0005F);
  });
  CHECK(scores_itself());
  rewrite(p.file(1, "seg"), [](std::vector<float>& voxels) {
    for (float& value : voxels) value = std::nearbyint(value) * 4 - 8;
  });
  NiftiDamage(p.file(1, "seg")).put(at.slope, 0.25F).put(at.inter, 2.0F).save();
  CHECK(scores_itself());
}

TEST_CASE("D16: the type in which voxels are stored does not change the segmentation") {
  const Phantoms p;
  REQUIRE(p.segment("before").code == 0);
  const auto recode = [&](const char* suffix, auto type, int code, float slope, bool swapped) {
    using T = decltype(type);
    const NiftiImage image = read_nifti(p.file(1, suffix));
    NiftiBytes file(1, swapped);
    file.dims({24, 22, 20, 1});  // four axes, one frame
    file.type(code, 8 * static_cast<int>(sizeof(T)));
    file.real(file.at.slope, static_cast<double>(slope));
    file.sform({{{-1, 0, 0, 0}, {0, -1, 0, 21}, {0, 0, 1, 0}}});
    for (const float value : image.frames.front().voxels)
      file.append(static_cast<T>(value / slope));
    write_file_atomically(p.file(1, suffix), gzip_compress(file.bytes));
  };
  recode("t1n", double{}, 64, 0.5F, false);
  recode("t1c", std::int16_t{}, 4, 1, true);
  recode("t2w", std::uint16_t{}, 512, 1, false);
  recode("t2f", double{}, 64, 0.125F, true);
  REQUIRE(p.segment("after").code == 0);
  const std::string name = Phantoms::id(1) + ".nii.gz";
  CHECK(read_nifti(p / "before" / name).frames.front().voxels ==
        read_nifti(p / "after" / name).frames.front().voxels);
}

TEST_CASE("D18: a small file that claims to be huge is refused in little memory") {
  const Phantoms p;
  const std::size_t little = idle_bytes_and(p / "", 50'000'000);
  NiftiBytes file;
  file.dims({2000, 2000, 1200});
  file.type(16, 32);
  file.bytes.resize(377);
  const std::string plain = p / "huge.nii", packed = p / "huge.nii.gz";
  file.save(plain);
  write_file_atomically(packed, gzip_compress(file.bytes));
  for (const std::string& path : {plain, packed}) {
    const Outcome outcome = p.run({"check", path});
    CHECK(outcome.code == 3);
    CHECK(holds(outcome.out, path));
    CHECK(outcome.peak_bytes < little);
  }
  std::filesystem::copy_file(packed, p.file(1, "t2w"),
                             std::filesystem::copy_options::overwrite_existing);
  for (const Outcome& outcome : {p.check(), p.train("other"), p.segment("labels")}) {
    CHECK(outcome.code == 3);
    CHECK(holds(outcome.out + outcome.err, "-t2w.nii.gz", "2000x2000x1200"));
    CHECK(outcome.peak_bytes < little);
  }
}

TEST_CASE("D20: a pipe or a folder in the place of a file is refused without waiting") {
  const Phantoms p;
  const std::string pipe = p.file(1, "t1n");
  std::filesystem::remove(pipe);
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::remove(p.file(2, "t2w"));
  std::filesystem::create_directory(p.file(2, "t2w"));
  const Outcome outcome = p.check();
  CAPTURE(outcome.out);
  CHECK(outcome.code == 3);
  CHECK(holds(outcome.out, pipe, "regular file", "missing T2"));
  const Outcome single = p.run({"check", pipe});
  CHECK(single.code == 3);
  CHECK(holds(single.out, "a pipe", "expected a regular file"));
}

TEST_CASE(
    "D24: images smaller than the patch, with odd and prime extents, are trained on and "
    "segmented") {
  const Phantoms p;
  const std::string data = p / "small";
  REQUIRE(p.run({"phantom", data, "--extent", "17x19x23", "--count", "2"}).code == 0);
  CHECK(p.run({"train", data, "--out", p / "small-run", "--network", "unet-tiny", "--patch", "32",
               "--batch", "1", "--epochs", "1", "--validation-fraction", "0.5"})
            .code == 0);
  CHECK(p.run({"segment", data, "--model", p / "small-run" / "best.safetensors", "--out",
               p / "labels"})
            .code == 0);
  for (int i = 0; i < 2; ++i) {
    CHECK(read_nifti(p / "labels" / (Phantoms::id(i) + ".nii.gz")).header.extent ==
          Extent{23, 19, 17});
  }
}

TEST_CASE(
    "D25: one case id in two folders, or in training and validation, is refused with both places") {
  const Phantoms p;
  std::filesystem::copy(p.data(), p / "copy", std::filesystem::copy_options::recursive);
  const Outcome twice =
      p.run({"segment", p.data(), p / "copy", "--model", p.weights(), "--out", p / "labels"});
  CHECK(twice.code == 3);
  CHECK(holds(twice.err, "case " + Phantoms::id(0), p.home(0).string(), (p / "copy").string(),
              "expected unique ids"));
  const Outcome leak = p.train("other", {"--validation-data", p / "copy"});
  CHECK(leak.code == 3);
  CHECK(holds(leak.err, "case " + Phantoms::id(0), "training", "validation"));
}
