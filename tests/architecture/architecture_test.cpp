// The rules of the house, read off the text of the headers. Every rule is first shown a text that
// breaks it, so that a rule that has gone blind fails too.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using std::string;
using Lines = std::vector<string>;

/// What is wrong with a header: its path relative to include/glia and its lines give complaints.
using Rule = std::function<Lines(const string& path, const Lines& lines)>;

Lines lines_of(const string& text) {
  std::istringstream stream(text);
  Lines lines;
  for (string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The lines without `//` comments, for rules about code.
Lines code_of(Lines lines) {
  for (string& line : lines) line = line.substr(0, line.find("//"));
  return lines;
}

Lines matches(const Lines& lines, const std::regex& pattern) {
  Lines found;
  std::copy_if(lines.begin(), lines.end(), std::back_inserter(found),
               [&](const string& line) { return std::regex_search(line, pattern); });
  return found;
}

string folder_of(const string& path) {
  const auto slash = path.find('/');
  return slash == string::npos ? "" : path.substr(0, slash);
}

/// Each folder and the folders directly to its left; what is further left follows.
const std::map<string, std::set<string>> left_of = {
    {"core", {}},
    {"tensor", {"core"}},
    {"source", {"tensor"}},
    {"backend", {"source"}},
    {"layers", {"backend"}},
    {"models", {"layers"}},
    {"losses", {"models"}},
    {"optim", {"models"}},
    {"io", {"tensor"}},
    {"data", {"io"}},
    {"metrics", {"data"}},
    {"infer", {"models", "metrics"}},
    {"train", {"losses", "optim", "infer"}},
    {"ensemble", {"infer"}},
    {"distill", {"train"}},
};

bool may_include(const string& from, const string& to) {
  if (from == to) return true;
  const auto left = left_of.find(from);
  return left != left_of.end() &&
         std::any_of(left->second.begin(), left->second.end(),
                     [&](const string& next) { return may_include(next, to); });
}

/// Headers at the root are umbrellas and may include anything.
Lines include_direction(const string& path, const Lines& lines) {
  static const std::regex include(R"(^\s*#\s*include\s*["<]glia/([^">]+)[">])");
  const string from = folder_of(path);
  if (from.empty()) return {};
  if (!left_of.contains(from)) return {"folder " + from + " has no place in the order"};
  Lines found;
  for (const string& line : lines) {
    std::smatch match;
    if (std::regex_search(line, match, include) && !may_include(from, folder_of(match[1]))) {
      found.push_back(line);
    }
  }
  return found;
}

Lines no_printing(const string&, const Lines& lines) {
  return matches(code_of(lines),
                 std::regex(R"(<iostream>|\bstd::(cout|cerr|clog)\b|)"
                            R"(\b(printf|fprintf|vprintf|puts|fputs|putchar)\s*\()"));
}

Lines no_ending_of_the_program(const string&, const Lines& lines) {
  return matches(code_of(lines),
                 std::regex(R"(\b(abort|exit|_exit|_Exit|quick_exit|terminate|assert)\s*\()"));
}

/// Only core/config.hpp makes macros that last, and they begin with GLIA_. A header that must
/// configure a library through a macro takes it back before it ends.
Lines no_lasting_macros(const string& path, const Lines& lines) {
  static const std::regex define(R"(^\s*#\s*define\s+(\w+))");
  Lines found;
  for (const string& line : lines) {
    std::smatch match;
    if (!std::regex_search(line, match, define)) continue;
    const string name = match[1];
    const bool configuration = path == "core/config.hpp" && name.starts_with("GLIA_");
    if (!configuration &&
        matches(lines, std::regex(R"(^\s*#\s*undef\s+)" + name + R"(\b)")).empty()) {
      found.push_back(line);
    }
  }
  return found;
}

Lines at_most_400_lines(const string&, const Lines& lines) {
  if (lines.size() <= 400) return {};
  return {std::to_string(lines.size()) + " lines"};
}

Lines nothing_left_to_do(const string&, const Lines& lines) {
  return matches(lines, std::regex(R"(\b(TODO|FIXME|XXX)\b)"));
}

Lines includes_itself_once(const string&, const Lines& lines) {
  if (!lines.empty() && lines.front() == "#pragma once") return {};
  return {"the first line is not #pragma once"};
}

/// Applies a rule to every header of the library.
void check_headers(const Rule& rule) {
  const std::filesystem::path root = std::filesystem::path(GLIA_SOURCE_DIR) / "include" / "glia";
  int headers = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".hpp") continue;
    ++headers;
    std::ifstream file(entry.path());
    const string text(std::istreambuf_iterator<char>(file), {});
    const string path = entry.path().lexically_relative(root).generic_string();
    for (const string& complaint : rule(path, lines_of(text))) {
      FAIL_CHECK(path << ": " << complaint);
    }
  }
  CHECK(headers > 10);
}

