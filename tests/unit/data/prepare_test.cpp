#include "glia/data/prepare.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "glia/data/dataset.hpp"
#include "real_cases.hpp"
#include "support/expect.hpp"

using namespace glia;

TEST_CASE("a prepared case: crop, channels last, z-scores, labels of the same crop") {
  Case whole;
  whole.id = "x";
  whole.spacing = {3, 2, 1};
  for (auto& image : whole.images) image = Volume<float>({3, 4, 5});
  whole.images[modality::T1].at(1, 1, 1) = 10;
  whole.images[modality::T1].at(1, 1, 2) = 14;  // mean 12, deviation 2
  whole.images[modality::T2].at(2, 3, 2) = -5;  // one voxel: deviation 0
  whole.labels = LabelVolume({3, 4, 5});
  whole.labels->at(2, 3, 2) = label::ED;
  const PreparedCase prepared = prepare(whole);
  CHECK(prepared.id == "x");
  CHECK(prepared.crop == CropBox{1, 1, 1, {2, 3, 2}});
  CHECK(prepared.original == Extent{3, 4, 5});
  CHECK(prepared.spacing == Spacing{3, 2, 1});
  REQUIRE(prepared.image.shape() == Shape{1, 2, 3, 2, 4});
  const auto view = prepared.image.view();
  CHECK(view.at(0, 0, 0, 0, modality::T1) == -1);
  CHECK(view.at(0, 0, 0, 1, modality::T1) == 1);
  CHECK(view.at(0, 1, 2, 1, modality::T2) == 0);
  float others = 0;
  for (const float x : prepared.image.values()) others += std::abs(x);
  CHECK(others == 2);
  CHECK(prepared.labels->at(1, 2, 1) == label::ED);
  const LabelVolume back = uncrop(*prepared.labels, prepared.crop, prepared.original);
  CHECK(back.voxels == whole.labels->voxels);
}

TEST_CASE("labels that are none, of another extent, or outside of the brain's block") {
  Case whole;
  whole.id = "x";
  for (auto& image : whole.images) image = Volume<float>({3, 4, 5});
  whole.images[modality::T1].at(1, 1, 1) = 10;
  whole.images[modality::T1].at(1, 2, 2) = 14;
  whole.labels = LabelVolume({3, 4, 5});
  whole.labels->at(1, 1, 1) = label::ET;
  std::string heard;
  const LogSink sink = [&](Severity severity, std::string_view text) {
    CHECK(severity == Severity::warning);
    heard += text;
  };
  CHECK(prepare(whole, sink).labels->voxels == std::vector<std::uint8_t>{3, 0, 0, 0});
  CHECK(heard.empty());
  whole.labels->at(2, 3, 4) = whole.labels->at(0, 0, 0) = label::ED;
  CHECK(prepare(whole, sink).labels->voxels == std::vector<std::uint8_t>{3, 0, 0, 0});
  CHECK(test::holds(heard, "x: labels: 2 of 3 tumour voxels lie outside"));
  whole.labels->at(2, 3, 4) = 4;  // ET of BraTS up to 2021, outside of the block
  CHECK(test::holds(test::message_of<DataError>([&] { (void)prepare(whole); }),
                    "x: labels: got a voxel of 4"));
  whole.labels = LabelVolume({4, 4, 5});
  CHECK(test::holds(test::message_of<DataError>([&] { (void)prepare(whole); }),
                    "x: labels: got 5x4x4, expected the image's extent 5x4x3"));
}

TEST_CASE("an empty case keeps its extent and stays zero") {
  Case whole;
  for (auto& image : whole.images) image = Volume<float>({2, 2, 2});
  const PreparedCase prepared = prepare(whole);
  CHECK(prepared.crop == CropBox{0, 0, 0, {2, 2, 2}});
  CHECK(prepared.image.values() == std::vector<float>(32, 0.0F));
  CHECK_FALSE(prepared.labels.has_value());
}

#ifdef GLIA_SHARED_DATA
TEST_CASE("real cases: box and statistics are numpy's") {
  for (const test::RealCase& real : test::real_cases) {
    CAPTURE(real.folder);
    FindCasesOptions options;
    if (real.folder.find("modelhub") != std::string::npos)
      options.scheme = label_scheme("modelhub");
    const Dataset dataset =
        find_cases(std::filesystem::path(GLIA_SHARED_DATA) / real.folder, options);
    REQUIRE(dataset.cases.size() == 1);
    const Case contents = read_case(dataset.cases.front());
    const PreparedCase prepared = prepare(contents);
    CHECK(prepared.crop == real.box);
    for (std::size_t i = 0; i < 4; ++i) {
      CAPTURE(i);
      const IntensityStatistics statistics = nonzero_statistics(contents.images[i]);
      CHECK(statistics.count == real.images[i].nonzero);
      CHECK(statistics.mean == doctest::Approx(real.images[i].mean).epsilon(1e-9));
      CHECK(statistics.deviation == doctest::Approx(real.images[i].deviation).epsilon(1e-9));
      // The largest z-score follows from numpy's numbers alone.
      const auto& values = prepared.image.values();
      float largest = 0;
      for (std::size_t at = i; at < values.size(); at += 4) largest = std::max(largest, values[at]);
      CHECK(largest == doctest::Approx((real.images[i].maximum - real.images[i].mean) /
                                       real.images[i].deviation)
                           .epsilon(1e-5));
    }
  }
}
#else
TEST_CASE("real cases") { MESSAGE("skipped: GLIA_SHARED_DATA is not defined"); }
#endif
