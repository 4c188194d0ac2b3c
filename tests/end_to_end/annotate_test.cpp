// Teachers label cases: what is written, what is kept, what is refused.
#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <sstream>
#include <thread>

#include "glia/data/provenance.hpp"
#include "glia/io/safetensors.hpp"
#include "pseudo_labels.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

using Json = nlohmann::json;

/// Six phantoms in one folder and two teachers of another seed each.
class Annotation {
 public:
  Annotation() {
    const Outcome more = phantoms_.run({"phantom", phantoms_.data(), "--first", "3", "--count", "3",
                                        "--extent", Phantoms::extent, "--seed", "5"});
    REQUIRE_MESSAGE(more.code == 0, more.err);
    const Outcome second = phantoms_.train("second", {"--seed", "9"});
    REQUIRE_MESSAGE(second.code == 0, second.err);
  }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return phantoms_ / name;
  }
  [[nodiscard]] const Phantoms& phantoms() const { return phantoms_; }
  [[nodiscard]] std::vector<std::string> command(const std::string& out,
                                                 std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"annotate", phantoms_.data(),
                                   "--model",  phantoms_.weights(),
                                   "--model",  phantoms_ / "second" / "best.safetensors",
                                   "--out",    phantoms_ / out,
                                   "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Outcome run(const std::string& out, std::vector<std::string> more = {}) const {
    return phantoms_.run(command(out, std::move(more)));
  }
  /// A process with its own files for what it prints.
  [[nodiscard]] Process start(const std::string& out, const std::string& shard,
                              const std::filesystem::path& prints) const {
    std::filesystem::create_directories(prints);
    std::vector<std::string> words = command(out, {"--shard", shard, "--labelling", "confident"});
    words.insert(words.begin(), GLIA_PROGRAM);
    return Process(prints, std::move(words));
  }

 private:
  Phantoms phantoms_;
};

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("one teacher's labels are what segment writes; each has its provenance beside it") {
  const Phantoms p;
  const Outcome segmented = p.segment("segmented");
  REQUIRE_MESSAGE(segmented.code == 0, segmented.err);
  const Outcome annotated =
      p.run({"annotate", p.data(), "--model", p.weights(), "--out", p / "out"});
  REQUIRE_MESSAGE(annotated.code == 0, annotated.err);
  CHECK(holds(annotated.err, "warning: case " + p.id(0), "was trained on it"));
  const auto lines = lines_of(annotated.out);
  REQUIRE(lines.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const std::string name = p.id(i) + ".nii.gz";
    CHECK(read_file(p / "out" / name) == read_file(p / "segmented" / name));
    const Json provenance = Json::parse(read_text(p / "out" / (p.id(i) + ".json")));
    CHECK(provenance["case"] == p.id(i));
    CHECK(provenance["pseudo_labelled"] == true);
    CHECK(provenance["labelling"] == "hard 0.5 0.5 0.5");
    CHECK(provenance["teachers"][0]["file"] == "best.safetensors");
    CHECK(provenance["images"].size() == 4);
    CHECK(provenance["date"].get<std::string>().size() == 10);
    const auto labels = read_nifti(p / "out" / name).frames.front().voxels;
    CHECK(provenance["voxels"]["ET"] == std::ranges::count(labels, 3.0F));
    CHECK(lines[static_cast<std::size_t>(i)]["voxels_ET"] == provenance["voxels"]["ET"]);
    CHECK(lines[static_cast<std::size_t>(i)]["state"] == "made");
  }
  CHECK(names_in(p / "out").size() == 6);

  // Such labels are no truth, and no prediction to be tested, unless somebody insists.
  const Outcome refused = p.run({"evaluate", p / "out", p.data()});
  CHECK(refused.code == 3);
  CHECK(holds(refused.err, "case " + p.id(0), "pseudo-labelled", "--allow-pseudo-labels"));
  const Outcome truth = p.run({"evaluate", p / "segmented" / (p.id(1) + ".nii.gz"),
                               p / "out" / (p.id(1) + ".nii.gz"), "--label-scheme", "brats2023"});
  CHECK(truth.code == 3);
  CHECK(p.run({"evaluate", p / "out", p.data(), "--allow-pseudo-labels"}).code == 0);
  CHECK(p.run({"evaluate", p / "segmented", p.data()}).code == 0);
}

