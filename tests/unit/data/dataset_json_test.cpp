#include "glia/data/dataset_json.hpp"

#include <doctest/doctest.h>

#include "dataset_files.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using test::holds;
using test::message_of;

namespace {

DatasetJson read(const std::string& text) {
  const test::TemporaryDirectory folder;
  test::write_text(folder / "dataset.json", text);
  return read_dataset_json(folder / "dataset.json");
}

std::string refusal(const std::string& text) {
  return message_of<DataError>([&] { (void)read(text); });
}

const std::string channels =
    R"("channel_names": {"0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR"})";

std::string with_labels(const std::string& labels) {
  return "{" + channels + R"(, "labels": )" + labels + "}";
}

}  // namespace

TEST_CASE("the Decathlon's description of Task01_BrainTumour") {
  // The fields of the published file, its lists shortened.
  const DatasetJson json = read(R"({
    "name": "BRATS", "tensorImageSize": "4D",
    "modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
    "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
    "numTraining": 2, "numTest": 1,
    "training": [{"image": "./imagesTr/BRATS_457.nii.gz", "label": "./labelsTr/BRATS_457.nii.gz"},
                 {"image": "./imagesTr/._BRATS_457.nii.gz", "label": "./labelsTr/._BRATS_457.nii.gz"}],
    "test": ["./imagesTs/BRATS_485.nii.gz"]})");
  CHECK_FALSE(json.has_channel_names);
  CHECK(json.channel_of[modality::T1] == 1);
  CHECK(json.channel_of[modality::T1ce] == 2);
  CHECK(json.channel_of[modality::T2] == 3);
  CHECK(json.channel_of[modality::FLAIR] == 0);
  REQUIRE(json.scheme);
  CHECK(json.scheme->name == "msd");
  REQUIRE(json.training.size() == 1);
  CHECK(json.training[0].id == "BRATS_457");
  CHECK(json.training[0].label == std::filesystem::path("labelsTr/BRATS_457.nii.gz"));
  REQUIRE(json.test.size() == 1);
  CHECK(json.test[0].images[0] == std::filesystem::path("imagesTs/BRATS_485.nii.gz"));
}

TEST_CASE("nnU-Net's labels, as values and as regions, become a scheme") {
  CHECK(read(with_labels(R"({"background": 0, "edema": 1, "non-enhancing": 2, "enhancing": 3})"))
            .scheme->name == "msd");
  CHECK(read(with_labels(R"({"background": 0, "NCR": 1, "ED": 2, "ET": 3})")).scheme->name ==
        "brats2023");
  const std::string regions =
      R"({"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": 3})";
  CHECK(read(with_labels(regions)).scheme->name == "msd");
  const LabelScheme own =
      *read(with_labels(R"({"background": 0, "Oedema": 7, "NCR/NET": 5, "ET": 9})")).scheme;
  CHECK(own.label_of(7) == label::ED);
  CHECK(own.label_of(5) == label::NCR);
  CHECK(own.label_of(9) == label::ET);
  CHECK_FALSE(own.label_of(1).has_value());
}

TEST_CASE("unknown label names leave the scheme to the user") {
  const DatasetJson json = read(with_labels(R"({"background": 0, "liver": 1})"));
  CHECK_FALSE(json.scheme.has_value());
  CHECK(holds(json.scheme_problem, "'liver'"));
}

