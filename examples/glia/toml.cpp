#include "toml.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "glia/core/error.hpp"

namespace glia::program {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Appends a Unicode scalar value as UTF-8.
void append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { text += static_cast<char>(bits); };
  const auto continuation = [&](int shift) { byte(0x80U | ((code >> shift) & 0x3fU)); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0U | (code >> 6));
  } else if (code < 0x10000) {
    byte(0xe0U | (code >> 12));
    continuation(6);
  } else {
    byte(0xf0U | (code >> 18));
    continuation(12);
    continuation(6);
  }
  continuation(0);
}

class TomlParser {
 public:
  explicit TomlParser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // a byte order mark
  }

  std::vector<TomlEntry> parse() {
    std::string section;
    for (skip_lines(); !at_end(); skip_lines()) {
      const std::size_t line = line_;
      const bool opens = take('[');
      if (opens) section = take_section();
      TomlEntry entry = opens ? TomlEntry{section, {}} : take_entry(section);
      entry.line = line;
      const auto same = [&](const TomlEntry& other) {
        return other.section == entry.section && other.key == entry.key;
      };
      if (std::ranges::any_of(entries_, same))
        fail((opens ? "[" + section + "]" : entry.key) + " is given twice");
      entries_.push_back(std::move(entry));
      skip_blanks();
      skip_comment();
      if (!at_end() && !take_newline()) fail("expected the end of the line, got " + rest());
    }
    return std::move(entries_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UsageError("line " + std::to_string(line_) + ": " + what);
  }

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] bool sees(std::string_view part) const {
    return text_.substr(at_).starts_with(part);
  }
  /// What is left of the line, for messages.
  [[nodiscard]] std::string rest() const {
    const std::string_view left = text_.substr(at_, text_.find_first_of("\r\n", at_) - at_);
    return left.empty() ? "nothing" : std::string(left);
  }

  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_newline() {
    if (sees("\r\n")) ++at_;
    if (!take('\n')) return false;
    ++line_;
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  void skip_comment() {
    if (peek() == '#') at_ = (std::min)(text_.find_first_of("\r\n", at_), text_.size());
  }
  /// Blanks, comments and ends of lines.
  void skip_lines() {
    do {
      skip_blanks();
      skip_comment();
    } while (take_newline());
  }

  std::string take_section() {
    if (peek() == '[') fail("expected one [section], got an array of sections");
    std::string name = take_key();
    if (!take(']')) fail("expected ] after [" + name);
    return name;
  }

  TomlEntry take_entry(const std::string& section) {
    TomlEntry entry{section, take_key()};
    if (take('.')) {
      if (!section.empty()) fail("[" + section + "] has no section " + entry.key);
      entry.section = std::exchange(entry.key, take_key());
    }
    if (!take('=')) fail("expected = after " + entry.key);
    skip_blanks();
    entry.array = peek() == '[';
    if (entry.array) {
      entry.values = take_array();
    } else {
      entry.values.push_back(take_value());
    }
    return entry;
  }

  /// One part of a key and the blanks around it.
  std::string take_key() {
    skip_blanks();
    std::string key;
    if (peek() == '"' || peek() == '\'') {
      key = take_string();
    } else {
      const auto bare = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
      };
      while (!at_end() && bare(text_[at_])) key += text_[at_++];
      if (key.empty()) fail("expected a name, got " + rest());
    }
    skip_blanks();
    return key;
  }

  std::vector<std::string> take_array() {
    std::vector<std::string> values;
    take('[');
    for (skip_lines(); !take(']'); skip_lines()) {
      if (at_end()) fail("expected ] at the end of an array");
      values.push_back(take_value());
      skip_lines();
      if (!take(',') && peek() != ']') fail("expected , or ] in an array, got " + rest());
    }
    return values;
  }

  std::string take_value() {
    if (peek() == '"' || peek() == '\'') return take_string();
    std::string value;
    while (!at_end() && std::string_view(" \t\r\n#,[]{}\"'=").find(peek()) == std::string::npos) {
      const bool number = !value.empty() && is_digit(value.back()) &&
                          (is_digit(value.front()) || value.front() == '-' || value.front() == '+');
      const bool separates =
          number && peek() == '_' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
      if (!separates) value += peek();
      ++at_;
    }
    if (value.empty()) fail("expected a value, got " + rest());
    return value;
  }

  std::string take_string() {
    const std::string quote(1, text_[at_]), three(3, text_[at_]);
    const bool multiline = sees(three);
    const std::string& end = multiline ? three : quote;
    at_ += end.size();
    if (multiline) take_newline();  // the first is not part of the string
    std::string value;
    while (!sees(end)) {
      if (at_end()) fail("a string has no end");
      if (!multiline && (peek() == '\n' || sees("\r\n")))
        fail("a string goes over the end of its line");
      if (quote == "\"" && take('\\')) {
        take_escape(value, multiline);
      } else if (const std::size_t start = at_; take_newline()) {
        value += text_.substr(start, at_ - start);
      } else {
        value += text_[at_++];
      }
    }
    at_ += end.size();
    while (multiline && take(quote.front())) value += quote;  // up to two before the end
    return value;
  }

  void take_escape(std::string& value, bool multiline) {
    constexpr std::string_view letters = "btnfr\"\\", meaning = "\b\t\n\f\r\"\\";
    const char letter = peek();
    if (const auto known = letters.find(letter); !at_end() && known != std::string::npos) {
      ++at_;
      value += meaning[known];
    } else if (letter == 'u' || letter == 'U') {
      ++at_;
      append_utf8(value, take_code(letter == 'u' ? 4 : 8));
    } else {  // a backslash at the end of a line joins it with what follows
      skip_blanks();
      if (!multiline || !take_newline()) fail("no escape of TOML: \\" + rest());
      do skip_blanks();
      while (take_newline());
    }
  }

  std::uint32_t take_code(std::size_t digits) {
    const std::string_view text = text_.substr(at_, digits);
    std::uint32_t code = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), code, 16);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (text.size() != digits || result.ptr != text.data() + digits || code == 0 || surrogate ||
        code > 0x10ffff) {
      fail("no Unicode character that an option can hold: " + rest());
    }
    at_ += digits;
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
  std::vector<TomlEntry> entries_;
};

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view text) { return TomlParser(text).parse(); }

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (code < 0x20 || code == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(code));
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace glia::program