TEST_CASE(
    "T03: two shards at once, killed at any moment and restarted, leave what one run leaves") {
  const Annotation a;
  const auto begin = std::chrono::steady_clock::now();
  const Outcome serial = a.run("serial", {"--labelling", "confident"});
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;
  REQUIRE_MESSAGE(serial.code == 0, serial.err);
  const auto expected = contents_of(a / "serial");
  REQUIRE(expected.size() == 18);  // six cases: labels, soft target, provenance

  std::mt19937 random(3);  // NOLINT(cert-msc51-cpp): the same moments every time
  std::uniform_real_distribution<double> moment(0.2, 1.0);
  int kills = 0;
  while (kills < 8) {
    std::filesystem::remove_all(a / "shards");
    bool finished[2]{};
    while (!finished[0] || !finished[1]) {
      Process one = a.start("shards", "1/2", a / "prints1"),
              two = a.start("shards", "2/2", a / "prints2");
      const auto limit = std::chrono::steady_clock::now() +
                         std::chrono::duration<double>(whole.count() * moment(random));
      while (kills < 8 && one.running() && std::chrono::steady_clock::now() < limit)
        std::this_thread::yield();
      if (kills < 8 && one.running()) {
        one.send(SIGKILL);
        one.wait();
        ++kills;
      } else {
        const int code = one.wait();
        REQUIRE_MESSAGE(code == 0, one.err());
        finished[0] = true;
      }
      const int code = two.wait();
      REQUIRE_MESSAGE(code == 0, two.err());
      finished[1] = true;
    }
    CHECK(contents_of(a / "shards") == expected);
  }

  const Outcome again = a.run("shards", {"--labelling", "confident"});
  CHECK(again.code == 0);
  for (const Json& line : lines_of(again.out)) CHECK(line["state"] == "kept");
  const Outcome verified = a.run("shards", {"--labelling", "confident", "--verify"});
  CHECK(verified.code == 0);
  CHECK(verified.out == "6 pseudo-labels are complete and up to date\n");
  std::filesystem::remove(a / "shards" / (Phantoms::id(4) + ".nii.gz"));
  const Outcome incomplete = a.run("shards", {"--labelling", "confident", "--verify"});
  CHECK(incomplete.code == 3);
  CHECK(holds(incomplete.err, "case " + Phantoms::id(4)));
  CHECK_FALSE(holds(incomplete.err, "case " + Phantoms::id(3)));
}

TEST_CASE("T04: labels are stale when a teacher, an image, an option or they themselves changed") {
  const Annotation a;
  const Phantoms& p = a.phantoms();
  REQUIRE(a.run("out").code == 0);
  const auto before = contents_of(a / "out");
  const auto stale = [&](const std::string& id, const std::string& why,
                         std::vector<std::string> more = {}) {
    CAPTURE(why);
    const Outcome outcome = a.run("out", more);
    CHECK(outcome.code == 3);
    CHECK(holds(outcome.err, "case " + id, "stale", why));
    more.emplace_back("--verify");
    CHECK(a.run("out", more).code == 3);
    CHECK(contents_of(a / "out") == before);
  };
  stale(p.id(0), "settings", {"--overlap", "0.25"});
  stale(p.id(0), "labelling", {"--labelling", "soft"});
  stale(p.id(0), "combination", {"--combination", "vote"});
  stale(p.id(0), "settings", {"--weights", "1", "2"});
  stale(p.id(0), "label_scheme", {"--label-scheme", "msd"});

  const std::vector<std::byte> image = read_file(p.file(2, "t2w"));
  rewrite(p.file(2, "t2w"), [](auto& voxels) { voxels[voxels.size() / 2] += 1; });
  stale(p.id(2), "image: got " + p.id(2) + "-t2w.nii.gz");
  write_file_atomically(p.file(2, "t2w"), image);
  CHECK(a.run("out").code == 0);

  const std::filesystem::path labels = a / "out" / (p.id(1) + ".nii.gz");
  const std::vector<std::byte> good = read_file(labels);
  rewrite(labels, [](auto& voxels) { voxels[0] = 1 - voxels[0]; });
  CHECK(holds(a.run("out").err, "case " + p.id(1), "was changed"));
  write_file_atomically(labels, good);

  REQUIRE(p.train("second", {"--seed", "10", "--overwrite"}).code == 0);
  stale(p.id(0), "teacher: got best.safetensors");
  const Outcome anew = a.run("out", {"--overwrite"});
  REQUIRE_MESSAGE(anew.code == 0, anew.err);
  for (const Json& line : lines_of(anew.out)) CHECK(line["state"] == "made");
  CHECK(contents_of(a / "out") != before);
  CHECK(a.run("out", {"--verify"}).code == 0);

  const auto record = provenance_path(labels);
  write_file_atomically(record, std::as_bytes(std::span("{")));
  const Outcome damaged = a.run("out");
  CHECK(damaged.code == 3);
  CHECK(holds(damaged.err, "case " + p.id(1), record.string()));
  CHECK(a.run("out", {"--overwrite"}).code == 0);
  CHECK(a.run("out", {"--verify"}).code == 0);
}

