#include "command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace glia::program {

namespace {

/// In front of values that CLI11 would read as a list. Nobody types a unit separator.
constexpr char mark = '\x1f';

/// Removes the zeros before a decimal integer, which make it octal to CLI11.
std::string remove_zeros(std::string& number) {
  const auto zeros = (std::min)(number.find_first_not_of(" \t+-"), number.size());
  const auto digits = (std::min)(number.find_first_not_of('0', zeros), number.size());
  if (digits < number.size() && number[digits] >= '1' && number[digits] <= '9')
    number.erase(zeros, digits - zeros);
  return {};
}

/// What is wrong with an integer that CLI11 would take for another one.
template <class Integer>
std::string range_problem(const std::string& number) {
  Integer value{};
  const std::string_view digits = std::string_view(number).substr(number.starts_with('+') ? 1 : 0);
  const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), value).ec;
  const bool negative = std::is_unsigned_v<Integer> && digits.starts_with('-');
  if (error != std::errc::result_out_of_range && !negative) return {};
  using Limits = std::numeric_limits<Integer>;
  return "got " + number + ", expected a whole number from " + std::to_string((Limits::min)()) +
         " to " + std::to_string((Limits::max)());
}

void read_literally(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type.starts_with("INT")) {
      option->transform(CLI::Validator(remove_zeros, ""));
      option->check(CLI::Validator(range_problem<std::int64_t>, ""));
    } else if (type.starts_with("UINT")) {
      option->transform(CLI::Validator(remove_zeros, ""));
      option->check(CLI::Validator(range_problem<std::uint64_t>, ""));
    }
    option->transform(as_written);
  }
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    read_literally(*command);
}

/// Number of insertions, deletions and replacements between two words.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = (std::min)({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

}  // namespace

void parse_literally(CLI::App& app, std::vector<std::string> words) {
  read_literally(app);
  for (std::string& word : words) {
    const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::size_t value = equals == std::string::npos ? 0 : equals + 1;
    word = word.substr(0, value) + as_literal(word.substr(value));
  }
  std::ranges::reverse(words);  // as CLI11 takes them
  app.parse(std::move(words));
}

std::string as_literal(const std::string& value) {
  return value.starts_with('[') || value.starts_with(mark) ? mark + value : value;
}

std::string as_written(const std::string& literal) {
  return literal.substr(literal.starts_with(mark) ? 1 : 0);
}

std::string nearest(const std::vector<std::string>& known, const std::string& word) {
  return *std::ranges::min_element(
      known, {}, [&](const std::string& name) { return edit_distance(name, word); });
}

}  // namespace glia::program
