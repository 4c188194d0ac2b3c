#include "glia/data/dataset.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

#include "dataset_files.hpp"
#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;
using test::holds;
using test::message_of;
using test::touch_all;
using test::write_text;

namespace {

std::vector<std::string> ids(const std::vector<CaseFiles>& cases) {
  std::vector<std::string> result;
  for (const CaseFiles& files : cases) result.push_back(files.id);
  return result;
}

using Ids = std::vector<std::string>;

const std::string nnunet_json =
    R"({"channel_names": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
  "labels": {"background": 0, "edema": 1, "non-enhancing tumor": 2, "enhancing tumor": 3},
  "numTraining": 2, "file_ending": ".nii.gz"})";
const std::string msd_json = R"({"modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
  "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
  "training": [{"image": "./imagesTr/BRATS_001.nii.gz", "label": "./labelsTr/BRATS_001.nii.gz"},
               {"image": "./imagesTr/BRATS_002.nii.gz", "label": "./labelsTr/BRATS_002.nii.gz"}],
  "test": ["./imagesTs/BRATS_485.nii.gz"]})";

}  // namespace

TEST_CASE("BraTS 2018 with HGG and LGG folders") {
  const test::TemporaryDirectory root;
  touch_all(root / "HGG/Brats18_A_1", "Brats18_A_1", test::names_2018);
  touch_all(root / "LGG/Brats18_B_1", "Brats18_B_1", test::names_2018);
  write_text(root / "survival_data.csv");
  const Dataset dataset = find_cases(root.path());
  CHECK(dataset.problems.empty());
  REQUIRE(ids(dataset.cases) == Ids{"Brats18_A_1", "Brats18_B_1"});
  const CaseFiles& second = dataset.cases[1];
  const auto folder = root / "LGG/Brats18_B_1";
  CHECK(second.images[modality::T1] == folder / "Brats18_B_1_t1.nii.gz");
  CHECK(second.images[modality::T1ce] == folder / "Brats18_B_1_t1ce.nii.gz");
  CHECK(second.images[modality::T2] == folder / "Brats18_B_1_t2.nii.gz");
  CHECK(second.images[modality::FLAIR] == folder / "Brats18_B_1_flair.nii.gz");
  CHECK(second.label == folder / "Brats18_B_1_seg.nii.gz");
  CHECK(second.layout == Layout::brats2018);
  CHECK(holds(dataset.description, "layout brats2018: 2 cases, 2 with labels",
              "label scheme brats2018"));
}

TEST_CASE("a case folder, with or without a final slash, and a folder of several data sets") {
  const test::TemporaryDirectory root;
  touch_all(root / "a/BraTS-GLI-1-000", "BraTS-GLI-1-000", test::names_2023);
  touch_all(root / "b/case 2", "case 2", test::names_2018);
  CHECK(ids(find_cases(root / "a/BraTS-GLI-1-000").cases) == Ids{"BraTS-GLI-1-000"});
  CHECK(ids(find_cases((root / "a/BraTS-GLI-1-000/").string() + "/").cases) ==
        Ids{"BraTS-GLI-1-000"});
  const Dataset both = find_cases(root.path());
  CHECK(ids(both.cases) == Ids{"BraTS-GLI-1-000", "case 2"});
  CHECK(both.cases[0].scheme.name == "brats2023");
  CHECK(both.cases[1].scheme.name == "brats2018");
  CHECK(holds(both.description, "layout brats2018: 1 cases", "layout brats2023: 1 cases"));
}

