#include "glia/io/nifti_read.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "glia/core/random.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/nifti_bytes.hpp"
#include "unit/io/write_bytes.hpp"

using namespace glia;
using glia::test::holds;
using glia::test::message_of;
using glia::test::NiftiBytes;
using glia::test::plain_nifti;
using glia::test::write_bytes;

namespace {

/// Saves a file in a folder of its own and reads it.
NiftiImage read(const NiftiBytes& file, const NiftiReadOptions& options = {},
                const char* name = "scan.nii") {
  const test::TemporaryDirectory folder;
  file.save(folder / name);
  return read_nifti(folder / name, options);
}

std::string refusal(const NiftiBytes& file, const char* name = "scan.nii") {
  const auto message = message_of<DataError>([&] { (void)read(file, {}, name); });
  CHECK(holds(message, name));
  return message;
}

bool warns(const NiftiImage& image, const char* text) {
  for (const auto& warning : image.warnings) {
    if (holds(warning, text)) return true;
  }
  return false;
}

std::vector<float> count_up(int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

template <class T>
void check_type(int datatype, int version, bool swapped) {
  using Limits = std::numeric_limits<T>;
  // Not the largest double, which single precision cannot hold.
  const T large = sizeof(T) == 8 && !Limits::is_integer ? T(1e30) : Limits::max();
  const std::vector<T> stored{0, 1, 2, T(100), large, Limits::lowest() == 0 ? T(7) : T(-5)};
  NiftiBytes file(version, swapped);
  file.dims({3, 2});
  file.type(datatype, 8 * static_cast<int>(sizeof(T)));
  for (const T value : stored) file.append(value);
  const auto image = read(file);
  CHECK(image.header.swapped == swapped);
  CHECK(image.header.version == version);
  CHECK(image.header.datatype == datatype);
  REQUIRE(image.frames.size() == 1);
  CHECK(image.frames[0].extent == Extent{1, 2, 3});
  for (std::size_t i = 0; i < stored.size(); ++i) {
    CHECK(image.frames[0].voxels[i] == static_cast<float>(stored[i]));
  }
}

}  // namespace

TEST_CASE("nifti: the plain file in both versions and byte orders") {
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      const auto image = read(plain_nifti(version, swapped));
      CHECK(image.header.extent == Extent{2, 3, 4});
      CHECK(image.header.frames == 1);
      CHECK(image.header.affine == Affine{{{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}}});
      CHECK(image.header.affine.spacing() == FileSpacing{1, 1, 1});
      CHECK(image.warnings.empty());
      REQUIRE(image.frames.size() == 1);
      CHECK(image.frames[0].voxels == count_up(24));
      CHECK(image.frames[0].at(1, 2, 3) == 23);
    }
  }
}

TEST_CASE("nifti: every type with one real number per voxel") {
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      check_type<std::uint8_t>(2, version, swapped);
      check_type<std::int16_t>(4, version, swapped);
      check_type<std::int32_t>(8, version, swapped);
      check_type<float>(16, version, swapped);
      check_type<double>(64, version, swapped);
      check_type<std::int8_t>(256, version, swapped);
      check_type<std::uint16_t>(512, version, swapped);
      check_type<std::uint32_t>(768, version, swapped);
      check_type<std::int64_t>(1024, version, swapped);
      check_type<std::uint64_t>(1280, version, swapped);
    }
  }
}

