// The pages of `glia report`: one file, complete, with what the run and the scores say.
#include <doctest/doctest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// What RFC 4648 base64 text stands for.
std::vector<std::uint8_t> decoded(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    if ((count += 6) >= 8) bytes.push_back(static_cast<std::uint8_t>(bits >> (count -= 8) & 255));
  }
  return bytes;
}

/// The texts between two others, in order.
std::vector<std::string> pieces(const std::string& text, const std::string& from,
                                const std::string& to) {
  std::vector<std::string> found;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    at += from.size();
    const auto end = text.find(to, at);
    found.push_back(text.substr(at, end - at));
  }
  return found;
}

/// Whether every element of an XML text is closed in its turn and every attribute is quoted.
bool well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos || std::ranges::count(tag, '"') % 2 != 0) return false;
    if (std::ranges::count(tag, '=') * 2 > std::ranges::count(tag, '"')) return false;
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (name.starts_with('/')) {
      if (open.empty() || "/" + open.back() != name) return false;
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
  }
  return open.empty();
}

/// Checks that a page is one whole document that loads nothing, and returns how many PNG pictures
/// and how many SVG pictures it holds.
std::pair<std::size_t, std::size_t> check_document(const std::string& html) {
  CHECK(html.starts_with("<!doctype html>"));
  CHECK(html.ends_with("</html>\n"));
  for (const char* outside : {"http:", "https:", "<script", "<link", "@import", "url("}) {
    CAPTURE(outside);
    CHECK_FALSE(holds(html, outside));
  }
  const auto charts = pieces(html, "<svg", "</svg>");
  for (const std::string& chart : charts) {
    CAPTURE(chart);
    CHECK(well_formed("<svg" + chart + "</svg>"));
    CHECK_FALSE(holds(chart, "nan"));
  }
  const std::string start = "data:image/png;base64,";
  const auto sources = pieces(html, "src=\"", "\"");
  for (const std::string& source : sources) {
    REQUIRE(source.starts_with(start));
    const auto bytes = decoded(source.substr(start.size()));
    REQUIRE(bytes.size() > 24);
    CHECK(std::string(bytes.begin() + 1, bytes.begin() + 4) == "PNG");
    CHECK(std::string(bytes.end() - 8, bytes.end() - 4) == "IEND");
  }
  return {sources.size(), charts.size()};
}

void overwrite(const std::filesystem::path& path, const std::string& text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

/// An experiment of two seeds, made once and copied for each use.
class SmallExperiment {
 public:
  SmallExperiment() {
    static const Prototype prototype;
    std::filesystem::copy(prototype.folder.path(), folder_.path(),
                          std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return folder_ / "out" / name;
  }
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  [[nodiscard]] Outcome report(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"report", "--overwrite", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(folder_ / "out");  // last: no option takes it for one more value
    return run_glia(folder_.path(), words);
  }
  [[nodiscard]] nlohmann::json results() const {
    return nlohmann::json::parse(read_text(*this / "experiment.json"));
  }

 private:
  struct Prototype {
    Prototype() {
      const auto& p = folder.path();
      const std::string data = p / "data", out = p / "out";
      REQUIRE(run_glia(p, {"phantom", data, "--count", "9", "--extent", "24x22x20"}).code == 0);
      const Outcome made = run_glia(p, {"experiment",
                                        data,
                                        "--out",
                                        out,
                                        "--unet",
                                        "unet-tiny",
                                        "--residual",
                                        "unet-tiny",
                                        "--cascaded",
                                        "unet-tiny",
                                        "--patch",
                                        "16",
                                        "--epochs",
                                        "2",
                                        "--steps-per-epoch",
                                        "1",
                                        "--seeds",
                                        "2",
                                        "--test-fraction",
                                        "0.33",
                                        "--student",
                                        "residual",
                                        "--quiet"});
      REQUIRE_MESSAGE(made.code == 0, made.err);
    }
    TemporaryDirectory folder;
  };
  TemporaryDirectory folder_;
};

}  // namespace

TEST_CASE("a report is one page with curves, scores, pictures and configuration") {
  const Phantoms p;
  REQUIRE(p.segment("segmented").code == 0);
  const std::string page = p / "page.html";
  const Outcome outcome = p.run({"report", p / "run", "--predictions", p / "segmented", "--truth",
                                 p.data(), "--worst", "2", "--out", page});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.out == page + "\n");
  const std::string html = read_text(page);
  const auto [pictures, charts] = check_document(html);
  CHECK(pictures == 4);  // truth and prediction of each
  CHECK(charts == 1);    // nothing was validated
  for (int i = 0; i < 3; ++i) CHECK(holds(html, Phantoms::id(i)));
  CHECK(holds(html, "training loss", "unet-tiny", "patch = 16", "median", "per epoch"));

  const Outcome again = p.run({"report", p / "run", "--out", page});
  CHECK(again.code == 2);
  CHECK(holds(again.err, page, "exists already"));
}

