#include "glia/data/phantom.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "glia/data/normalise.hpp"

namespace {

using namespace glia;

const PhantomOptions small{.extent = {56, 68, 56}};

std::array<index_t, label::count> count_labels(const PhantomCase& phantom) {
  std::array<index_t, label::count> counts{};
  for (const std::uint8_t value : phantom.labels.voxels) ++counts.at(value);
  return counts;
}

/// Mean z-score of a label in a modality; the rest of the brain is label 0.
double mean_score(const PhantomCase& phantom, int channel, std::uint8_t value) {
  const Volume<float>& image = phantom.images[static_cast<std::size_t>(channel)];
  const Volume<float> scores = normalise(image);
  double sum = 0;
  index_t count = 0;
  for (std::size_t v = 0; v < scores.voxels.size(); ++v) {
    if (phantom.labels.voxels[v] != value || image.voxels[v] == 0) continue;
    sum += static_cast<double>(scores.voxels[v]);
    ++count;
  }
  return sum / static_cast<double>(count);
}

}  // namespace

TEST_CASE("a phantom is a function of seed and index") {
  const PhantomCase one = make_phantom(small, 5, 3), same = make_phantom(small, 5, 3);
  CHECK(one.id == "BraTS-GLI-00003-000");
  CHECK(one.labels.voxels == same.labels.voxels);
  for (std::size_t m = 0; m < 4; ++m) CHECK(one.images[m].voxels == same.images[m].voxels);
  for (const PhantomCase& other : {make_phantom(small, 6, 3), make_phantom(small, 5, 4)}) {
    CHECK(one.labels.voxels != other.labels.voxels);
    for (std::size_t m = 0; m < 4; ++m) CHECK(one.images[m].voxels != other.images[m].voxels);
  }
}

TEST_CASE(
    "a phantom is skull-stripped MR: whole numbers in the brain, 0 outside, tumour in the brain") {
  for (index_t index = 0; index < 6; ++index) {
    const PhantomCase phantom = make_phantom(small, 1, index);
    const std::size_t voxels = phantom.labels.voxels.size();
    std::size_t brain = 0, wrong = 0;
    for (std::size_t v = 0; v < voxels; ++v) {
      const bool inside = phantom.images[0].voxels[v] > 0;
      brain += inside;
      for (const Volume<float>& image : phantom.images) {
        const float value = image.voxels[v];
        const bool int16 = value == std::round(value) && value <= 32767;  // false for NaN
        wrong += !int16 || (value > 0) != inside || value < 0;
      }
      wrong += phantom.labels.voxels[v] != 0 && !inside;
    }
    CHECK(wrong == 0);
    CHECK(brain > voxels / 4);
    CHECK(brain < voxels * 6 / 10);
    for (const auto& [d, h, w] : {std::array<index_t, 3>{0, 0, 0}, {55, 67, 55}, {55, 0, 0}}) {
      CHECK(phantom.images[0].at(d, h, w) == 0);
    }
  }
}

TEST_CASE(
    "every phantom has oedema and a core; the share without enhancing tumour follows its option") {
  PhantomOptions options{.extent = {48, 58, 48}};
  const auto without_enhancement = [&](int cases) {
    int without = 0;
    for (index_t index = 0; index < cases; ++index) {
      const auto counts = count_labels(make_phantom(options, 3, index));
      CHECK(counts[label::ED] > 0);
      CHECK(counts[label::NCR] + counts[label::ET] > 0);
      without += counts[label::ET] == 0;
    }
    return without;
  };
  options.without_enhancement = 0;
  CHECK(without_enhancement(12) == 0);
  options.without_enhancement = 1;
  CHECK(without_enhancement(4) == 4);
  options.without_enhancement = 0.5;
  CHECK(std::abs(without_enhancement(40) - 20) <= 12);  // four standard deviations
}