TEST_CASE("nifti: complex and colour have a header but no voxels, undefined layouts have neither") {
  struct Row {
    int code, bits;
    const char* name;
    bool header;
  };
  for (const Row& row :
       {Row{32, 64, "complex64", true}, Row{1792, 128, "complex128", true},
        Row{128, 24, "rgb24", true}, Row{2304, 32, "rgba32", true}, Row{1, 1, "binary", false},
        Row{1536, 128, "float128", false}, Row{2048, 256, "complex256", false},
        Row{0, 0, "unknown (0)", false}, Row{77, 16, "unknown (77)", false}}) {
    auto file = NiftiBytes();
    file.type(row.code, row.bits);
    file.bytes.resize(352 + 24 * 32);
    const test::TemporaryDirectory folder;
    file.save(folder / "a.nii");
    CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii"); }), "datatype",
                row.name));
    if (row.header) {
      CHECK(read_nifti_header(folder / "a.nii").extent == Extent{2, 3, 4});
    } else {
      CHECK_THROWS_AS((void)read_nifti_header(folder / "a.nii"), DataError);
    }
  }
}

TEST_CASE("nifti: 1 to 7 dimensions, those beyond dim[0] do not count") {
  struct Row {
    std::vector<int> dims;
    Extent extent;
    std::size_t frames;
  };
  for (const Row& row :
       {Row{{24}, {1, 1, 24}, 1}, Row{{6, 4}, {1, 4, 6}, 1}, Row{{4, 3, 2}, {2, 3, 4}, 1},
        Row{{4, 3, 2, 1}, {2, 3, 4}, 1}, Row{{2, 3, 2, 2}, {2, 3, 2}, 2},
        Row{{4, 1, 1, 1, 6}, {1, 1, 4}, 6}, Row{{2, 2, 1, 3, 1, 2}, {1, 2, 2}, 6},
        Row{{2, 3, 4, 1, 1, 1, 1}, {4, 3, 2}, 1}}) {
    auto file = plain_nifti();
    file.dims(row.dims);
    if (row.dims.size() < 7) file.dim(row.dims.size() + 1, 0);
    const auto image = read(file);
    CHECK(image.header.extent == row.extent);
    REQUIRE(image.frames.size() == row.frames);
    std::vector<float> all;
    for (const auto& frame : image.frames) {
      all.insert(all.end(), frame.voxels.begin(), frame.voxels.end());
    }
    CHECK(all == count_up(24));
  }
}

TEST_CASE("nifti: slope and intercept, ignored where the slope is 0 or NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = HUGE_VAL;
  for (const int version : {1, 2}) {
    auto file = plain_nifti(version);
    file.real(file.at.slope, 0.5);
    file.real(file.at.inter, -3);
    CHECK(read(file).frames[0].at(1, 2, 3) == 0.5F * 23 - 3);
    for (const double slope : {0.0, nan}) {
      file.real(file.at.slope, slope);
      file.real(file.at.inter, nan);
      CHECK(read(file).frames[0].voxels == count_up(24));
      file.real(file.at.inter, 5);
      CHECK(read(file).frames[0].voxels == count_up(24));
    }
    file.real(file.at.slope, inf);
    CHECK(holds(refusal(file), "scl_slope", "inf"));
    file.real(file.at.slope, 2);
    file.real(file.at.inter, nan);
    CHECK(holds(refusal(file), "scl_inter", "nan"));
  }
}

TEST_CASE("nifti: voxels that are not finite") {
  for (const bool swapped : {false, true}) {
    NiftiBytes file(1, swapped);
    file.dims({3, 2, 1, 2});
    file.type(16, 32);
    for (int i = 0; i < 12; ++i) {
      file.append(i == 7 ? std::numeric_limits<float>::quiet_NaN() : i == 11 ? -HUGE_VALF : 1.0F);
    }
    CHECK(holds(refusal(file), "2 of 12 voxels", "first at (1, 0, 0) of frame 1"));
    const auto image = read(file, {.nonfinite = NonFinite::zero});
    CHECK(image.frames[1].voxels == std::vector<float>{1, 0, 1, 1, 1, 0});
    CHECK(warns(image, "2 of 12 voxels"));
  }
  // Finite in the file, not in single precision.
  NiftiBytes file;
  file.dims({2});
  file.type(64, 64);
  file.append(1.0);
  file.append(1e300);
  CHECK(holds(refusal(file), "1 of 2 voxels"));
}