TEST_CASE("nnU-Net raw: channels by name, labels by name, the test part on request") {
  const test::TemporaryDirectory root;
  const auto folder = root / "Dataset001_Brain";
  write_text(folder / "dataset.json", nnunet_json);
  for (const char* id : {"x_01", "y"}) {
    touch_all(folder / "imagesTr", id,
              {"_0000.nii.gz", "_0001.nii.gz", "_0002.nii.gz", "_0003.nii.gz"});
    write_text(folder / "labelsTr" / (std::string(id) + ".nii.gz"));
  }
  write_text(folder / "imagesTr/._y_0000.nii.gz");
  touch_all(folder / "imagesTs", "z",
            {"_0000.nii.gz", "_0001.nii.gz", "_0002.nii.gz", "_0003.nii.gz"});
  for (const auto& start : {root.path(), folder, folder / "imagesTr"}) {
    CAPTURE(start.string());
    const Dataset dataset = find_cases(start);
    CHECK(dataset.problems.empty());
    REQUIRE(ids(dataset.cases) == Ids{"x_01", "y"});
    CHECK(dataset.cases[0].images[modality::FLAIR] == folder / "imagesTr/x_01_0000.nii.gz");
    CHECK(dataset.cases[0].images[modality::T1] == folder / "imagesTr/x_01_0001.nii.gz");
    CHECK(dataset.cases[0].images[modality::T1ce] == folder / "imagesTr/x_01_0002.nii.gz");
    CHECK(dataset.cases[0].images[modality::T2] == folder / "imagesTr/x_01_0003.nii.gz");
    CHECK(dataset.cases[0].label == folder / "labelsTr/x_01.nii.gz");
    CHECK(dataset.cases[0].scheme.name == "msd");
    CHECK(dataset.cases[0].layout == Layout::nnunet);
  }
  CHECK(ids(find_cases(folder / "imagesTs").cases) == Ids{"z"});
  CHECK(ids(find_cases(folder, {.include_test = true}).cases) == Ids{"x_01", "y", "z"});
}

TEST_CASE("nnU-Net's list of files in dataset.json") {
  const test::TemporaryDirectory root;
  std::string json = nnunet_json;
  json.back() = ',';
  json +=
      R"("dataset": {"p": {"images": ["raw/f.nii.gz", "raw/a.nii.gz", "raw/b.nii.gz", "raw/c.nii.gz"],
                               "label": "raw/l.nii.gz"}}})";
  write_text(root / "dataset.json", json);
  std::filesystem::create_directories(root / "imagesTr");
  touch_all(root / "raw", "", {"f.nii.gz", "a.nii.gz", "b.nii.gz", "c.nii.gz", "l.nii.gz"});
  const Dataset dataset = find_cases(root.path());
  REQUIRE(ids(dataset.cases) == Ids{"p"});
  CHECK(dataset.cases[0].images[modality::T1ce] == root / "raw/b.nii.gz");
  CHECK(dataset.cases[0].label == root / "raw/l.nii.gz");
}

TEST_CASE("Decathlon: frames of one 4-D file") {
  const test::TemporaryDirectory root;
  const auto folder = root / "Task01_BrainTumour";
  write_text(folder / "dataset.json", msd_json);
  touch_all(folder / "imagesTr", "",
            {"BRATS_001.nii.gz", "BRATS_002.nii.gz", "._BRATS_001.nii.gz"});
  touch_all(folder / "labelsTr", "", {"BRATS_001.nii.gz", "BRATS_002.nii.gz"});
  touch_all(folder / "imagesTs", "", {"BRATS_485.nii.gz"});
  const Dataset dataset = find_cases(root.path());
  CHECK(dataset.problems.empty());
  REQUIRE(ids(dataset.cases) == Ids{"BRATS_001", "BRATS_002"});
  const CaseFiles& first = dataset.cases[0];
  for (const auto& image : first.images) CHECK(image == folder / "imagesTr/BRATS_001.nii.gz");
  CHECK(first.frame == std::array<index_t, 4>{1, 2, 3, 0});
  CHECK(first.label == folder / "labelsTr/BRATS_001.nii.gz");
  CHECK(first.scheme.name == "msd");
  CHECK(first.layout == Layout::msd);
  CHECK(find_cases(root.path(), {.include_test = true}).cases.back().id == "BRATS_485");
  CHECK(find_cases(folder / "imagesTs").cases.front().label.empty());
}

TEST_CASE("files that dataset.json lists and that do not exist are a problem") {
  const test::TemporaryDirectory root;
  write_text(root / "dataset.json", msd_json);
  touch_all(root / "imagesTr", "", {"BRATS_001.nii.gz"});
  touch_all(root / "labelsTr", "", {"BRATS_001.nii.gz", "BRATS_002.nii.gz"});
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.cases) == Ids{"BRATS_001"});
  CHECK(ids(dataset.refused) == Ids{"BRATS_002"});
  CHECK(holds(dataset.problems.front().message, "imagesTr/BRATS_002.nii.gz", "no such file"));
}

