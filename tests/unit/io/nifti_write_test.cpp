#include "glia/io/nifti_write.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "glia/io/nifti_read.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"
#include "unit/io/nifti_bytes.hpp"
#include "unit/io/write_bytes.hpp"

using namespace glia;
using glia::test::holds;
using glia::test::message_of;
using glia::test::NiftiBytes;
using glia::test::write_bytes;

namespace {

/// A source whose geometry is unusual in every field that must travel, with secrets in the others.
NiftiBytes source(int version, bool swapped) {
  NiftiBytes file(version, swapped);
  file.pixdim(0, -1);
  file.pixdim(1, 0.9375);
  file.pixdim(2, 1.1);
  file.pixdim(3, 5);
  file.pixdim(4, 2.5);
  file.code(file.at.qform_code, 2);
  file.code(file.at.sform_code, 4);
  file.qform({0.1, -0.2, 0.3}, {-90.5, 126, -72.25});
  file.sform({{{-0.9, 0.1, 0.02, 3}, {0.2, -1.05, 0.3, 239}, {0.01, 0.04, 4.9, -7}}});
  version == 1 ? file.put(file.at.units, char{10}) : file.put(file.at.units, std::int32_t{10});
  file.real(file.at.slope, 3);
  file.real(file.at.inter, 4);
  const std::string secret = "PATIENT NAME";
  std::memcpy(file.bytes.data() + (version == 1 ? 148 : 240), secret.data(), secret.size());
  file.count_up(24);
  return file;
}

std::vector<std::byte> field(const std::vector<std::byte>& bytes, std::size_t at,
                             std::size_t size) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(at),
          bytes.begin() + static_cast<std::ptrdiff_t>(at + size)};
}

LabelVolume some_labels(Extent extent) {
  LabelVolume labels(extent);
  for (std::size_t i = 0; i < labels.voxels.size(); ++i) {
    labels.voxels[i] = static_cast<std::uint8_t>(i * 7 % 5);
  }
  return labels;
}

/// A Python that has nibabel: $GLIA_PYTHON, else python3; empty if it has none.
std::string python_with_nibabel() {
  const char* named = std::getenv("GLIA_PYTHON");
  const std::string python = named != nullptr ? named : "python3";
  return std::system((python + " -c 'import nibabel' 2>/dev/null").c_str()) == 0 ? python : "";
}

}  // namespace

TEST_CASE("nifti labels: geometry is copied byte for byte, nothing else is") {
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      const test::TemporaryDirectory folder;
      const auto from = source(version, swapped);
      from.save(folder / "scan.nii");
      const auto header = read_nifti_header(folder / "scan.nii");
      const auto labels = some_labels(header.extent);
      write_nifti_labels(folder / "labels.nii", labels, header);
      const auto bytes = read_file(folder / "labels.nii");
      REQUIRE(bytes.size() == from.at.length + 4 + 24);
      const std::size_t real = version == 1 ? 4 : 8, code = version == 1 ? 2 : 4,
                        dim = version == 1 ? 2 : 8;
      const auto same = [&](std::size_t at, std::size_t size) {
        return field(bytes, at, size) == field(from.bytes, at, size);
      };
      CHECK(same(0, 4));
      CHECK(same(from.at.dim, 8 * dim));
      CHECK(same(from.at.pixdim, 8 * real));
      CHECK(same(from.at.qform_code, code));
      CHECK(same(from.at.sform_code, code));
      CHECK(same(from.at.quatern, 3 * real));
      CHECK(same(from.at.qoffset, 3 * real));
      CHECK(same(from.at.srow, 12 * real));
      CHECK(same(from.at.units, version == 1 ? 1 : 4));
      CHECK(same(from.at.magic, version == 1 ? 4 : 8));
      CHECK(
          std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find("PATIENT") ==
          std::string::npos);

      const auto back = read_nifti(folder / "labels.nii");
      CHECK(back.header.swapped == swapped);
      CHECK(back.header.datatype == 2);
      CHECK(back.header.slope == 1);
      CHECK(back.header.inter == 0);
      CHECK(back.header.affine == header.affine);
      CHECK(std::vector<std::uint8_t>(back.frames[0].voxels.begin(), back.frames[0].voxels.end()) ==
            labels.voxels);
    }
  }
}

TEST_CASE("nifti labels: from a pair or a 4-D file comes a single 3-D file") {
  const test::TemporaryDirectory folder;
  auto pair = NiftiBytes();
  pair.magic("ni1");
  pair.offset(0);
  pair.dims({4, 3, 2, 5, 1, 2});
  pair.save(folder / "a.hdr");
  write_bytes(folder / "a.img", std::vector<std::byte>(480));
  const auto header = read_nifti_header(folder / "a.hdr");
  CHECK(header.frames == 10);
  write_nifti_labels(folder / "b.nii.gz", some_labels(header.extent), header);
  const auto back = read_nifti(folder / "b.nii.gz");
  CHECK_FALSE(back.header.pair);
  CHECK(back.frames.size() == 1);
  CHECK(back.warnings.empty());
}