TEST_CASE("nifti: vox_offset and extensions") {
  auto file = NiftiBytes();
  file.bytes[348] = std::byte{1};
  for (const int size : {32, 16}) {
    file.append(static_cast<std::int32_t>(size));
    file.append(static_cast<std::int32_t>(6));
    file.bytes.resize(file.bytes.size() + static_cast<std::size_t>(size) - 8, std::byte{0xee});
  }
  file.offset(400);
  file.count_up(24);
  CHECK(read(file).frames[0].voxels == count_up(24));
  CHECK(read(file).warnings.empty());

  for (const int size : {-16, 0, 7, 64, 2147483647}) {
    auto wrong = file;
    wrong.put(352, static_cast<std::int32_t>(size));
    CHECK(holds(refusal(wrong), "header extension", std::to_string(size)));
  }
  auto odd = file;
  odd.put(352, std::int32_t{24});
  odd.put(376, std::int32_t{24});
  CHECK(warns(read(odd), "not a multiple of 16"));

  auto gap = NiftiBytes();
  gap.bytes.resize(353);
  gap.offset(353);
  gap.count_up(24);
  CHECK(read(gap).frames[0].voxels == count_up(24));
}

TEST_CASE("nifti: vox_offset 0 in a single file is a position, as nibabel takes it") {
  for (const int version : {1, 2}) {
    auto file = plain_nifti(version);
    file.offset(0);
    const auto image = read(file);
    CHECK(image.frames[0].voxels[0] == (version == 1 ? 348 : 540));
    CHECK(warns(image, "vox_offset is 0"));
    CHECK(warns(image, "after the voxels are ignored"));
  }
}

TEST_CASE("nifti: what is refused in a header, naming field and value") {
  struct Row {
    const char* field;
    const char* got;
    void (*damage)(NiftiBytes&);
  };
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      for (const Row& row : {
               Row{"dim[0]", "0", [](NiftiBytes& f) { f.dim(0, 0); }},
               Row{"dim[0]", "-3", [](NiftiBytes& f) { f.dim(0, -3); }},
               Row{"dim[0]", "8", [](NiftiBytes& f) { f.dim(0, 8); }},
               Row{"dim[1]", "0", [](NiftiBytes& f) { f.dim(1, 0); }},
               Row{"dim[1]", "-4", [](NiftiBytes& f) { f.dim(1, -4); }},
               Row{"dim[3]", "0", [](NiftiBytes& f) { f.dim(3, 0); }},
               Row{"bitpix", "8", [](NiftiBytes& f) { f.type(4, 8); }},
               Row{"bitpix", "0", [](NiftiBytes& f) { f.type(4, 0); }},
               Row{"vox_offset", "-4", [](NiftiBytes& f) { f.offset(-4); }},
               Row{"vox_offset", "100", [](NiftiBytes& f) { f.offset(100); }},
               Row{"vox_offset", "351", [](NiftiBytes& f) { f.offset(351); }},
               Row{"scl_slope", "inf", [](NiftiBytes& f) { f.real(f.at.slope, HUGE_VAL); }},
               Row{"pixdim[0]", "nan", [](NiftiBytes& f) { f.pixdim(0, NAN); }},
               Row{"pixdim[2]", "nan", [](NiftiBytes& f) { f.pixdim(2, NAN); }},
               Row{"pixdim[3]", "inf", [](NiftiBytes& f) { f.pixdim(3, HUGE_VAL); }},
               Row{"sform", "nan",
                   [](NiftiBytes& f) {
                     f.sform({{{NAN, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}});
                   }},
               Row{"sform", "inf",
                   [](NiftiBytes& f) {
                     f.sform({{{1, 0, 0, HUGE_VAL}, {0, 1, 0, 0}, {0, 0, 1, 0}}});
                   }},
               Row{"sform", "singular",
                   [](NiftiBytes& f) {
                     f.sform({{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}}});
                   }},
               Row{"sform", "singular",
                   [](NiftiBytes& f) {
                     f.sform({{{1, 2, 3, 0}, {4, 5, 6, 0}, {7, 8, 9, 0}}});
                   }},
               Row{"qform", "nan",
                   [](NiftiBytes& f) {
                     f.code(f.at.qform_code, 1);
                     f.qform({NAN, 0, 0}, {0, 0, 0});
                   }},
               Row{"qform", "inf",
                   [](NiftiBytes& f) {
                     f.code(f.at.qform_code, 1);
                     f.qform({0, 0, 0}, {0, HUGE_VAL, 0});
                   }},
               Row{"quatern", "longer than 1",
                   [](NiftiBytes& f) {
                     f.code(f.at.qform_code, 1);
                     f.code(f.at.sform_code, 0);
                     f.qform({1, 1, 0}, {0, 0, 0});
                   }},
               Row{"magic", "bytes", [](NiftiBytes& f) { f.magic("x+1"); }},
           }) {
        auto file = plain_nifti(version, swapped);
        row.damage(file);
        CAPTURE(row.field);
        CHECK(holds(refusal(file), row.field, row.got));
      }
    }
  }
}

