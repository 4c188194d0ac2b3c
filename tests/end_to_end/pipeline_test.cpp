// From phantoms to scores with the program alone, checked against files and formulas.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "glia/metrics/connected_components.hpp"
#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

constexpr NiftiOffsets at = nifti1_offsets;

/// Voxels of a label file in file order.
std::vector<int> labels_of(const std::filesystem::path& path) {
  const NiftiImage image = read_nifti(path);
  return {image.frames.front().voxels.begin(), image.frames.front().voxels.end()};
}

/// Scores of one region by their definitions, from two files with the values of BraTS 2023.
struct Counted {
  double dice, sensitivity, specificity;
};
template <class Inside>
Counted count(const std::vector<int>& truth, const std::vector<int>& prediction, Inside inside) {
  double tp = 0, fp = 0, fn = 0, tn = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const bool t = inside(truth[i]), p = inside(prediction[i]);
    (t ? (p ? tp : fn) : (p ? fp : tn)) += 1;
  }
  return {2 * tp / (2 * tp + fp + fn), tp / (tp + fn), tn / (tn + fp)};
}

/// A comma-separated table as rows of fields.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto& row = rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
  }
  return rows;
}

/// Writes the file with axes i and k exchanged and j reversed, voxels and affine alike: the same
/// anatomy in another order.
void reorder(const std::filesystem::path& path) {
  const NiftiImage image = read_nifti(path);
  const Volume<float>& old = image.frames.front();
  const Extent e = old.extent;
  Volume<float> turned({e.w, e.h, e.d});
  for (index_t d = 0; d < e.d; ++d) {
    for (index_t h = 0; h < e.h; ++h) {
      for (index_t w = 0; w < e.w; ++w) turned.at(w, e.h - 1 - h, d) = old.at(d, h, w);
    }
  }
  Affine affine;
  for (std::size_t row = 0; row < 3; ++row) {
    const auto& from = image.header.affine.m[row];
    affine.m[row] = {from[2], -from[1], from[0], from[3] + from[1] * static_cast<double>(e.h - 1)};
  }
  write_nifti_image(path, turned, make_nifti_header(turned.extent, affine));
}

