// The page of `glia report`: one file, complete, with what the run and the scores say.
#include <doctest/doctest.h>

#include <cstdint>
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
  CHECK(html.starts_with("<!doctype html>"));
  CHECK(html.ends_with("</html>\n"));
  for (int i = 0; i < 3; ++i) CHECK(holds(html, Phantoms::id(i)));
  CHECK(holds(html, "<svg", "<polyline", "unet-tiny", "patch=16", "median"));
  CHECK_FALSE(holds(html, "http://"));
  CHECK_FALSE(holds(html, "<script"));

  const std::string start = "data:image/png;base64,";
  std::size_t pictures = 0;
  for (auto at = html.find(start); at != std::string::npos; at = html.find(start, at + 1)) {
    const auto from = at + start.size();
    const auto bytes = decoded(html.substr(from, html.find('"', from) - from));
    REQUIRE(bytes.size() > 24);
    CHECK(std::string(bytes.begin() + 1, bytes.begin() + 4) == "PNG");
    CHECK(std::string(bytes.end() - 8, bytes.end() - 4) == "IEND");
    ++pictures;
  }
  CHECK(pictures == 2);

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
    write_file_atomically(history, std::as_bytes(std::span(text)));
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
  CHECK(missing.code == 4);
  CHECK(holds(missing.err, history.string()));
}