TEST_CASE("nifti: details that only one version has") {
  auto first = plain_nifti();
  for (const double offset : {352.5, 1e30, HUGE_VAL, -HUGE_VAL, static_cast<double>(NAN)}) {
    first.put(first.at.vox_offset, static_cast<float>(offset));
    CHECK(holds(refusal(first), "vox_offset"));
  }
  auto second = plain_nifti(2);
  second.dim(0, 200);
  CHECK(holds(refusal(second), "dim[0]", "200"));
  second = plain_nifti(2);
  second.put(second.at.vox_offset, std::numeric_limits<std::int64_t>::max());
  CHECK(holds(refusal(second), "vox_offset"));
  second = plain_nifti(2);
  second.put(second.at.magic + 4, '\n');
  CHECK(holds(refusal(second), "line ends"));
}

TEST_CASE("nifti: the affine is the sform, else the qform, else centred") {
  for (const int version : {1, 2}) {
    auto file = plain_nifti(version);
    file.code(file.at.qform_code, 1);
    file.qform({0, 0, 1}, {0, 239, 0});
    CHECK(read(file).warnings.empty());

    file.qform({0, 0, 1}, {0, 240, 0});
    auto image = read(file);
    CHECK(warns(image, "qform and sform differ by 1 mm"));
    CHECK(image.header.affine.m[1][3] == 239);

    file.code(file.at.sform_code, 0);
    image = read(file);
    CHECK(image.header.affine.m[1][3] == 240);
    CHECK(image.warnings.empty());

    for (const double qfac : {0.0, 7.0, -1.0}) {
      file.pixdim(0, qfac);
      image = read(file);
      CHECK(warns(image, "qfac") == (qfac != -1));
      CHECK(image.header.affine.m[2][2] == (qfac == -1 ? -1 : 1));
    }

    file.code(file.at.qform_code, 0);
    file.pixdim(3, 5);
    image = read(file);
    CHECK(warns(image, "neither qform nor sform"));
    CHECK(image.header.affine == Affine{{{{-1, 0, 0, 1.5}, {0, 1, 0, -1}, {0, 0, 5, -2.5}}}});

    file.code(file.at.sform_code, 9);
    CHECK(warns(read(file), "sform_code is 9"));
  }
}