TEST_CASE(
    "an unusable dataset.json is a problem of the data set; a named scheme replaces unknown "
    "labels") {
  const test::TemporaryDirectory root;
  write_text(root / "bad/dataset.json", "{");
  std::filesystem::create_directories(root / "bad/imagesTr");
  const Dataset bad = find_cases(root / "bad");
  REQUIRE(bad.problems.size() == 1);
  CHECK(bad.problems[0].case_id.empty());
  CHECK(holds(bad.problems[0].message, "bad/dataset.json", "line 1"));

  std::string json = nnunet_json;
  json.replace(json.find("edema"), 5, "liver");
  write_text(root / "odd/dataset.json", json);
  touch_all(root / "odd/imagesTr", "x",
            {"_0000.nii.gz", "_0001.nii.gz", "_0002.nii.gz", "_0003.nii.gz"});
  const Dataset odd = find_cases(root / "odd");
  REQUIRE(odd.problems.size() == 1);
  CHECK(holds(odd.problems[0].message, "'labels'", "'liver'", "label scheme"));
  const Dataset named = find_cases(root / "odd", {.scheme = label_scheme("modelhub")});
  CHECK(named.problems.empty());
  CHECK(named.cases.front().scheme.name == "modelhub");
}

TEST_CASE("all incomplete cases are listed, the others stay usable") {
  const test::TemporaryDirectory root;
  touch_all(root / "good", "good", test::names_2023);
  touch_all(root / "one", "one", {"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz", "-seg.nii.gz"});
  touch_all(root / "two", "two", {"_flair.nii.gz", "_t1ce.nii.gz", "_mask.nii.gz"});
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.cases) == Ids{"good"});
  CHECK(ids(dataset.refused) == Ids{"one", "two"});
  const std::string message = message_of<DataError>([&] { require_no_problems(dataset); });
  CHECK(holds(message, "2 problems", "case one: ", (root / "one").string() + ": missing FLAIR",
              "case two: ", "missing T1, T2"));
  CHECK(holds(dataset.description, "1 cases", "1 refused"));
}

TEST_CASE("a case without labels is a problem only where labels are required") {
  const test::TemporaryDirectory root;
  touch_all(root / "c", "c", {"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz", "-t2f.nii.gz"});
  CHECK(find_cases(root.path()).problems.empty());
  const Dataset strict = find_cases(root.path(), {.require_labels = true});
  REQUIRE(strict.problems.size() == 1);
  CHECK(holds(strict.problems[0].message, (root / "c").string(), "missing label file"));
}

TEST_CASE("one id in two folders is a problem that names both") {
  const test::TemporaryDirectory root;
  touch_all(root / "HGG/c", "c", test::names_2018);
  touch_all(root / "LGG/c", "c", test::names_2018);
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.refused) == Ids{"c"});
  CHECK(holds(dataset.problems.front().message, (root / "HGG/c").string(),
              (root / "LGG/c").string(), "twice"));
}

TEST_CASE("both compressed and plain copies of one modality are a problem") {
  const test::TemporaryDirectory root;
  touch_all(root / "c", "c", test::names_2018);
  write_text(root / "c/c_t2.nii");
  const Dataset dataset = find_cases(root.path());
  CHECK(dataset.cases.empty());
  CHECK(holds(dataset.problems.front().message, "T2:", "c_t2.nii and", "c_t2.nii.gz"));
}

TEST_CASE("the layout can be chosen") {
  const test::TemporaryDirectory root;
  touch_all(root / "old", "old", test::names_2018);
  touch_all(root / "recent", "recent",
            {"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz", "-t2f.nii.gz"});
  CHECK(ids(find_cases(root.path(), {.layout = Layout::brats2023}).cases) == Ids{"recent"});
  const Dataset none = find_cases(root.path(), {.layout = Layout::msd});
  CHECK(none.cases.empty());
  CHECK(holds(none.problems.front().message, "found no cases", "expected layout msd"));
  CHECK(find_layout("nnunet") == Layout::nnunet);
  CHECK(holds(message_of<UsageError>([] { (void)find_layout("brats"); }), "'brats'",
              "brats2018, brats2023"));
}

TEST_CASE("loops of links, pipes, broken links and odd names end in cases or problems") {
  const test::TemporaryDirectory root;
  touch_all(root / "a b/\xc3\xbc", "\xc3\xbc", test::names_2018);
  std::filesystem::create_directory_symlink(root.path(), root / "loop");
  std::filesystem::create_directory_symlink("self", root / "self");
  touch_all(root / "c\nd", "c\nd", test::names_2018);
  REQUIRE(::mkfifo((root / "p_t1.nii").c_str(), 0600) == 0);
  std::filesystem::create_symlink("nowhere", root / "q_t1.nii");
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.cases) == Ids{"\xc3\xbc"});
  CHECK(ids(dataset.refused) == Ids{"p", "q", "c\nd"});
  std::string all;
  for (const CaseProblem& problem : dataset.problems) all += problem.message + "\n";
  CHECK(holds(all, "control characters", "p_t1.nii: expected a regular file",
              "q_t1.nii: expected a regular file"));
}