TEST_CASE(
    "tumour tissues have their signs: ET in T1ce, oedema in FLAIR and T2, necrosis dark in T1") {
  int checked = 0;
  for (index_t index = 0; index < 6; ++index) {
    PhantomOptions options = small;
    options.without_enhancement = 0;
    const PhantomCase phantom = make_phantom(options, 8, index);
    const auto counts = count_labels(phantom);
    if (counts[label::NCR] < 50 || counts[label::ET] < 50 || counts[label::ED] < 50) continue;
    ++checked;
    CHECK(mean_score(phantom, modality::T1ce, label::ET) >
          mean_score(phantom, modality::T1, label::ET) + 0.4);
    CHECK(mean_score(phantom, modality::T1ce, label::ET) >
          mean_score(phantom, modality::T1ce, label::NCR) + 1);
    CHECK(mean_score(phantom, modality::FLAIR, label::ED) > 0.5);
    CHECK(mean_score(phantom, modality::T2, label::ED) >
          mean_score(phantom, modality::T2, label::background));
    CHECK(mean_score(phantom, modality::T2, label::NCR) > 1);
    CHECK(mean_score(phantom, modality::T1, label::NCR) <
          mean_score(phantom, modality::T1, label::ED));
  }
  CHECK(checked >= 4);
}

TEST_CASE("healthy voxels reach into every brightness of tumour") {
  // Healthy voxels that are brighter than the median of a tumour tissue, per voxel of that tissue.
  // Two expert-labelled BraTS 2018 cases have 0.48 and 0.003 (oedema), 1.5 and 0.72 (enhancing).
  std::vector<double> like_oedema, like_enhancing;
  for (index_t index = 0; index < 5; ++index) {
    PhantomOptions options = small;
    options.without_enhancement = 0;
    const PhantomCase phantom = make_phantom(options, 2, index);
    const auto overlap = [&](int channel, std::uint8_t tissue) {
      const Volume<float>& image = phantom.images[static_cast<std::size_t>(channel)];
      std::vector<float> values;
      for (std::size_t v = 0; v < image.voxels.size(); ++v) {
        if (phantom.labels.voxels[v] == tissue) values.push_back(image.voxels[v]);
      }
      const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      double brighter = 0;
      for (std::size_t v = 0; v < image.voxels.size(); ++v) {
        brighter += phantom.labels.voxels[v] == 0 && image.voxels[v] > *middle;
      }
      return brighter /
             static_cast<double>(values.size());  // healthy voxels per voxel of the tissue
    };
    like_oedema.push_back(overlap(modality::FLAIR, label::ED));
    like_enhancing.push_back(overlap(modality::T1ce, label::ET));
  }
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  MESSAGE("healthy voxels per tumour voxel above its median: FLAIR/ED ", mean(like_oedema),
          ", T1ce/ET ", mean(like_enhancing));
  CHECK(mean(like_oedema) > 0.05);
  CHECK(mean(like_enhancing) > 0.3);
}

TEST_CASE("any extent from 16 voxels on gives a brain that fills it in proportion") {
  for (const Extent extent :
       {Extent{16, 16, 16}, Extent{17, 41, 90}, Extent{64, 33, 47}, Extent{40, 48, 40}}) {
    const PhantomCase phantom = make_phantom({.extent = extent}, 4, 0);
    CHECK(phantom.labels.extent == extent);
    for (const Volume<float>& image : phantom.images) CHECK(image.extent == extent);
    index_t brain = 0, tumour = 0;
    for (const float value : phantom.images[0].voxels) brain += value > 0;
    for (const std::uint8_t value : phantom.labels.voxels) tumour += value > 0;
    const double scale =
        std::min({static_cast<double>(extent.w) / 156, static_cast<double>(extent.h) / 190,
                  static_cast<double>(extent.d) / 152});
    const double volume = static_cast<double>(brain) / std::pow(scale, 3) * 1e-6;  // litres
    CHECK(volume > 1);
    CHECK(volume < 2);
    CHECK(tumour > 0);
  }
}

TEST_CASE("options that make no phantom are refused") {
  CHECK_THROWS_AS(static_cast<void>(make_phantom({.extent = {15, 64, 64}}, 1, 0)), UsageError);
  CHECK_THROWS_AS(static_cast<void>(make_phantom({.without_enhancement = 1.5}, 1, 0)), UsageError);
  CHECK_THROWS_AS(static_cast<void>(make_phantom({.several_tumours = std::nan("")}, 1, 0)),
                  UsageError);
}
