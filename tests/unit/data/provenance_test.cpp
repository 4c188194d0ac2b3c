#include "glia/data/provenance.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "support/expect.hpp"
#include "support/temporary_directory.hpp"

using namespace glia;

namespace {

Provenance sample() {
  return {.case_id = "BraTS-\"1\"",
          .date = "2024-02-29",
          .labelling = "hard 0.5",
          .settings = "window 64",
          .teachers = {{"a.safetensors", 123456789012, 0xdeadbeef}, {"b.safetensors", 2, 0}},
          .images = {{"t1.nii.gz", 3, 0x0000abcd}},
          .labels = FileStamp{"x.nii.gz", 7, 8},
          .voxels = {30, 20, 10},
          .not_counted = {1, 2, 3}};
}

}  // namespace

TEST_CASE("provenance reads back as it was written, finished or not") {
  const test::TemporaryDirectory folder;
  const auto path = folder / "x.json";
  CHECK_FALSE(read_provenance(path));
  for (const bool finished : {true, false}) {
    Provenance written = sample();
    if (finished) {
      written.soft_target = FileStamp{"x.safetensors", 9, 10};
    } else {
      written.labels.reset();
    }
    write_provenance(path, written);
    const auto read = read_provenance(path);
    REQUIRE(read);
    CHECK(staleness(*read, written).empty());
    CHECK(read->date == written.date);
    CHECK(read->labels == written.labels);
    CHECK(read->soft_target == written.soft_target);
    CHECK(read->voxels == written.voxels);
    CHECK(read->not_counted == written.not_counted);
  }
  CHECK(provenance_path("/a.b/x.nii.gz") == "/a.b/x.json");
  CHECK(provenance_path("x.1.nii") == "x.1.json");
}

TEST_CASE("T04: whatever decided the labels and is another one now makes them stale, in words") {
  const auto changed = [](const std::function<void(Provenance&)>& change) {
    Provenance expected = sample();
    change(expected);
    return staleness(sample(), expected);
  };
  CHECK(changed([](Provenance&) {}).empty());
  CHECK(changed([](Provenance& p) {
          p.date = "2025-01-01";
          p.labels.reset();
          p.voxels = {};
        }).empty());
  CHECK(changed([](Provenance& p) { p.teachers[1].crc = 5; }) ==
        "teacher: got b.safetensors 00000000, expected b.safetensors 00000005");
  CHECK(changed([](Provenance& p) { p.teachers[0].bytes = 5; }) != "");
  CHECK(changed([](Provenance& p) { p.images[0].crc = 5; }) ==
        "image: got t1.nii.gz 0000abcd, expected t1.nii.gz 00000005");
  CHECK(changed([](Provenance& p) { p.teachers.pop_back(); }) ==
        "number of teachers: got 2, expected 1");
  CHECK(changed([](Provenance& p) { p.labelling = "soft"; }) ==
        "labelling: got hard 0.5, expected soft");
  CHECK(changed([](Provenance& p) { p.settings = "window 32"; }) != "");
  CHECK(changed([](Provenance& p) { p.case_id = "other"; }) != "");
}

TEST_CASE("a stamp follows the content, not the folder") {
  const test::TemporaryDirectory folder;
  std::filesystem::create_directory(folder / "sub");
  const auto write = [&](const std::filesystem::path& path, std::string_view text) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
    return stamp_of(path);
  };
  const FileStamp first = write(folder / "w", "123456789");
  CHECK(first == FileStamp{"w", 9, 0xcbf43926});
  CHECK(write(folder / "sub" / "w", "123456789") == first);
  CHECK(write(folder / "w", "123456780") != first);
}

TEST_CASE("other JSON files are no provenance, damaged ones are refused by name") {
  const test::TemporaryDirectory folder;
  const auto path = folder / "x.json";
  for (const std::string_view text : {"{}", "[1]", R"({"case": "a"})"}) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
    CHECK_FALSE(read_provenance(path));
  }
  for (const std::string_view text :
       {"", "{", R"({"glia.provenance": 2})", R"({"glia.provenance": 1, "case": "a", "date": 3})",
        R"({"glia.provenance": 1, "case": "a", "date": "", "labelling": "", "settings": "",
            "teachers": [{"file": "a", "bytes": 1, "crc32": "zz"}]})"}) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
    CHECK(test::holds(test::message_of<DataError>([&] { (void)read_provenance(path); }),
                      path.string()));
  }
}