nlohmann::json evaluate(const Phantoms& p, const std::string& prediction,
                        const std::string& truth) {
  const std::string json = p / "scores.json";
  const Outcome outcome = p.run({"evaluate", prediction, truth, "--json", json, "--overwrite"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return nlohmann::json::parse(read_text(json));
}

/// Weights that find something: trained for seconds on the phantoms of `p`.
std::string trained(const Phantoms& p) {
  const Outcome outcome =
      p.run({"train", p.data(), "--out", p / "trained", "--network", "unet-tiny", "--patch", "16",
             "--batch", "2", "--epochs", "2", "--steps-per-epoch", "30", "--rate", "2e-3",
             "--validation", Phantoms::id(2)});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const auto result = nlohmann::json::parse(outcome.out);
  CHECK(result["steps"] == 60);
  CHECK(result["best_validation_dice"] > 0.05);
  return result["model"];
}

}  // namespace

TEST_CASE(
    "phantoms to scores: geometry of the input, label scheme of the input, scores by their "
    "definitions") {
  const Phantoms p;
  const std::string model = trained(p);
  for (int i = 0; i < 3; ++i)
    NiftiDamage(p.file(i, "t1n")).put(at.qoffset + 4, 17.5F).put(at.units, char{10}).save();
  const Outcome segmented = p.run({"segment", p.data(), "--model", model, "--out", p / "labels"});
  CAPTURE(segmented.err);
  REQUIRE(segmented.code == 0);

  std::istringstream lines(segmented.out);
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const auto result = nlohmann::json::parse(line);
    CHECK(result["case"] == Phantoms::id(cases));
    CHECK(result["label_scheme"] == "brats2023");
    const auto labels = labels_of(std::string(result["output"]));
    CHECK(result["voxels_WT"] == std::ranges::count_if(labels, [](int v) { return v > 0; }));
    CHECK(result["voxels_ET"] == std::ranges::count(labels, 3));
  }
  CHECK(cases == 3);

  const auto report = evaluate(p, p / "labels", p.data());
  REQUIRE(p.run({"evaluate", p / "labels", p.data(), "--csv", p / "scores.csv"}).code == 0);
  const auto table = parse_csv(read_text(p / "scores.csv"));
  REQUIRE(table.size() == 1 + 3 + 5);
  double mean = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string name = Phantoms::id(static_cast<int>(i)) + ".nii.gz";
    const NiftiDamage input(p.file(static_cast<int>(i), "t1n")), output(p / "labels" / name);
    const auto same = [&](std::size_t from, std::size_t to) {
      return std::equal(input.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                        input.bytes.begin() + static_cast<std::ptrdiff_t>(to),
                        output.bytes.begin() + static_cast<std::ptrdiff_t>(from));
    };
    CHECK(same(at.dim, at.dim + 16));
    CHECK(same(at.pixdim, at.pixdim + 32));
    CHECK(input.bytes[at.units] == output.bytes[at.units]);
    CHECK(same(at.qform_code, at.srow + 48));

    const auto truth = labels_of(p.file(static_cast<int>(i), "seg")),
               prediction = labels_of(p / "labels" / name);
    const auto& scores = report["cases"][i];
    CHECK(scores["scan_id"] == Phantoms::id(static_cast<int>(i)));
    CHECK(table[i + 1][0] == scores["scan_id"]);
    const auto compare = [&](const std::string& region, auto inside) {
      const Counted expected = count(truth, prediction, inside);
      CAPTURE(region);
      CHECK(double(scores["Dice_" + region]) == doctest::Approx(expected.dice).epsilon(1e-12));
      CHECK(double(scores["Sensitivity_" + region]) ==
            doctest::Approx(expected.sensitivity).epsilon(1e-12));
      CHECK(double(scores["Specificity_" + region]) ==
            doctest::Approx(expected.specificity).epsilon(1e-12));
      const auto column = std::ranges::find(table[0], "Dice_" + region) - table[0].begin();
      CHECK(std::stod(table[i + 1][static_cast<std::size_t>(column)]) ==
            double(scores["Dice_" + region]));
    };
    compare("WT", [](int v) { return v > 0; });
    compare("TC", [](int v) { return v == 1 || v == 3; });
    compare("ET", [](int v) { return v == 3; });
    mean += double(scores["Dice_WT"]) / 3;
  }
  CHECK(double(report["summary"]["mean"]["Dice_WT"]) == doctest::Approx(mean).epsilon(1e-12));
}

TEST_CASE("truth against itself scores Dice 1 and distance 0") {
  const Phantoms p;
  std::filesystem::create_directory(p / "truth");
  for (int i = 0; i < 3; ++i)
    std::filesystem::copy_file(p.file(i, "seg"), p / "truth" / (Phantoms::id(i) + ".nii.gz"));
  const nlohmann::json report = evaluate(p, p / "truth", p.data());
  REQUIRE(report["cases"].size() == 3);
  for (const auto& scores : report["cases"]) {
    for (const char* region : {"WT", "TC", "ET"}) {
      CHECK(scores["Dice_" + std::string(region)] == 1);
      CHECK(scores["Hausdorff95_" + std::string(region)] == 0);
    }
  }
}