TEST_CASE("nifti: odd geometry that is readable gives warnings") {
  auto file = plain_nifti();
  file.sform({{{-1, 0.1, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}});
  CHECK(warns(read(file), "right angles"));
  // The affine owns places and distances, pixdim only what is made of it.
  file.sform({{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1.5, 0}}});
  CHECK(read(file).header.affine.spacing() == FileSpacing{1, 1, 1.5});
  CHECK(warns(read(file), "pixdim[3] is 1 mm but the affine has 1.5 mm"));
  file = plain_nifti();
  file.pixdim(1, 0);
  file.pixdim(2, -1);
  const auto image = read(file);
  CHECK(warns(image, "pixdim[1] is 0"));
  CHECK(warns(image, "pixdim[2] is negative"));
  CHECK(image.header.affine.spacing() == FileSpacing{1, 1, 1});
  file = plain_nifti();
  file.put(file.at.units, char{1});
  CHECK(warns(read(file), "not mm"));
  // Rotations of single precision are not exact; that alone is no warning.
  file = plain_nifti();
  file.sform({{{-0.98, 0.199, 0, 0}, {-0.199, -0.98, 0, 239}, {0, 0, 1, 0}}});
  CHECK(read(file).warnings.empty());
}

TEST_CASE("nifti: sizes are checked before memory is taken") {
  auto file = plain_nifti();
  file.dims({2000, 2000, 1200});
  file.type(16, 32);
  CHECK(holds(refusal(file), "2000x2000x1200", "at most 1073741824 voxels"));
  const NiftiReadOptions large{.max_voxels = index_t{1} << 33};
  CHECK(holds(message_of<DataError>([&] { (void)read(file, large); }), "2000x2000x1200",
              "end at byte 19200000352", "the file has 400 bytes"));
  const test::TemporaryDirectory folder;
  write_bytes(folder / "a.nii.gz", gzip_compress(file.bytes));
  CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii.gz", large); }),
              "cannot hold more than"));
  file.dims({32767, 32767, 32767, 32767, 32767, 32767, 32767});
  CHECK(holds(refusal(file), "dim[", "fewer voxels"));
  file.dims({1, 1, 1, 32767, 32767});
  CHECK(holds(refusal(file), "dim[4..7]", "frames"));
  CHECK(holds(message_of<DataError>([&] { (void)read(plain_nifti(), {.max_voxels = 23}); }),
              "at most 23 voxels"));
  auto second = plain_nifti(2);
  second.dim(1, std::int64_t{1} << 62);
  CHECK(holds(refusal(second), "dim[1]"));
  second.dim(1, std::int64_t{1} << 33);
  second.dim(2, std::int64_t{1} << 33);
  CHECK(holds(refusal(second), "dim[2]"));
}

TEST_CASE("nifti: every cut of a plain and of a compressed file is refused") {
  const test::TemporaryDirectory folder;
  for (const int version : {1, 2}) {
    const auto bytes = plain_nifti(version).bytes;
    const auto packed = gzip_compress(bytes);
    for (const auto* whole : {&bytes, &packed}) {
      for (std::size_t size = 0; size < whole->size(); ++size) {
        write_bytes(folder / "a.nii.gz", std::span(*whole).first(size));
        CHECK_THROWS_AS((void)read_nifti(folder / "a.nii.gz"), DataError);
      }
    }
    // Whole gzip data of a cut file.
    write_bytes(folder / "a.nii.gz", gzip_compress(std::span(bytes).first(bytes.size() - 1)));
    CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii.gz"); }),
                "got 47 of 48 bytes"));
  }
}

TEST_CASE("nifti: a compressed file that ends before its voxels says where it ends") {
  const test::TemporaryDirectory folder;
  for (const int version : {1, 2}) {
    auto file = NiftiBytes(version);
    const auto header = file.bytes.size();
    file.offset(2000);
    file.bytes.resize(2000);
    file.count_up(24);
    write_bytes(folder / "a.nii.gz", gzip_compress(file.bytes));
    CHECK(read_nifti(folder / "a.nii.gz").frames[0].voxels == count_up(24));
    for (const std::size_t size : {header - 4, header, std::size_t{1234}, std::size_t{1999}}) {
      write_bytes(folder / "a.nii.gz", gzip_compress(std::span(file.bytes).first(size)));
      CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii.gz"); }), "a.nii.gz",
                  "got " + std::to_string(size) + " bytes", "voxels from byte 2000"));
    }
    write_bytes(folder / "a.nii.gz", gzip_compress(std::span(file.bytes).first(2000)));
    CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii.gz"); }),
                "got 0 of 48 bytes"));
  }
}