TEST_CASE("nifti image: int16 and float32 in either byte order") {
  for (const bool swapped : {false, true}) {
    const test::TemporaryDirectory folder;
    source(1, swapped).save(folder / "scan.nii");
    const auto header = read_nifti_header(folder / "scan.nii");
    Volume<std::int16_t> whole(header.extent);
    Volume<float> real(header.extent);
    for (std::size_t i = 0; i < 24; ++i) {
      whole.voxels[i] = static_cast<std::int16_t>(1000 * static_cast<int>(i) - 9000);
      real.voxels[i] = 0.1F * static_cast<float>(i) - 1;
    }
    write_nifti_image(folder / "a.nii", whole, header);
    write_nifti_image(folder / "b.nii.gz", real, header);
    CHECK(read_nifti(folder / "a.nii").frames[0].voxels ==
          std::vector<float>(whole.voxels.begin(), whole.voxels.end()));
    CHECK(read_nifti(folder / "b.nii.gz").frames[0].voxels == real.voxels);
    CHECK(read_nifti(folder / "b.nii.gz").header.swapped == swapped);
  }
}

TEST_CASE("nifti labels: equal input gives equal bytes; the name decides on compression") {
  const test::TemporaryDirectory folder;
  const auto header = make_nifti_header({2, 3, 4}, {});
  const auto labels = some_labels(header.extent);
  for (const char* name : {"a.nii", "b.nii", "a.nii.gz", "b.NII.GZ"}) {
    write_nifti_labels(folder / name, labels, header);
  }
  const auto plain = read_file(folder / "a.nii"), packed = read_file(folder / "a.nii.gz");
  CHECK(plain == read_file(folder / "b.nii"));
  CHECK(packed == read_file(folder / "b.NII.GZ"));
  CHECK(gzip_decompress(packed) == plain);
}

TEST_CASE("nifti labels: misuse is refused before anything is written") {
  const test::TemporaryDirectory folder;
  const auto header = make_nifti_header({2, 3, 4}, {});
  CHECK(holds(message_of<UsageError>([&] {
                write_nifti_labels(folder / "a.nii", LabelVolume({3, 3, 4}), header);
              }),
              "a.nii", "4x3x3", "4x3x2"));
  for (const char* name : {"a.img", "a.gz", "a", "a.nii.zip"}) {
    CHECK_THROWS_AS(write_nifti_labels(folder / name, LabelVolume({2, 3, 4}), header), UsageError);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK_THROWS_AS(write_nifti_labels(folder / "no/a.nii", LabelVolume({2, 3, 4}), header), IoError);
}

TEST_CASE("make_nifti_header: BraTS geometry in qform and sform") {
  const Affine brats{{{{-1, 0, 0, 0}, {0, -1, 0, 239}, {0, 0, 1, 0}}}};
  const auto header = make_nifti_header({155, 240, 240}, brats);
  CHECK(header.affine == brats);
  CHECK(header.qform_code == 1);
  CHECK(header.sform_code == 1);
  CHECK(header.warnings.empty());
  CHECK(header.bytes.size() == 348);
  // quatern_b, c, d = 0, 0, 1: half a turn about z
  CHECK(detail::load<float>(header.bytes.data() + 256) == 0);
  CHECK(detail::load<float>(header.bytes.data() + 264) == 1);

  // Left-handed and anisotropic: qfac -1; sheared: no qform.
  const Affine handed{{{{0, 0, -5, 10}, {0.5, 0, 0, 20}, {0, 2, 0, 30}}}};
  const auto turned = make_nifti_header({4, 5, 6}, handed);
  CHECK(turned.warnings.empty());
  CHECK(turned.qform_code == 1);
  CHECK(turned.affine == handed);
  const Affine skew{{{{1, 0.2, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}};
  CHECK(make_nifti_header({4, 5, 6}, skew).qform_code == 0);
  CHECK_THROWS_AS((void)make_nifti_header({1, 1, 32768}, {}), UsageError);
  CHECK_THROWS_AS((void)make_nifti_header({1, 1, 1}, Affine{{{{1}, {0}, {0}}}}), DataError);
}

TEST_CASE("nifti labels: nibabel reads the same geometry from source and output") {
  const std::string python = python_with_nibabel();
  if (python.empty()) {
    MESSAGE("skipped: neither GLIA_PYTHON nor python3 has nibabel");
    return;
  }
  const test::TemporaryDirectory folder;
  std::string arguments;
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      const std::string name = std::to_string(version) + (swapped ? "swapped" : "native");
      source(version, swapped).save(folder / (name + ".nii"));
      const auto header = read_nifti_header(folder / (name + ".nii"));
      write_nifti_labels(folder / (name + "_labels.nii.gz"), some_labels(header.extent), header);
      for (const char* end : {".nii", "_labels.nii.gz"}) {
        arguments += " '" + (folder / (name + end)).string() + "'";
      }
    }
  }
  const std::string script = std::string(GLIA_SOURCE_DIR) + "/tests/golden/compare_geometry.py";
  CHECK(std::system((python + " '" + script + "'" + arguments).c_str()) == 0);
}