TEST_CASE("every misuse of a field is refused with file, field, got and expected") {
  CHECK(holds(refusal("[]"), "dataset.json", "got array", "expected an object"));
  CHECK(holds(refusal("{}"), "'channel_names'", "got nothing"));
  CHECK(holds(refusal(R"({"channel_names": [1]})"), "'channel_names'", "got array",
              "expected an object"));
  CHECK(holds(refusal(R"({"channel_names": {"x": "T1"}})"), "'channel_names'", "key 'x'"));
  CHECK(holds(refusal(R"({"channel_names": {"0": 1}})"), "'channel_names/0'", "got number"));
  CHECK(holds(refusal(R"({"channel_names": {"0": "T1", "1": "T2"}})"), "got T1, T2", "T1ce"));
  CHECK(holds(refusal(R"({"channel_names": {"0": "T1", "1": "t1w"}})"), "each modality once"));
  CHECK(holds(refusal(with_labels("3")), "'labels'", "got number"));
  CHECK(holds(refusal(with_labels(R"({"ET": 256})")), "'labels'", "256", "0 to 255"));
  CHECK(holds(refusal(with_labels(R"({"ET": -1})")), "'labels'", "-1"));
  CHECK(holds(refusal(with_labels(R"({"ET": 2.5})")), "'labels'", "2.5"));
  CHECK(holds(refusal(with_labels(R"({"background": 0, "whole tumor": []})")), "dataset.json",
              "'labels'", "no value for 'whole tumor'", "at least one"));
  CHECK(holds(refusal("{" + channels + R"(, "training": {}})"), "'training'", "got object",
              "an array"));
  CHECK(holds(refusal("{" + channels + R"(, "training": [3]})"), "'training/0'", "got number"));
  CHECK(holds(refusal("{" + channels + R"(, "training": ["a.png"]})"), "'training/0'", "a.png"));
  CHECK(holds(refusal("{" + channels + R"(, "dataset": {"a/b": {"images": []}}})"), "a/b"));
  CHECK(holds(refusal("{" + channels + R"(, "file_ending": ".mha"})"), "'file_ending'", ".mha",
              ".nii.gz"));
  CHECK(holds(refusal("{" + channels + R"(, "file_ending": ".x.nii.gz"})"), "'file_ending'"));
  CHECK_NOTHROW((void)read("{" + channels + R"(, "file_ending": ".NII.GZ"})"));
}

TEST_CASE("names of channels that only the user knows") {
  const test::TemporaryDirectory folder;
  test::write_text(folder / "dataset.json",
                   R"({"channel_names": {"0": "T1", "1": "bravo", "2": "T2", "3": "FLAIR"}})");
  CHECK(holds(message_of<DataError>([&] { (void)read_dataset_json(folder / "dataset.json"); }),
              "T1ce"));
  CHECK(read_dataset_json(folder / "dataset.json", {{"Bravo", modality::T1ce}})
            .channel_of[modality::T1ce] == 1);
}

TEST_CASE("nnU-Net's list of files may name those of other data sets") {
  const DatasetJson json =
      read("{" + channels + R"(, "dataset": {"p": {"images": ["../A/p_0000.nii.gz"],
                                             "label": "/data/p.nii.gz"}}})");
  REQUIRE(json.listed_channels.size() == 1);
  CHECK(json.listed_channels[0].images[0] == std::filesystem::path("../A/p_0000.nii.gz"));
  CHECK(json.listed_channels[0].label == std::filesystem::path("/data/p.nii.gz"));
  CHECK(holds(refusal("{" + channels + R"(, "dataset": {"p": {"images": [""]}}})"), "a path"));
}

TEST_CASE("paths that leave the data set are refused") {
  for (const char* path : {"/etc/x.nii.gz", "../x.nii.gz", "imagesTr/../../x.nii.gz", ""}) {
    CAPTURE(path);
    const std::string list =
        std::string(R"([{"image": ")") + path + R"(", "label": "labelsTr/x.nii.gz"}])";
    CHECK(holds(refusal("{" + channels + R"(, "training": )" + list + "}"), "'training/0'",
                "inside the data set"));
  }
}

TEST_CASE("broken, ambiguous and hostile JSON is refused") {
  CHECK(holds(refusal("{\n  \"labels\": {,}\n}"), "dataset.json", "line 2, column 14"));
  CHECK(holds(refusal(""), "dataset.json", "not valid JSON"));
  CHECK(holds(refusal(R"({"labels": {}, "labels": {}})"), "'labels'", "twice"));
  CHECK(holds(refusal(std::string(100000, '[')), "nested deeper than 16"));
  CHECK(holds(refusal(std::string((16U << 20) + 1, ' ')), "expected at most 16777216"));
  CHECK(holds(refusal("{\"name\": \"\xff\xfe\"}"), "not valid JSON"));
}