TEST_CASE("nifti: a flipped bit of a compressed file never changes a voxel") {
  const test::TemporaryDirectory folder;
  const auto packed = gzip_compress(plain_nifti().bytes);
  int refused = 0;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = packed;
      changed[i] ^= static_cast<std::byte>(1 << bit);
      write_bytes(folder / "a.nii.gz", changed);
      try {
        const auto image = read_nifti(folder / "a.nii.gz");
        CHECK(image.frames[0].voxels == count_up(24));
      } catch (const DataError&) {
        ++refused;
      }
    }
  }
  // Time, flags and system of the gzip header carry no data.
  CHECK(refused > static_cast<int>(packed.size() - 10) * 8 - 8);
}

TEST_CASE("nifti: damaged CRC after the last voxel is noticed") {
  const test::TemporaryDirectory folder;
  auto packed = gzip_compress(plain_nifti().bytes);
  packed[packed.size() - 5] ^= std::byte{0x10};
  write_bytes(folder / "a.nii.gz", packed);
  CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii.gz"); }), "a.nii.gz",
              "CRC mismatch"));
}

TEST_CASE("nifti: random changes give an image or a DataError, nothing else") {
  const test::TemporaryDirectory folder;
  Random random(11);
  for (int round = 0; round < 4000; ++round) {
    auto bytes = plain_nifti(1 + round % 2, random.bernoulli(0.5)).bytes;
    const auto changes = 1 + random.below(6);
    for (index_t change = 0; change < changes; ++change) {
      const auto header = static_cast<index_t>(bytes.size()) - 48;
      bytes[static_cast<std::size_t>(random.below(header))] =
          static_cast<std::byte>(random() & 255);
    }
    if (random.bernoulli(0.2)) bytes.resize(static_cast<std::size_t>(random.below(600)));
    write_bytes(folder / "a.nii", bytes);
    try {
      const auto image = read_nifti(folder / "a.nii");
      CHECK(image.frames.size() == static_cast<std::size_t>(image.header.frames));
      CHECK(image.header.affine.finite());
      CHECK(image.header.affine.determinant() != 0);
    } catch (const DataError&) {
    }
  }
}

TEST_CASE("nifti: bytes after the voxels are ignored with a warning, not without end") {
  auto file = plain_nifti();
  file.append(std::int32_t{1});
  CHECK(warns(read(file), "4 bytes after the voxels"));
  const test::TemporaryDirectory folder;
  auto packed = gzip_compress(plain_nifti().bytes);
  packed.resize(packed.size() + 512);
  write_bytes(folder / "a.nii.gz", packed);
  CHECK(read_nifti(folder / "a.nii.gz").warnings.empty());
  packed.push_back(std::byte{'x'});
  write_bytes(folder / "a.nii.gz", packed);
  CHECK(warns(read_nifti(folder / "a.nii.gz"), "after the gzip data"));
  auto endless = plain_nifti().bytes;
  endless.resize(std::size_t{70} << 20);
  write_bytes(folder / "b.nii.gz", gzip_compress(endless));
  CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "b.nii.gz"); }),
              "bytes follow the voxels"));
}

