// The TOML that options are read from. Expected values are those of the examples in the
// specification (toml.io/en/v1.0.0) unless a comment says otherwise.
#include "glia/toml.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "glia/core/error.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::program;
using namespace glia::test;

namespace {

using Values = std::vector<std::string>;

Values values_of(const std::string& text) {
  const std::vector<TomlEntry> entries = parse_toml("key = " + text);
  REQUIRE(entries.size() == 1);
  return entries.front().values;
}
std::string value_of(const std::string& text) {
  const Values values = values_of(text);
  REQUIRE(values.size() == 1);
  return values.front();
}
std::string refusal(const std::string& text) {
  return message_of<UsageError>([&] { static_cast<void>(parse_toml(text)); });
}

}  // namespace

TEST_CASE("TOML: strings of four kinds") {
  CHECK(value_of(R"("I'm a string. \"You can quote me\". Name\tJos\u00E9\nLocation\tSF.")") ==
        "I'm a string. \"You can quote me\". Name\tJos\xc3\xa9\nLocation\tSF.");
  CHECK(value_of("\"\"\"\nRoses are red\nViolets are blue\"\"\"") ==
        "Roses are red\nViolets are blue");
  const std::string fox = "The quick brown fox jumps over the lazy dog.";
  CHECK(value_of("\"\"\"\nThe quick brown \\\n\n\n  fox jumps over \\\n    the lazy dog.\"\"\"") ==
        fox);
  CHECK(value_of("\"\"\"\\\n       The quick brown \\\n       fox jumps over \\\n       the lazy "
                 "dog.\\\n       \"\"\"") == fox);
  CHECK(value_of(R"("""Here are two quotation marks: "". Simple enough.""")") ==
        R"(Here are two quotation marks: "". Simple enough.)");
  CHECK(value_of(R"(""""This," she said, "is just a pointless statement."""")") ==
        R"("This," she said, "is just a pointless statement.")");
  CHECK(value_of(R"('C:\Users\nodejs\templates')") == R"(C:\Users\nodejs\templates)");
  CHECK(value_of(R"('Tom "Dubs" Preston-Werner')") == R"(Tom "Dubs" Preston-Werner)");
  CHECK(value_of("'''\nThe first newline is\ntrimmed in raw strings.\n'''") ==
        "The first newline is\ntrimmed in raw strings.\n");
  CHECK(value_of(R"("\U0001F9E0\b\f\r\\ # no comment")") ==
        "\xf0\x9f\xa7\xa0\b\f\r\\ # no comment");
  CHECK(value_of("\"\"") == "");
}

TEST_CASE("TOML: arrays over several lines, with comments and a comma at the end") {
  CHECK(values_of("[ \"red\", 'yellow, [green]' ]") == Values{"red", "yellow, [green]"});
  CHECK(values_of("[\n  1,\n  2, # this is ok\n]") == Values{"1", "2"});
  CHECK(values_of("[]").empty());
  CHECK(parse_toml("a = [1]").front().array);
  CHECK_FALSE(parse_toml("a = 1").front().array);
}

TEST_CASE("TOML: numbers, booleans and words are handed on as they are written") {
  for (const char* text : {"+99", "42", "-17", "0xDEADBEEF", "6.626e-34", "-inf", "true", "010",
                           ".5", "unet-tiny", "24x24x24"})
    CHECK(value_of(std::string(text) + "  # comment") == text);
  CHECK(value_of("5_349_221") == "5349221");
  CHECK(value_of("-1_000.5") == "-1000.5");
  CHECK(value_of("case_1_2") == "case_1_2");
}

TEST_CASE("TOML: sections, dotted and quoted keys, comments, ends of lines, a byte order mark") {
  const std::vector<TomlEntry> entries = parse_toml(
      "\xef\xbb\xbf# This is a full-line comment\r\nseed=1# and\r\n\r\ninfo . \"patch\" = 2\r\n"
      "[ train ] # one\r\n\t'out' = '#'\r\n");
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].section.empty());
  CHECK(entries[0].key == "seed");
  CHECK(entries[0].values == Values{"1"});
  CHECK(entries[1].section == "info");
  CHECK(entries[1].key == "patch");
  CHECK(entries[2].section == "train");
  CHECK(entries[2].key.empty());
  CHECK(entries[2].line == 5);
  CHECK(entries[3].section == "train");
  CHECK(entries[3].key == "out");
  CHECK(entries[3].values == Values{"#"});
  CHECK(entries[3].line == 6);
  CHECK(parse_toml("").empty());
}

TEST_CASE("TOML: what it is not is refused with the line") {
  CHECK(holds(refusal("a = 1\nb = \"x\n\""), "line 2", "end of its line"));
  CHECK(holds(refusal("a = 'x"), "line 1", "no end"));
  CHECK(holds(refusal("a = [1,\n"), "line 2", "] at the end of an array"));
  CHECK(holds(refusal("a = [1 2]"), "expected , or ]", "2]"));
  CHECK(holds(refusal("a = 1 2"), "end of the line", "got 2"));
  CHECK(holds(refusal("a ="), "expected a value", "got nothing"));
  CHECK(holds(refusal("a"), "expected = after a"));
  CHECK(holds(refusal("= 1"), "expected a name"));
  CHECK(holds(refusal("a = {b = 1}"), "expected a value", "{b = 1}"));
  CHECK(holds(refusal("[train\na = 1"), "expected ]"));
  CHECK(holds(refusal("[[train]]"), "array of sections"));
  CHECK(holds(refusal("[train]\na.b = 1"), "no section a"));
  CHECK(holds(refusal("a = \"\\q\""), "no escape", "\\q"));
  for (const char* code : {"\\u12", "\\uD800", "\\U00110000", "\\u0000", "\\u-001"})
    CHECK(holds(refusal("a = \"" + std::string(code) + "\""), "Unicode"));
  CHECK(holds(refusal("a = 1\na = 2"), "line 2", "a is given twice"));
  CHECK(holds(refusal("[train]\n[train]"), "line 2", "[train] is given twice"));
}

TEST_CASE("TOML: every string survives being written and read") {
  for (const std::string text : {"",
                                 " ",
                                 "  a b\t",
                                 "a#b",
                                 "t\"o",
                                 "it's",
                                 "\"both' ",
                                 "back\\slash\\",
                                 "\\n",
                                 "a\nb\r\n",
                                 "[x]",
                                 "[a,b]",
                                 "{}",
                                 "a, b",
                                 "k = v",
                                 "'''",
                                 "\"\"\"",
                                 "\x1f\x7f\x1b[K",
                                 "J\xc3\xb3se",
                                 "\xf0\x9f\xa7\xa0",
                                 "no UTF-8: \xff\xfe",
                                 "010",
                                 "true",
                                 "%%"}) {
    CAPTURE(text);
    CHECK(value_of(toml_string(text)) == text);
    CHECK(values_of("[" + toml_string(text) + ", " + toml_string(text) + "]") ==
          Values{text, text});
  }
  CHECK(toml_string("a\"\\\n\xc3\xb3") == "\"a\\\"\\\\\\u000A\xc3\xb3\"");
}