TEST_CASE("a link that leads nowhere is a fault of its case, and of nobody who ignores labels") {
  const test::TemporaryDirectory root;
  for (const char* id : {"a", "b", "c"}) touch_all(root / id, id, test::names_2023);
  const auto break_link = [&](const std::filesystem::path& file) {
    std::filesystem::remove(file);
    std::filesystem::create_symlink("../.git/annex/objects/x", file);
  };
  break_link(root / "b/b-t2w.nii.gz");
  break_link(root / "c/c-seg.nii.gz");
  std::filesystem::create_directory_symlink("nowhere", root / "d");
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.cases) == Ids{"a"});
  CHECK(ids(dataset.refused) == Ids{"b", "c"});
  REQUIRE(dataset.problems.size() == 2);
  CHECK(dataset.problems[0].case_id == "b");
  CHECK(
      holds(dataset.problems[0].message, "b-t2w.nii.gz", "../.git/annex/objects/x", "not fetched"));
  CHECK(dataset.problems[1].case_id == "c");
  CHECK(dataset.ignored == std::vector{root / "d"});
  const Dataset unlabelled = find_cases(root.path(), {.ignore_labels = true});
  CHECK(ids(unlabelled.cases) == Ids{"a", "c"});
  CHECK(unlabelled.cases[1].label.empty());
  const Dataset labels = find_cases(root.path(), {.require_labels = true, .require_images = false});
  CHECK(ids(labels.cases) == Ids{"a", "b"});
}

TEST_CASE("links that lead nowhere in the folders of nnU-Net") {
  const test::TemporaryDirectory root;
  write_text(root / "dataset.json", nnunet_json);
  for (const char* id : {"x", "y"}) {
    touch_all(root / "imagesTr", id,
              {"_0000.nii.gz", "_0001.nii.gz", "_0002.nii.gz", "_0003.nii.gz"});
    write_text(root / "labelsTr" / (std::string(id) + ".nii.gz"));
  }
  for (const char* file : {"imagesTr/x_0001.nii.gz", "labelsTr/y.nii.gz"}) {
    std::filesystem::remove(root / file);
    std::filesystem::create_symlink("nowhere", root / file);
  }
  const Dataset dataset = find_cases(root.path());
  CHECK(dataset.cases.empty());
  REQUIRE(dataset.problems.size() == 2);
  CHECK(holds(dataset.problems[0].message, "x_0001.nii.gz", "nowhere"));
  CHECK(holds(dataset.problems[1].message, "labelsTr/y.nii.gz", "nowhere"));
  CHECK(ids(find_cases(root.path(), {.ignore_labels = true}).cases) == Ids{"y"});
}

TEST_CASE("a folder that cannot be listed is a fault of the case of its name") {
  const test::TemporaryDirectory root;
  touch_all(root / "good", "good", test::names_2018);
  std::filesystem::create_directory(root / "shut");
  std::filesystem::permissions(root / "shut", std::filesystem::perms::none);
  std::error_code error;
  std::filesystem::directory_iterator(root / "shut", error);
  if (!error) {
    MESSAGE("folders cannot be shut for this user: skipped");
    return;
  }
  const Dataset dataset = find_cases(root.path());
  std::filesystem::permissions(root / "shut", std::filesystem::perms::owner_all);
  CHECK(ids(dataset.cases) == Ids{"good"});
  CHECK(ids(dataset.refused) == Ids{"shut"});
  CHECK(holds(dataset.problems.front().message, "cannot list"));
}