TEST_CASE("labels of unknown origin are not replaced; odd shards and teachers are usage errors") {
  const Phantoms p;
  std::filesystem::create_directory(p / "out");
  std::filesystem::copy_file(p.file(1, "seg"), p / "out" / (p.id(1) + ".nii.gz"));
  const std::vector<std::string> command{"annotate",  p.data(), "--model",
                                         p.weights(), "--out",  p / "out"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), command.begin(), command.end());
    return p.run(std::move(more));
  };
  const Outcome foreign = with({});
  CHECK(foreign.code == 2);
  CHECK(holds(foreign.err, "case " + p.id(1), "has no provenance", "--overwrite"));
  CHECK(names_in(p / "out").size() == 1);

  for (const char* shard : {"0/2", "3/2", "1", "1/", "/2", "1/2x", "a/b", "1/0"}) {
    CAPTURE(shard);
    CHECK(with({"--shard", shard}).code == 2);
  }
  CHECK(with({"--weights", "1", "2"}).code == 2);
  CHECK(with({"--patch", "17"}).code == 2);
  CHECK(with({"--model", p / "run" / "last.safetensors"}).code == 2);

  // T02: a teacher of other regions; one of a network that this program does not have.
  const SafetensorsFile file = SafetensorsFile::open(p.weights());
  std::vector<TensorEntry> tensors;
  for (const std::string& name : file.names()) tensors.push_back(file.find(name));
  const std::string other = p / "other.safetensors";
  const auto write_with = [&](const std::string& key, const std::string& value) {
    auto metadata = file.metadata();
    std::erase_if(metadata, [](const auto& e) { return e.first.starts_with("glia.crc32"); });
    metadata[key] = value;
    write_safetensors(other, metadata, tensors);
  };
  write_with("glia.regions", "TC,WT,ET");
  const Outcome regions = with({"--model", other});
  CHECK(regions.code == 2);
  CHECK(holds(regions.err, other, "glia.regions", "TC,WT,ET", "expected WT,TC,ET"));
  write_with("glia.network", "unet-huge");
  for (const Outcome& network : {with({"--model", other}), p.run({"info", "--model", other})}) {
    CHECK(network.code == 2);
    CHECK(holds(network.err, other + ": glia.network: got unet-huge, expected one of unet,"));
  }
}

TEST_CASE("segment: what lies beside its labels is read before any work, and kept if not its own") {
  const Phantoms p;
  std::filesystem::create_directory(p / "out");
  const auto beside = [&](int i) { return p / "out" / (p.id(i) + ".json"); };
  const auto put = [&](int i, const std::string& text) {
    write_file_atomically(beside(i), std::as_bytes(std::span(text)));
  };
  put(0, R"({"of": "another program"})");
  put(1, R"({"glia.provenance": 1})");
  put(2, "{");
  for (const int damaged : {1, 2}) {
    const Outcome refused = p.segment("out");
    CHECK(refused.code == 3);
    CHECK(holds(refused.err, beside(damaged).string()));
    CHECK(names_in(p / "out").size() == static_cast<std::size_t>(4 - damaged));
    std::filesystem::remove(beside(damaged));
  }
  put(1, R"({"glia.provenance": 1})");
  const Outcome anew = p.segment("out", {"--overwrite"});
  REQUIRE_MESSAGE(anew.code == 0, anew.err);
  CHECK(std::filesystem::exists(beside(0)));
  CHECK_FALSE(std::filesystem::exists(beside(1)));
  CHECK(p.run({"evaluate", p / "out", p.data()}).code == 0);
}

TEST_CASE(
    "T05: a case in which the teacher finds nothing is kept and flagged; a filter reports "
    "what it dropped") {
  const Phantoms p;
  for (const char* suffix : {"t1n", "t1c", "t2w", "t2f"})
    rewrite(p.file(1, suffix), [](auto& voxels) { std::ranges::fill(voxels, 0.0F); });
  const Outcome outcome =
      p.run({"annotate", p.data(), "--model", p.weights(), "--out", p / "out", "--labelling",
             "confident", "--unsure-above", "0.02", "--unsure-below", "0.98"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(holds(outcome.err, "warning: case " + p.id(1) + ": the teacher found no tumour"));
  const auto lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1]["empty"] == true);
  CHECK(lines[1]["voxels_WT"] == 0);
  CHECK(lines[0]["not_counted_WT"] > 0);
  CHECK(std::filesystem::exists(p / "out" / (p.id(1) + ".nii.gz")));
}