bool refuses(const Rule& rule, const string& path, const string& text) {
  return !rule(path, lines_of(text)).empty();
}

}  // namespace

TEST_CASE("headers include only from their own folder and folders to its left") {
  CHECK(refuses(include_direction, "core/a.hpp", "#include \"glia/tensor/view.hpp\""));
  CHECK(refuses(include_direction, "data/a.hpp", "#include \"glia/train/trainer.hpp\""));
  CHECK(refuses(include_direction, "io/a.hpp", "#  include <glia/backend/cpu.hpp>"));
  CHECK(refuses(include_direction, "tensor/a.hpp", "#include \"glia/glia.hpp\""));
  CHECK(refuses(include_direction, "elsewhere/a.hpp", ""));
  CHECK_FALSE(refuses(include_direction, "train/a.hpp", "#include \"glia/core/error.hpp\""));
  CHECK_FALSE(refuses(include_direction, "glia.hpp", "#include \"glia/train/trainer.hpp\""));
  check_headers(include_direction);
}

TEST_CASE("headers print nothing") {
  CHECK(refuses(no_printing, "a.hpp", "#include <iostream>"));
  CHECK(refuses(no_printing, "a.hpp", "std::cerr << 1;"));
  CHECK(refuses(no_printing, "a.hpp", "std::printf(\"x\");"));
  CHECK_FALSE(refuses(no_printing, "a.hpp", "std::snprintf(b, n, \"x\");  // not std::cout"));
  check_headers(no_printing);
}

TEST_CASE("headers do not end the program") {
  CHECK(refuses(no_ending_of_the_program, "a.hpp", "std::abort();"));
  CHECK(refuses(no_ending_of_the_program, "a.hpp", "exit (1);"));
  CHECK(refuses(no_ending_of_the_program, "a.hpp", "assert(x > 0);"));
  CHECK_FALSE(refuses(no_ending_of_the_program, "a.hpp", "static_assert(exit_code() > 0);"));
  check_headers(no_ending_of_the_program);
}

TEST_CASE("headers leave no macros behind, but for GLIA_... of core/config.hpp") {
  CHECK(refuses(no_lasting_macros, "core/config.hpp", "#define VERSION 1"));
  CHECK(refuses(no_lasting_macros, "io/a.hpp", "# define GLIA_A 1"));
  CHECK_FALSE(refuses(no_lasting_macros, "core/config.hpp", "#define GLIA_A 1"));
  CHECK_FALSE(refuses(no_lasting_macros, "io/a.hpp", "#define A\n#include <a.h>\n#undef A"));
  check_headers(no_lasting_macros);
}

TEST_CASE("headers have at most 400 lines") {
  CHECK(refuses(at_most_400_lines, "a.hpp", string(401, '\n')));
  CHECK_FALSE(refuses(at_most_400_lines, "a.hpp", string(400, '\n')));
  check_headers(at_most_400_lines);
}

TEST_CASE("headers hold no notes about work to be done") {
  CHECK(refuses(nothing_left_to_do, "a.hpp", "// TODO: later"));
  check_headers(nothing_left_to_do);
}

TEST_CASE("headers begin with #pragma once") {
  CHECK(refuses(includes_itself_once, "a.hpp", "int x;"));
  check_headers(includes_itself_once);
}