TEST_CASE("nnU-Net data sets that dataset.json alone describes, with files of other data sets") {
  const test::TemporaryDirectory root;
  std::string json = nnunet_json;
  json.back() = ',';
  json += R"("dataset": {"p": {"images": ["../A/f.nii.gz", "../A/a.nii.gz", "../A/b.nii.gz",
                                          "../A/c.nii.gz"], "label": "../A/l.nii.gz"}}})";
  write_text(root / "B/dataset.json", json);
  touch_all(root / "A", "", {"f.nii.gz", "a.nii.gz", "b.nii.gz", "c.nii.gz", "l.nii.gz"});
  const Dataset dataset = find_cases(root / "B");
  CHECK(dataset.problems.empty());
  REQUIRE(ids(dataset.cases) == Ids{"p"});
  CHECK(std::filesystem::equivalent(dataset.cases[0].images[modality::FLAIR], root / "A/f.nii.gz"));
  CHECK(std::filesystem::equivalent(dataset.cases[0].label, root / "A/l.nii.gz"));
  CHECK(dataset.cases[0].layout == Layout::nnunet);
}

TEST_CASE("imagesTr without dataset.json is a problem that names the file") {
  const test::TemporaryDirectory root;
  touch_all(root / "imagesTr", "x", {"_0000.nii.gz", "_0001.nii.gz"});
  for (const auto& start : {root.path(), root / "imagesTr"}) {
    const Dataset dataset = find_cases(start);
    REQUIRE(dataset.problems.size() == 1);
    CHECK(holds(dataset.problems[0].message, (root / "dataset.json").string(), "no such file",
                "nnU-Net"));
    CHECK(dataset.ignored.size() == 2);
  }
  std::filesystem::create_symlink("nowhere", root / "dataset.json");
  CHECK(holds(find_cases(root.path()).problems.front().message, "dataset.json", "nowhere"));
  touch_all(root / "imagesTr/a", "a", test::names_2018);
  CHECK(ids(find_cases(root.path()).cases) == Ids{"a"});
}

TEST_CASE("cases whose file names clash are named after their folders") {
  const test::TemporaryDirectory root;
  touch_all(root / "p1", "scan", test::names_2018);
  touch_all(root / "p2", "scan", test::names_2018);
  touch_all(root / "p3", "", {"t1.nii", "t1ce.nii", "t2.nii", "flair.nii"});
  CHECK(ids(find_cases(root.path()).cases) == Ids{"p1", "p2", "p3"});
  CHECK(ids(find_cases(root / "p1").cases) == Ids{"scan"});
  write_text(root / "p2/scan_t1.nii");  // a problem follows its case
  CHECK(find_cases(root.path()).problems.front().case_id == "p2");
  for (const char* patient : {"P-1", "P-2"})
    touch_all(root / "days" / patient / "week-0", "", {"CT1.nii", "T1.nii", "T2.nii", "FLAIR.nii"});
  CHECK(ids(find_cases(root / "days").cases) == Ids{"P-1_week-0", "P-2_week-0"});
  // Copies carry the name of their folder: which of them is the case nobody knows.
  touch_all(root / "copies/c", "c", test::names_2018);
  touch_all(root / "copies/c_old", "c", test::names_2018);
  CHECK(ids(find_cases(root / "copies").refused) == Ids{"c"});
}

TEST_CASE("images that belong to no case are named") {
  const test::TemporaryDirectory root;
  touch_all(root / "c", "c", test::names_2018);
  touch_all(root / "c", "c", {"_mask.nii.gz", "_t1.mha", "_notes.txt", "_adc.NII"});
  write_text(root / "c/._c_t1.nii.gz");
  CHECK(find_cases(root.path()).ignored ==
        std::vector{root / "c/c_adc.NII", root / "c/c_mask.nii.gz", root / "c/c_t1.mha"});
  write_text(root / "n/dataset.json", nnunet_json);
  touch_all(root / "n/imagesTr", "x",
            {"_0000.nii.gz", "_0001.nii.gz", "_0002.nii.gz", "_0003.nii.gz", "_0004.nii.gz"});
  touch_all(root / "n/labelsTr", "", {"x.nii.gz", "y.nii.gz"});
  CHECK(find_cases(root / "n").ignored ==
        std::vector{root / "n/imagesTr/x_0004.nii.gz", root / "n/labelsTr/y.nii.gz"});
}

