#include "glia/data/label_scheme.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "support/expect.hpp"

using namespace glia;
using test::message_of;

namespace {

Volume<float> row(std::vector<float> values) {
  Volume<float> volume;
  volume.extent = {1, 1, static_cast<index_t>(values.size())};
  volume.voxels = std::move(values);
  return volume;
}

std::vector<std::uint8_t> internal(std::vector<float> values, const char* scheme) {
  return to_internal(row(std::move(values)), label_scheme(scheme), "seg.nii").voxels;
}

}  // namespace

TEST_CASE("each scheme maps its values to NCR 1, ED 2, ET 3") {
  using Labels = std::vector<std::uint8_t>;
  CHECK(internal({0, 1, 2, 4}, "brats2018") == Labels{0, 1, 2, 3});
  CHECK(internal({0, 1, 2, 3}, "brats2023") == Labels{0, 1, 2, 3});
  CHECK(internal({0, 1, 2, 3, 4}, "brats2013") == Labels{0, 1, 2, 1, 3});
  CHECK(internal({0, 1, 2, 3, 4}, "brats2024") == Labels{0, 1, 2, 3, 0});
  CHECK(internal({0, 1, 2, 3, 4}, "brats-ped") == Labels{0, 3, 1, 1, 2});
  CHECK(internal({0, 1, 2, 3}, "msd") == Labels{0, 2, 1, 3});
  CHECK(internal({0, 1, 2, 3}, "nnunet") == Labels{0, 2, 1, 3});
  CHECK(internal({0, 1, 2, 3}, "modelhub") == Labels{0, 2, 3, 1});
}

TEST_CASE("internal labels survive the way through every scheme's files") {
  LabelVolume labels({1, 1, 4});
  labels.voxels = {3, 2, 1, 0};
  for (const LabelScheme& scheme : label_schemes()) {
    CAPTURE(scheme.name);
    const LabelVolume values = from_internal(labels, scheme);
    const Volume<float> stored = row({values.voxels.begin(), values.voxels.end()});
    CHECK(to_internal(stored, scheme, "seg.nii").voxels == labels.voxels);
  }
  CHECK(from_internal(labels, label_scheme("brats2018")).voxels ==
        std::vector<std::uint8_t>{4, 2, 1, 0});
}

TEST_CASE("a label without a file value is refused") {
  LabelVolume labels({1, 1, 1}, label::ET);
  const LabelScheme no_et{"two classes", {{0, label::background}, {1, label::ED}, {2, label::NCR}}};
  const std::string message = message_of<UsageError>([&] { (void)from_internal(labels, no_et); });
  CHECK(message.find("two classes") != std::string::npos);
  CHECK(message.find("got label 3") != std::string::npos);
}

TEST_CASE("values outside the scheme: file, value, count and the schemes that fit") {
  const std::string message = message_of<DataError>([] {
    (void)internal({0, 4, 1, 4, 2, 0}, "brats2023");
  });
  CHECK(message.find("seg.nii") != std::string::npos);
  CHECK(message.find("got 4 (2 voxels)") != std::string::npos);
  CHECK(message.find("expected 0, 1, 2, 3") != std::string::npos);
  CHECK(message.find("'brats2023'") != std::string::npos);
  CHECK(message.find("would fit: brats2018, brats2013, brats2024, brats-ped") != std::string::npos);

  const std::string seven = message_of<DataError>([] { (void)internal({0, 7, -1}, "brats2018"); });
  CHECK(seven.find("-1 (1 voxels), 7 (1 voxels)") != std::string::npos);
  CHECK(seven.find("would fit: none") != std::string::npos);
}

TEST_CASE("values are rounded within 1e-3 and no further") {
  CHECK(internal({0.9995F, 2.0009F, 3.9991F}, "brats2018") == std::vector<std::uint8_t>{1, 2, 3});
  const std::string message = message_of<DataError>([] {
    (void)internal({0, 2.5F, 0.998F}, "brats2018");
  });
  CHECK(message.find("seg.nii") != std::string::npos);
  CHECK(message.find("2 voxels") != std::string::npos);
  CHECK(message.find("2.5") != std::string::npos);
}

TEST_CASE("values of a scaled file are rounded within half a step of it, fractions are refused") {
  // Labels 0, 1, 2, 4 that nibabel saved as float64 under an 8-bit header, as nibabel reads them:
  // 64, 127 and 255 steps of 4/255.
  const double step = 4.0 / 255;
  const std::vector<float> stored{0, 1.0039216F, 1.9921569F, 4};
  CHECK(to_internal(row(stored), label_scheme("brats2018"), "seg.nii", step).voxels ==
        std::vector<std::uint8_t>{0, 1, 2, 3});
  CHECK(count_label_values(row(stored), "seg.nii", step) ==
        LabelCounts{{0, 1}, {1, 1}, {2, 1}, {4, 1}});
  CHECK_THROWS_AS((void)count_label_values(row(stored), "seg.nii"), DataError);

  const auto refused = [](float value, double by) {
    const auto message = message_of<DataError>([&] {
      (void)count_label_values(row({0, value}), "seg.nii", by);
    });
    return message.find("no integers") != std::string::npos;
  };
  CHECK(refused(0.5019608F, step));  // 32 steps: one half
  CHECK(refused(0.9882353F, step));  // 63 steps, where 64 are nearer to 1
  CHECK(refused(0.5019608F, 1.0 / 255));
  // Half a coarse step would forgive everything.
  for (const double coarse : {0.25, 1.0, 1.5, 100.0}) CHECK(refused(1.5F, coarse));
  CHECK(refused(1.1F, 0.2));
}

TEST_CASE("values that no integer type holds are refused") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float value : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 3e38F}) {
    CHECK_THROWS_AS((void)internal({0, value}, "brats2018"), DataError);
  }
  CHECK_THROWS_AS((void)internal({256}, "brats2018"), DataError);
}

TEST_CASE("counts are those of the whole volume") {
  const LabelCounts counts = count_label_values(row({0, 0, 1, 0, 4, 4, 4}), "seg.nii");
  CHECK(counts == LabelCounts{{0, 3}, {1, 1}, {4, 3}});
}

TEST_CASE("an unknown scheme name lists the known ones") {
  const std::string message = message_of<UsageError>([] { (void)label_scheme("brats"); });
  CHECK(message.find("'brats'") != std::string::npos);
  CHECK(message.find("brats2018, brats2023") != std::string::npos);
}
