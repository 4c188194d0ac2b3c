// What weights say about their training, and what the program makes of it.
#include <doctest/doctest.h>

#include "glia/io/safetensors.hpp"
#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

using Metadata = std::map<std::string, std::string>;

Metadata metadata_of(const std::string& weights) {
  return SafetensorsFile::open(weights).metadata();
}

/// Weights whose file says something else about itself.
void describe(const std::string& weights, const std::function<void(Metadata&)>& change) {
  const SafetensorsFile file = SafetensorsFile::open(weights);
  Metadata metadata = file.metadata();
  change(metadata);
  write_safetensors(weights, metadata, file.tensors());
}

}  // namespace

TEST_CASE("weights say on which patch and spacing they were trained") {
  const Phantoms p;
  const Metadata metadata = metadata_of(p.weights());
  CHECK(metadata.at("glia.patch") == "16");
  CHECK(metadata.at("glia.whole_volumes") == "no");
  CHECK(metadata.at("glia.spacing") == "1");
}

TEST_CASE(
    "weights that do not say their patch are read with that of the paper, and a line says so") {
  const Phantoms p;
  const Outcome known = p.segment("known");
  CHECK(known.code == 0);
  CHECK_FALSE(holds(known.err, "assumed"));
  describe(p.weights(), [](Metadata& metadata) { metadata.erase("glia.patch"); });
  const Outcome unknown = p.segment("unknown");
  CHECK(unknown.code == 0);
  CHECK_MESSAGE(holds(unknown.err, p.weights() + ": does not say on which patch it was trained",
                      "128x128x128 is assumed"),
                unknown.err);
  // Files of version 0.1 have the patch alone.
  describe(p.weights(), [](Metadata& metadata) {
    metadata["glia.patch"] = "16";
    metadata.erase("glia.whole_volumes");
    metadata.erase("glia.spacing");
  });
  const Outcome older = p.segment("older");
  CHECK(older.code == 0);
  CHECK_FALSE(holds(older.err, "assumed"));
  const std::string name = Phantoms::id(0) + ".nii.gz";
  CHECK(read_file(p / "older" / name) == read_file(p / "known" / name));
  CHECK(read_file(p / "unknown" / name) != read_file(p / "known" / name));
}

TEST_CASE("scans of another spacing than the training's are named, by segment and annotate") {
  const Phantoms p;
  const auto runs = [&](const std::string& out) {
    return std::vector{p.segment(out), p.run({"annotate", p.data(), "--model", p.weights(), "--out",
                                              p / (out + "_annotated")})};
  };
  for (const Outcome& alike : runs("alike")) {
    CHECK(alike.code == 0);
    CHECK_MESSAGE(!holds(alike.err, "was trained on 1x1x1 mm"), alike.err);
  }
  describe(p.weights(), [](Metadata& metadata) { metadata["glia.spacing"] = "5 1 1"; });
  for (const Outcome& other : runs("other")) {
    CHECK(other.code == 0);
    CHECK_MESSAGE(holds(other.err, "case " + Phantoms::id(1) + ": spacing: got 1x1x1 mm",
                        p.weights() + " was trained on 1x1x5 mm"),
                  other.err);
  }
}

TEST_CASE("a stray voxel far from the brain makes no tumour where every scan is 0") {
  const Phantoms p;
  const Extent large{64, 64, 64};
  Volume<float> brain(large);
  for (const char* suffix : phantom_suffixes) {
    const NiftiImage image = read_nifti(p.file(0, suffix));
    const Volume<float>& old = image.frames.front();
    Volume<float> padded(large);
    for (index_t d = 0; d < old.extent.d; ++d)
      for (index_t h = 0; h < old.extent.h; ++h)
        for (index_t w = 0; w < old.extent.w; ++w) padded.at(d, h, w) = old.at(d, h, w);
    if (std::string(suffix) == "t2f") padded.at(63, 63, 63) = 1;
    if (std::string(suffix) != "seg") {
      for (std::size_t i = 0; i < brain.voxels.size(); ++i)
        if (padded.voxels[i] != 0) brain.voxels[i] = 1;
    }
    write_nifti_image(p.file(0, suffix), padded, make_nifti_header(large, image.header.affine));
  }
  const Outcome segmented =
      p.run({"segment", p.home(0), "--model", p.weights(), "--out", p / "labels"});
  REQUIRE_MESSAGE(segmented.code == 0, segmented.err);
  const auto labels = read_nifti(p / "labels" / (Phantoms::id(0) + ".nii.gz")).frames.front();
  index_t inside = 0, outside = 0;
  for (std::size_t i = 0; i < labels.voxels.size(); ++i)
    (brain.voxels[i] != 0 ? inside : outside) += labels.voxels[i] != 0;
  CHECK(inside > 0);
  CHECK(outside == 0);
}