TEST_CASE("a report without scores needs the run alone, and names what is wrong with it") {
  const Phantoms p;
  const Outcome outcome = p.run({"report", p / "run"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(holds(read_text(p / "run" / "report.html"), "<polyline", "unet-tiny"));

  const Outcome half = p.run({"report", p / "run", "--truth", p.data(), "--overwrite"});
  CHECK(half.code == 2);
  CHECK(holds(half.err, "--predictions and --truth belong together"));

  const std::filesystem::path history = p / "run" / "history.csv";
  const auto rewritten = [&](const std::string& text) {
    overwrite(history, text);
    return p.run({"report", p / "run", "--overwrite"});
  };
  const Outcome short_row = rewritten("epoch,loss\n1\n");
  CHECK(short_row.code == 3);
  CHECK(holds(short_row.err, history.string(), "line 2", "got 1, expected 2"));
  const Outcome text = rewritten("epoch,loss\n1,<b>\n");
  CHECK(text.code == 3);
  CHECK(holds(text.err, "line 2", "got \"<b>\", expected a number"));
  CHECK(rewritten("epoch,loss\n").code == 3);
  std::filesystem::remove(history);
  const Outcome missing = p.run({"report", p / "run", "--overwrite"});
  CHECK(missing.code == 3);
  CHECK(holds(missing.err, "got neither experiment.json nor history.csv"));
}

TEST_CASE("the times of a run's epochs are on its page") {
  const Phantoms p;
  overwrite(p / "run" / "times.csv", "epoch,seconds\n1,40\n2,110\n");
  REQUIRE(p.run({"report", p / "run"}).code == 0);
  CHECK(holds(read_text(p / "run" / "report.html"), "<dd>2 min 30 s</dd>",
              "<dd>75.0 s (40.0 to 110.0 s)</dd>"));
  std::filesystem::remove(p / "run" / "times.csv");
  REQUIRE(p.run({"report", p / "run", "--overwrite"}).code == 0);
  CHECK_FALSE(holds(read_text(p / "run" / "report.html"), "per epoch"));
}

TEST_CASE("the page of an experiment holds table, hypothesis, curves, cases, pictures and times") {
  const SmallExperiment e;
  const Outcome outcome = e.report({"--truth", e.data(), "--worst", "2"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.out == (e / "report.html").string() + "\n");
  const std::string html = read_text(e / "report.html");
  const auto [pictures, charts] = check_document(html);
  CHECK(pictures == 2 * 3);            // truth, student, ensemble
  CHECK(charts == 5 * 4 + 4 + 4 * 2);  // intervals, their scales, curves
  CHECK(pieces(html, "<h2>", "</h2>") ==
        std::vector<std::string>{"Result", "Test cases", "Lowest scores of Distilled", "Training",
                                 "Time", "Configuration", "Cases of each round"});
  CHECK(holds(html, "deviation of 2 seeds", "<b>0.7519</b>", "0.8164", "<dt>seeds</dt><dd>42, 43",
              "Distilled &gt; the same network alone: no verdict on the methods from 2 seeds",
              "[experiment]", "[train]", "epochs = 2", "segment-Residual_UNet"));
  const nlohmann::json results = e.results();
  for (const auto& system : results["systems"]) {
    const std::string row =
        pieces(html, "<tr><td>" + system["name"].get<std::string>() + "</td>", "</tr>").front();
    std::size_t at = 0;
    for (const char* measure : {"ET", "TC", "WT", "mean"}) {
      char mean[16];
      std::snprintf(mean, sizeof mean, "%.4f", system["dice"][measure]["mean"].get<double>());
      at = row.find(mean, at + 1);
      CHECK(at != std::string::npos);
    }
  }
  // Each test case in the table of all systems and in that of every one; lowest mean first.
  const auto test = results["rounds"][0]["test"].get<std::vector<std::string>>();
  REQUIRE(test.size() == 3);
  for (const std::string& id : test) CHECK(pieces(html, "<td>" + id, "</td>").size() == 6);
  const std::string overview = pieces(html, "<h2>Test cases</h2>", "</table>").front();
  std::vector<double> shown;
  for (const std::string& row : pieces(overview, "<tr><td>", "</tr>")) {
    shown.push_back(std::stod(pieces(row, "%)\">", "</span>").back()));
  }
  CHECK(shown.size() == 3);
  CHECK(std::ranges::is_sorted(shown));
}

TEST_CASE("an experiment's page leaves out pictures whose files are missing, and says so") {
  const SmallExperiment e;
  std::filesystem::remove_all(e / "seed-0" / "predictions" / "Distilled");
  std::filesystem::remove_all(e / "seed-1" / "predictions" / "Distilled");
  const Outcome outcome = e.report({"--truth", e.data()});
  CHECK(outcome.code == 7);
  CHECK(holds(outcome.err, "no picture: there is no prediction", "predictions/Distilled/BraTS"));
  CHECK(check_document(read_text(e / "report.html")).first == 0);

  const nlohmann::json results = e.results();
  for (const std::string id : results["rounds"][0]["test"]) {
    std::filesystem::remove_all(e.data() / id);
  }
  const Outcome foreign = e.report({"--truth", e.data()});
  CAPTURE(foreign.err);
  CHECK(foreign.code == 3);
  CHECK(holds(foreign.err, "--truth: has none of the 3 cases"));
}

TEST_CASE("a damaged experiment is refused by file and field") {
  const SmallExperiment e;
  const std::filesystem::path file = e / "experiment.json";
  const nlohmann::json whole = e.results();
  const auto damaged = [&](const std::string& text, int code, const std::string& message) {
    overwrite(file, text);
    const Outcome outcome = e.report();
    CAPTURE(outcome.err);
    CHECK(outcome.code == code);
    CHECK(holds(outcome.err, file.string(), message));
  };
  const auto changed = [&](const std::string& pointer, const nlohmann::json& value,
                           const std::string& message) {
    nlohmann::json copy = whole;
    copy[nlohmann::json::json_pointer(pointer)] = value;
    damaged(copy.dump(), 3, message);
  };
  damaged(whole.dump().substr(0, 500), 3, "not valid JSON");
  damaged("[]", 3, "got [], expected an object");
  damaged("{}", 3, "field 'library_version': got nothing, expected a value");
  changed("/systems", 7, "field 'systems': got 7, expected a list");
  changed("/systems", nlohmann::json::array(), "field 'systems': got [], expected at least one");
  changed("/systems/1/name", nullptr, "field 'systems[1].name': got null, expected a text");
  changed("/systems/0/cases/2/ET", {0.5},
          "'systems[0].cases[2].ET': got [0.5], expected a list of 2");
  changed("/systems/0/cases/2/TC/1", "high", "TC[1]': got \"high\", expected a number");
  changed("/systems/0/cases/0/WT/0", 1.5, "WT[0]': got 1.5, expected a Dice score");
  changed("/systems/2/cases/0/case", "x", "'systems[2].cases': got [{");
  changed("/differences/0/first", "Nobody", "got \"Nobody\", expected the name of a system");
  changed("/rounds/0/seed", -1, "field 'rounds[0].seed': got -1, expected a whole number");
  changed("/rounds/1/seed", 7, "field 'rounds[1].seed': got 7, expected one of the seeds");
  changed("/rounds/0/phases", {{{"name", "train-unet"}}}, "phases[0].seconds': got nothing");

  overwrite(file, whole.dump());
  CHECK(e.report({"--truth", e.data(), "--worst", "0"}).code == 0);
  CHECK(check_document(read_text(e / "report.html")).first == 0);
  const Outcome predictions = e.report({"--predictions", e.data()});
  CHECK(predictions.code == 2);
  CHECK(holds(predictions.err, "--predictions", "expected --truth alone"));
  const std::filesystem::path history = e / "seed-1" / "unet" / "history.csv";
  std::filesystem::remove(history);
  const Outcome lost = e.report();
  CHECK(lost.code == 4);
  CHECK(holds(lost.err, history.string()));
}

TEST_CASE("an experiment that has not ended has no page yet") {
  const SmallExperiment e;
  std::filesystem::remove(e / "experiment.json");
  std::filesystem::remove(e / "report.html");
  std::filesystem::remove(e / "seed-1" / "phases" / "train-distilled.json");
  for (const char* ending : {".json", ".out"}) {
    for (const char* phase : {"segment-Distilled", "evaluate-Distilled"}) {
      std::filesystem::remove(e / "seed-1" / "phases" / (std::string(phase) + ending));
    }
  }
  const Outcome outcome = e.report();
  CHECK(outcome.code == 3);
  CHECK(holds(outcome.err, "the experiment has not ended", "25 phases have ended",
              "not seed-1/phases/train-distilled", "--resume"));
  CHECK_FALSE(std::filesystem::exists(e / "report.html"));
}