TEST_CASE("thresholds are scored on the grid of the files, as predictions are") {
  const Phantoms p;
  std::filesystem::create_directory(p / "truth");
  rewrite(p.file(0, "seg"), [](std::vector<float>& labels) {
    std::ranges::fill(labels, 0.0F);
    labels.front() = 2;  // far from the brain, whose box the thresholds look at
  });
  std::filesystem::copy_file(p.file(0, "seg"), p / "truth" / (Phantoms::id(0) + ".nii.gz"));
  const Outcome outcome = p.run(
      {"evaluate", p / "truth", p.home(0), "--baseline", p.data(), "--json", p / "scores.json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const auto mean = nlohmann::json::parse(read_text(p / "scores.json"))["baseline"]["mean"];
  // A distance, at most the diagonal, and not what BraTS gives where one of both is empty.
  CHECK(mean["Hausdorff95_WT"] < 39);
  CHECK(mean["Sensitivity_WT"] == 0);
}

TEST_CASE("D06: a case in another voxel order is segmented in that order, with the same Dice") {
  const Phantoms p;
  const std::string model = trained(p);
  REQUIRE(p.run({"segment", p.data(), "--model", model, "--out", p / "straight"}).code == 0);
  const auto straight = evaluate(p, p / "straight", p.data());
  for (const char* suffix : phantom_suffixes) reorder(p.file(0, suffix));
  for (const char* suffix : {"t1c", "seg"})
    reorder(p.file(1, suffix));  // files of one case may differ
  const Outcome outcome = p.run({"segment", p.data(), "--model", model, "--out", p / "turned"});
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.err, "orientation", "LPS"));
  const auto turned = evaluate(p, p / "turned", p.data());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(turned["cases"][i]["Dice_WT"] == straight["cases"][i]["Dice_WT"]);
    CHECK(turned["cases"][i]["Dice_TC"] == straight["cases"][i]["Dice_TC"]);
    CHECK(turned["cases"][i]["Hausdorff95_WT"] == straight["cases"][i]["Hausdorff95_WT"]);
  }
  const std::string name = Phantoms::id(0) + ".nii.gz";
  CHECK(read_nifti_header(p / "turned" / name).extent == Extent{24, 22, 20});
  reorder(p / "turned" / name);  // the exchange undoes itself
  CHECK(labels_of(p / "turned" / name) == labels_of(p / "straight" / name));
  CHECK(labels_of(p / "turned" / (Phantoms::id(1) + ".nii.gz")) ==
        labels_of(p / "straight" / (Phantoms::id(1) + ".nii.gz")));
}

TEST_CASE("labels are written in the scheme of the input or in the one asked for") {
  const Phantoms p;
  const std::string model = trained(p);
  const std::string id = Phantoms::id(0), name = id + ".nii.gz";
  std::filesystem::create_directory(p / "2018");
  const std::pair<const char*, const char*> names[]{
      {"t1n", "t1"}, {"t1c", "t1ce"}, {"t2w", "t2"}, {"t2f", "flair"}};
  for (const auto& [ours, theirs] : names) {
    std::filesystem::copy_file(p.file(0, ours), p / "2018" / (id + "_" + theirs + ".nii.gz"));
  }
  REQUIRE(p.run({"segment", p.home(0), "--model", model, "--out", p / "a"}).code == 0);
  REQUIRE(p.run({"segment", p / "2018", "--model", model, "--out", p / "b"}).code == 0);
  REQUIRE(
      p.run({"segment", p.home(0), "--model", model, "--out", p / "c", "--output-scheme", "msd"})
          .code == 0);
  const auto own = labels_of(p / "a" / name), of2018 = labels_of(p / "b" / name),
             msd = labels_of(p / "c" / name);
  REQUIRE(std::ranges::count(own, 2) > 0);
  for (std::size_t i = 0; i < own.size(); ++i) {
    CHECK(of2018[i] == (own[i] == 3 ? 4 : own[i]));
    CHECK(msd[i] == (own[i] == 1 ? 2 : own[i] == 2 ? 1 : own[i]));
  }
  const auto report = evaluate(p, p / "a", p.home(0));
  const Outcome other =
      p.run({"evaluate", p / "c", p.home(0), "--prediction-scheme", "msd", "--json", p / "c.json"});
  CHECK(other.code == 0);
  CHECK(nlohmann::json::parse(read_text(p / "c.json"))["cases"] == report["cases"]);
}