TEST_CASE("nifti: what is no NIfTI file is named") {
  const test::TemporaryDirectory folder;
  const auto refused = [&](std::string_view content) {
    write_bytes(folder / "a.nii.gz", std::as_bytes(std::span(content)));
    return message_of<DataError>([&] { (void)read_nifti(folder / "a.nii.gz"); });
  };
  CHECK(holds(refused(""), "not a NIfTI file", "empty"));
  CHECK(holds(refused("<!DOCTYPE html><html><body>Not found"),
              "starts with the text \"<!DOCTYPE html>"));
  CHECK(holds(refused("version https://git-lfs.github.com/spec/v1\n"), "Git LFS"));
  CHECK(holds(refused("\x89PNG\r\n\x1a\n"), "PNG"));
  CHECK(holds(refused("NRRD0004\n"), "NRRD"));
  CHECK(holds(refused(std::string("PK\x03\x04") + std::string(50, 'x')), "ZIP"));
  CHECK(holds(refused(std::string(128, '\0') + "DICM" + std::string(400, '\0')), "DICOM"));
  CHECK(holds(refused(std::string(400, '\0')), "neither 348 nor 540"));
  CHECK(holds(refused("\x1f\x8b nonsense"), "gzip"));
  auto file = plain_nifti();
  file.put(0, std::int32_t{349});
  CHECK(holds(refusal(file), "not a NIfTI file"));
  file.put(0, std::int32_t{348});
  file.magic(std::string(3, '\0'));
  CHECK(holds(refusal(file), "ANALYZE 7.5"));
  file.magic("ni1");
  CHECK(holds(refusal(file), "magic", ".img"));
}

TEST_CASE("nifti: folders, pipes and missing files") {
  const test::TemporaryDirectory folder;
  CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder.path()); }), "a directory"));
  REQUIRE(::mkfifo((folder / "a.nii").c_str(), 0600) == 0);
  CHECK(holds(message_of<DataError>([&] { (void)read_nifti(folder / "a.nii"); }), "a pipe"));
  CHECK(holds(message_of<IoError>([&] { (void)read_nifti(folder / "none.nii"); }), "none.nii",
              "No such file"));
}

TEST_CASE("nifti: names with spaces and other letters, content instead of extension") {
  const test::TemporaryDirectory folder;
  const auto path = folder / "Kopf \xc3\xbc ber.nii.gz";
  plain_nifti().save(path);
  CHECK(read_nifti(path).frames[0].voxels == count_up(24));
  write_bytes(folder / "packed.nii", gzip_compress(plain_nifti().bytes));
  CHECK(read_nifti(folder / "packed.nii").frames[0].voxels == count_up(24));
}

TEST_CASE("nifti: pairs, by either name, compressed or not, with an offset") {
  for (const int version : {1, 2}) {
    for (const bool compressed : {false, true}) {
      for (const char* letters : {".hdr .img", ".HDR .IMG"}) {
        const test::TemporaryDirectory folder;
        const std::string suffix = compressed ? ".gz" : "";
        const auto header = folder / ("a.b" + std::string(letters, 4) + suffix);
        const auto voxels = folder / ("a.b" + std::string(letters + 5) + suffix);
        auto file = plain_nifti(version);
        file.magic(version == 1 ? "ni1" : "ni2");
        file.offset(16);
        std::vector<std::byte> data(16, std::byte{0x77});
        data.insert(data.end(), file.bytes.end() - 48, file.bytes.end());
        file.bytes.resize(file.at.length);
        write_bytes(header, compressed ? gzip_compress(file.bytes) : file.bytes);
        CHECK(
            holds(message_of<DataError>([&] { (void)read_nifti(header); }), "partner", "missing"));
        write_bytes(voxels, compressed ? gzip_compress(data) : data);
        for (const auto& path : {header, voxels}) {
          const auto image = read_nifti(path);
          CHECK(image.header.pair);
          CHECK(image.warnings.empty());
          CHECK(image.frames[0].voxels == count_up(24));
          CHECK(read_nifti_header(path).extent == Extent{2, 3, 4});
        }
        data.pop_back();
        write_bytes(voxels, data);
        CHECK(holds(message_of<DataError>([&] { (void)read_nifti(header); }),
                    voxels.filename().string(), "unexpected end"));
      }
    }
  }
}