TEST_CASE("label files alone are cases for those who need no images") {
  const test::TemporaryDirectory root;
  const FindCasesOptions labels{.require_labels = true, .require_images = false};
  touch_all(root / "brats", "", {"a-seg.nii.gz", "b-seg.nii.gz"});
  CHECK(ids(find_cases(root / "brats", labels).cases) == Ids{"a", "b"});
  CHECK(ids(find_cases(root / "brats").refused) == Ids{"a", "b"});
  touch_all(root / "plain", "", {"a.nii.gz", "b.NII"});
  CHECK(ids(find_cases(root / "plain", labels).cases) == Ids{"a", "b"});
  CHECK(find_cases(root / "plain").cases.empty());
  write_text(root / "plain/a_t1.nii.gz");  // beside scans, other files may be anything
  CHECK(find_cases(root / "plain", labels).cases.empty());
  write_text(root / "nnunet/dataset.json", nnunet_json);
  touch_all(root / "nnunet/labelsTr", "", {"a.nii.gz", "b.nii.gz"});
  for (const auto& start : {root / "nnunet", root / "nnunet/labelsTr"}) {
    const Dataset dataset = find_cases(start, labels);
    CHECK(dataset.problems.empty());
    REQUIRE(ids(dataset.cases) == Ids{"a", "b"});
    CHECK(dataset.cases[0].scheme.name == "msd");
  }
}

TEST_CASE("names of two layouts in a labelled case are a problem until the scheme is named") {
  const test::TemporaryDirectory root;
  touch_all(root / "c", "c",
            {"-t1n.nii.gz", "-t1c.nii.gz", "-t2w.nii.gz", "_flair.nii.gz", "-seg.nii.gz"});
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.refused) == Ids{"c"});
  CHECK(holds(dataset.problems.front().message, "two layouts", "label scheme"));
  CHECK(ids(find_cases(root.path(), {.ignore_labels = true}).cases) == Ids{"c"});
  CHECK(ids(find_cases(root.path(), {.scheme = label_scheme("brats2023")}).cases) == Ids{"c"});
}

TEST_CASE("ids that files cannot be named after, or that lists in files cannot hold") {
  for (const char* id : {"c", "a b", "Brats18_A_1", "\xc3\xbc", "x.y", "'\"", "\xf0\x9f\xa7\xa0"})
    CHECK(is_valid_case_id(id));
  for (const char* id : {"", ".hidden", "a/b", "a\\b", "a\nb", "a\x7f", "a,b", ",", "a\xff", "\xc3",
                         "\xed\xa0\x80", "\xc0\xaf"})
    CHECK_FALSE(is_valid_case_id(id));
  CHECK_FALSE(is_valid_case_id(std::string_view("a\0b", 3)));
}

TEST_CASE("cases with commas or broken UTF-8 in their ids are problems that name the folder") {
  const test::TemporaryDirectory root;
  touch_all(root / "good", "good", test::names_2018);
  touch_all(root / "first/a,b", "a,b", test::names_2018);
  touch_all(root / "second/c\xff", "c\xff", test::names_2018);
  const Dataset dataset = find_cases(root.path());
  CHECK(ids(dataset.cases) == Ids{"good"});
  CHECK(ids(dataset.refused) == Ids{"a,b", "c\xff"});
  REQUIRE(dataset.problems.size() == 2);
  CHECK(holds(dataset.problems[0].message, (root / "first/a,b").string(), "case id 'a,b'"));
  CHECK(holds(dataset.problems[1].message, (root / "second/c\xff").string(), "case id 'c\xff'"));
}

TEST_CASE("a root that is no folder is an I/O error") {
  const test::TemporaryDirectory root;
  write_text(root / "file");
  CHECK(
      holds(message_of<IoError>([&] { (void)find_cases(root / "none"); }), "none", "No such file"));
  CHECK_THROWS_AS((void)find_cases(root / "file"), IoError);
  CHECK_THROWS_AS((void)find_cases(root / std::string(4096, 'x')), IoError);
  CHECK(holds(find_cases(root.path()).problems.front().message, "found no cases"));
}

#ifdef GLIA_SHARED_DATA
TEST_CASE("real data sets side by side") {
  const std::filesystem::path data = GLIA_SHARED_DATA;
  const Dataset dataset = find_cases(data);
  CHECK(ids(dataset.cases) == Ids{"Brats18_2013_2_1", "Brats18_TCIA05_396_1", "BraTS-GLI-00001-000",
                                  "BraTS-GLI-00027-000", "TCGA-FG-6692",
                                  "modelhub_brats18_patient_1"});
  // Beside them lies a folder with labels of another package's results, without scans.
  const Ids refused = ids(dataset.refused);
  for (const char* id : {"deepmedic_brats_2013_pat0001_1", "deepmedic_brats_2013_pat0002_1"})
    CHECK(std::ranges::count(refused, id) == 1);
  CHECK(dataset.cases[3].label.empty());
}
#endif
