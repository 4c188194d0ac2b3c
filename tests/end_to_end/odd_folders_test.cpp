// Folders as people have them: labels of other patients, links that were never fetched, names in
// capitals, lists from other editors.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

void break_link(const std::filesystem::path& file) {
  std::filesystem::remove(file);
  std::filesystem::create_symlink("../.git/annex/objects/x", file);
}

std::string write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

}  // namespace

TEST_CASE("the label file of another patient is named by check and refused in training") {
  const Phantoms p;
  const std::string other = (p.home(1) / "BraTS-GLI-00009-000-seg.nii.gz").string();
  std::filesystem::rename(p.file(1, "seg"), other);
  const Outcome checked = p.check();
  CHECK(checked.code == 3);
  CHECK(holds(checked.out, other, "'" + Phantoms::id(1) + "'"));
  CHECK(p.train("other").code == 3);
  CHECK(p.segment("labels").code == 0);
}

TEST_CASE("a link that leads nowhere stops its case, not the others") {
  const Phantoms p;
  break_link(p.file(1, "t2w"));
  const Outcome outcome = p.segment("labels");
  CHECK(outcome.code == 3);
  CHECK(holds(outcome.err, "case " + Phantoms::id(1), "not fetched"));
  CHECK(p.segment("others", {"--keep-going"}).code == 7);
  CHECK(names_in(p / "others").size() == 2);
  CHECK(p.segment("listed", {"--only", write(p / "ids.txt", Phantoms::id(0) + "\n")}).code == 0);
}

TEST_CASE("segmentation needs no label file, training does") {
  const Phantoms p;
  break_link(p.file(1, "seg"));
  CHECK(p.segment("labels").code == 0);
  CHECK(names_in(p / "labels").size() == 3);
  CHECK(p.check().code == 3);
  CHECK(p.train("other").code == 3);
  CHECK(p.train("others", {"--keep-going"}).code == 7);
}

TEST_CASE("names in capitals are read, and evaluated") {
  const Phantoms p;
  const auto capitals = [](const std::filesystem::path& file) {
    std::string name = file.filename().string();
    name.replace(name.size() - 7, 7, ".NII.GZ");
    std::filesystem::rename(file, file.parent_path() / name);
  };
  for (const char* suffix : phantom_suffixes) capitals(p.file(1, suffix));
  const Outcome checked = p.check();
  CHECK(checked.code == 0);
  CHECK(holds(checked.out, "3 case(s), 0 problem(s)"));
  std::filesystem::create_directory(p / "labels");
  std::filesystem::copy_file(p.file(0, "seg"), p / "labels" / (Phantoms::id(0) + ".NII.GZ"));
  const Outcome scores = p.run({"evaluate", p / "labels", p.home(0)});
  CHECK(scores.code == 0);
  CHECK(holds(scores.out, "1.0000  1.0000  1.0000"));
}

TEST_CASE("a folder of label files alone is a truth") {
  const Phantoms p;
  for (const std::string folder : {"truth", "plain"}) {
    std::filesystem::create_directory(p / folder);
    for (int i = 0; i < 3; ++i) {
      const std::string name = Phantoms::id(i) + (folder == "truth" ? "-seg.nii.gz" : ".nii.gz");
      std::filesystem::copy_file(p.file(i, "seg"), p / folder / name);
    }
  }
  for (const std::string folder : {"truth", "plain"}) {
    const Outcome scores =
        p.run({"evaluate", p / "plain", p / folder, "--label-scheme", "brats2023"});
    CAPTURE(scores.err);
    CHECK(scores.code == 0);
    CHECK(holds(scores.out, Phantoms::id(2), "1.0000  1.0000  1.0000"));
  }
}

TEST_CASE(
    "lists of ids: a byte order mark is no part of an id, doubled ids and UTF-16 are refused") {
  const Phantoms p;
  const auto evaluate = [&](const std::string& list) {
    return p.run({"evaluate", p.file(0, "seg"), p.data(), "--only", write(p / "ids.txt", list)});
  };
  CHECK(evaluate("\xef\xbb\xbf" + Phantoms::id(0) + "\r\n").code == 0);
  const Outcome doubled = evaluate(Phantoms::id(0) + "\n" + Phantoms::id(0) + "\n");
  CHECK(doubled.code == 3);
  CHECK(holds(doubled.err, "ids.txt", Phantoms::id(0) + " twice"));
  CHECK(holds(evaluate("\xff\xfe"
                       "B")
                  .err,
              "ids.txt", "UTF-8"));
}

TEST_CASE("a tolerance that lets a mirrored file pass is refused") {
  const Phantoms p;
  const Outcome outcome = p.check({"--affine-tolerance", "1000"});
  CHECK(outcome.code == 2);
  CHECK(holds(outcome.err, "--affine-tolerance"));
}

TEST_CASE("names that only their user knows") {
  const Phantoms p;
  for (int i = 0; i < 3; ++i) {
    std::filesystem::rename(p.file(i, "t1c"), p.home(i) / (Phantoms::id(i) + "-bravo.nii.gz"));
    std::filesystem::rename(p.file(i, "seg"), p.home(i) / (Phantoms::id(i) + "-ROI.nii.gz"));
  }
  const Outcome unknown = p.check();
  CHECK(unknown.code == 3);
  CHECK(holds(unknown.out, "missing T1ce", "ignored: ", Phantoms::id(0) + "-bravo.nii.gz"));
  const Outcome named = p.check({"--file-name", "T1ce=bravo", "--file-name", "label=roi"});
  CHECK(named.code == 0);
  CHECK(holds(named.out, "3 with labels", "3 case(s), 0 problem(s)"));
  for (const char* wrong : {"bravo", "T9=bravo", "T1ce="})
    CHECK(p.check({"--file-name", wrong}).code == 2);
}

TEST_CASE("what looks like a mistake in the scans is said by check and by segment") {
  const Phantoms p;
  std::filesystem::copy_file(p.file(1, "t2w"), p.file(1, "t2f"),
                             std::filesystem::copy_options::overwrite_existing);
  const Outcome checked = p.check();
  CHECK(checked.code == 0);
  CHECK(holds(checked.out, "warning: ", "T2 and FLAIR are the same scan"));
  CHECK(holds(p.segment("labels").err, "warning: ", "T2 and FLAIR are the same scan"));
}

TEST_CASE(
    "one case without the value that gives its neighbours away is not read as another scheme") {
  const Phantoms p;
  rewrite(p.file(1, "seg"), [](std::vector<float>& voxels) { voxels.front() = 4; });
  const Outcome outcome = p.train("other", {"--keep-going"});
  CHECK(outcome.code == 3);  // no case is left
  CHECK(holds(outcome.err, "case " + Phantoms::id(0), "one scheme", "--scheme-of"));
  CHECK(p.train("named", {"--scheme-of", p.data() + "=brats2024"}).code == 0);
}