TEST_CASE("rules, mirroring and post-processing do what they say") {
  const Phantoms p;
  const std::string model = trained(p);
  const std::string name = Phantoms::id(0) + ".nii.gz";
  const auto segment = [&](const std::string& out, std::vector<std::string> more) {
    more.insert(more.begin(), {"segment", p.home(0), "--model", model, "--out", p / out});
    const Outcome outcome = p.run(more);
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return std::pair{labels_of(p / out / name), nlohmann::json::parse(outcome.out)};
  };
  const auto plain = segment("plain", {}).first;
  CHECK(segment("again", {}).first == plain);
  CHECK(segment("threads", {"--threads", "1"}).first == plain);
  CHECK(segment("mirrored", {"--mirror"}).first != plain);
  CHECK(segment("hierarchical", {"--rule", "hierarchical"}).first != plain);

  const auto [relabelled, numbers] = segment("relabelled", {"--min-enhancing", "100000"});
  for (std::size_t i = 0; i < plain.size(); ++i)
    CHECK(relabelled[i] == (plain[i] == 3 ? 1 : plain[i]));
  CHECK(numbers["enhancing_relabelled"] == std::ranges::count(plain, 3));

  // However many voxels are asked for, the largest component stays.
  Mask tumour(read_nifti(p / "plain" / name).frames.front().extent);
  std::ranges::transform(plain, tumour.voxels.begin(), [](int value) { return value != 0; });
  const std::vector<index_t> sizes = connected_components(tumour).sizes;
  REQUIRE(sizes.size() > 1);
  const index_t largest = std::ranges::max(sizes);
  const auto [cleared, removed] = segment("cleared", {"--min-component", "100000"});
  const auto kept = std::ranges::count(sizes, largest);
  CHECK(std::ssize(cleared) - std::ranges::count(cleared, 0) == kept * largest);
  CHECK(removed["components_removed"] == std::ssize(sizes) - kept);
}

TEST_CASE("nibabel reads the affine, qform, sform and codes of the input from the output") {
  if (std::system("python3 -c 'import nibabel' > /dev/null 2>&1") != 0) {
    MESSAGE("python3 with nibabel is not installed: skipped");
    return;
  }
  const Phantoms p;
  NiftiDamage(p.file(1, "t1n")).put(at.qoffset, 40.0F).put(at.qform_code, std::int16_t{2}).save();
  for (const char* suffix : phantom_suffixes) {
    NiftiDamage(p.file(2, suffix)).put(at.sform_code, std::int16_t{0}).save();
    reorder(p.file(0, suffix));
  }
  REQUIRE(p.segment("labels").code == 0);
  const std::string script = R"(
import sys, numpy, nibabel
for a, b in zip(sys.argv[1::2], sys.argv[2::2]):
    a, b = nibabel.load(a), nibabel.load(b)
    assert a.shape == b.shape and (a.affine == b.affine).all()
    for form in ('get_qform', 'get_sform'):
        (x, i), (y, j) = getattr(a, form)(coded=True), getattr(b, form)(coded=True)
        assert i == j and (i == 0 or (x == y).all()), form
    assert a.header.get_xyzt_units() == b.header.get_xyzt_units()
    assert (a.header['pixdim'] == b.header['pixdim']).all()
    assert b.get_data_dtype() == numpy.uint8 and set(numpy.unique(b.dataobj)) <= {0, 1, 2, 3}
)";
  std::vector<std::string> command{"python3", "-c", script};
  for (int i = 0; i < 3; ++i) {
    command.push_back(p.file(i, "t1n"));
    command.push_back(p / "labels" / (Phantoms::id(i) + ".nii.gz"));
  }
  Process process(p / "", command);
  const int code = process.wait();
  CAPTURE(process.err());
  CHECK(code == 0);
}
