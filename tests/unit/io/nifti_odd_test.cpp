#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "glia/io/nifti.hpp"
#include "glia/io/orientation.hpp"
#include "support/expect.hpp"

using namespace glia;

#ifdef GLIA_SHARED_DATA

namespace {

const std::filesystem::path odd = std::filesystem::path(GLIA_SHARED_DATA) / "nifti-odd";

void check_geometry(const NiftiHeader& header, const nlohmann::json& expected) {
  CHECK(header.extent == Extent{expected["shape"][2], expected["shape"][1], expected["shape"][0]});
  CHECK(header.frames == expected["frames"]);
  // nibabel names the ends that axes point to.
  CHECK(orientation_of(header.affine).code() == expected["axes"].get<std::string>());
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(header.affine.m[r][c] ==
            doctest::Approx(expected["affine"][r][c].get<double>()).epsilon(1e-12));
    }
    CHECK(header.affine.spacing().along(r) ==
          doctest::Approx(expected["voxel_sizes"][r].get<double>()));
  }
}

void check_voxels(const NiftiImage& image, const nlohmann::json& expected) {
  double sum = 0, weighted = 0;
  std::vector<float> all;
  for (const auto& frame : image.frames) {
    all.insert(all.end(), frame.voxels.begin(), frame.voxels.end());
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    sum += static_cast<double>(all[i]);
    weighted += static_cast<double>(i % 97) * static_cast<double>(all[i]);
  }
  CHECK(sum == doctest::Approx(expected["sum"].get<double>()).epsilon(1e-7));
  CHECK(weighted == doctest::Approx(expected["weighted"].get<double>()).epsilon(1e-7));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(all[i] == expected["first"][i].get<float>());
    CHECK(all[all.size() - 4 + i] == expected["last"][i].get<float>());
  }
}

}  // namespace

TEST_CASE("nifti-odd/valid: as nibabel reads it (make_nifti_odd.py)") {
  std::ifstream stream(std::string(GLIA_SOURCE_DIR) + "/tests/golden/nifti_odd.json");
  const auto table = nlohmann::json::parse(stream);
  CHECK(table.size() >= 37);
  for (const auto& expected : table) {
    const std::filesystem::path path = odd / "valid" / expected["file"].get<std::string>();
    CAPTURE(path.string());
    check_geometry(read_nifti_header(path), expected);
    if (!expected["scalar"].get<bool>()) {
      CHECK(test::holds(test::message_of<DataError>([&] { (void)read_nifti(path); }), "datatype"));
      continue;
    }
    if (const int count = expected["nonfinite"]; count > 0) {
      CHECK(test::holds(test::message_of<DataError>([&] { (void)read_nifti(path); }),
                        std::to_string(count) + " of "));
    }
    check_voxels(read_nifti(path, {.nonfinite = NonFinite::zero}), expected);
  }
}

TEST_CASE("nifti-odd/corrupt: every file is refused, naming it") {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(odd / "corrupt")) {
    CAPTURE(entry.path().string());
    const auto message = test::message_of<DataError>([&] { (void)read_nifti(entry.path()); });
    CHECK(test::holds(message, entry.path().filename().string()));
    ++count;
  }
  CHECK(count >= 28);
}

#else

TEST_CASE("nifti-odd") { MESSAGE("skipped: GLIA_SHARED_DATA is not defined"); }

#endif
