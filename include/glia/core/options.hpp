#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"

namespace glia {

/// The finite numbers that an option may be.
struct Allowed {
  double low = std::numeric_limits<double>::lowest();
  double high = (std::numeric_limits<double>::max)();
  bool above = false;    ///< low itself is too little
  bool below = false;    ///< high itself is too much
  bool recorded = true;  ///< decides numbers: a run that goes on must keep it

  [[nodiscard]] constexpr bool contains(double x) const {
    return (above ? x > low : x >= low) && (below ? x < high : x <= high);
  }
  [[nodiscard]] std::string text() const {
    const bool bounded_below = low > std::numeric_limits<double>::lowest();
    const bool bounded_above = high < (std::numeric_limits<double>::max)();
    if (!bounded_below && !bounded_above) return "a finite number";
    std::string words;
    if (bounded_below) words = (above ? "above " : "at least ") + number_text(low);
    if (bounded_above)
      words += (bounded_below ? " and " : "") + std::string(below ? "below " : "at most ") +
               number_text(high);
    return words;
  }
};

[[nodiscard]] constexpr Allowed any_number() { return {}; }
[[nodiscard]] constexpr Allowed at_least(double low) { return {.low = low}; }
[[nodiscard]] constexpr Allowed above(double low) { return {.low = low, .above = true}; }
[[nodiscard]] constexpr Allowed between(double low, double high) {
  return {.low = low, .high = high};
}
[[nodiscard]] constexpr Allowed from_to_below(double low, double high) {
  return {.low = low, .high = high, .below = true};
}
/// An option that decides no number of a run, such as how many threads it has.
[[nodiscard]] constexpr Allowed unrecorded(Allowed allowed) {
  allowed.recorded = false;
  return allowed;
}

namespace detail {
struct IgnoreOption {
  template <class... Option>
  void operator()(const Option&...) const {}
};
}  // namespace detail

/// Options that name themselves: `options(f)` calls f(name, member, allowed) for each number,
/// f(name, member) for each flag, word and nested struct of options. An empty name stands for the
/// struct itself: the word of its kind, or a struct whose options it has as its own.
template <class T>
concept HasOptions = requires(const T& value) {
  value.options(detail::IgnoreOption{});
};

/// One option as text.
struct OptionText {
  std::string name;      ///< with the structs that it lies in: "loader.batch"
  std::string value;     ///< reads back to the same bits
  std::string expected;  ///< empty where the value is allowed
  bool recorded = true;
};

/// Calls f(OptionText) for every option of a value, depth first. A type of the user's own that
/// names no options is one option with the value "custom".
template <class F, class T>
void visit_options(const F& f, const std::string& name, const T& value,
                   const Allowed& allowed = {}) {
  if constexpr (HasOptions<T>) {
    value.options([&](const std::string& member, const auto&... rest) {
      visit_options(f, member.empty() || name.empty() ? name + member : name + "." + member,
                    rest...);
    });
  } else if constexpr (std::is_same_v<T, bool>) {
    f(OptionText{name, value ? "yes" : "no", "", allowed.recorded});
  } else if constexpr (std::is_arithmetic_v<T>) {
    std::string text;
    if constexpr (std::is_integral_v<T>)
      text = std::to_string(value);
    else
      text = number_text(value);
    const bool good = allowed.contains(static_cast<double>(value));
    f(OptionText{name, text, good ? "" : allowed.text(), allowed.recorded});
  } else if constexpr (requires { value.has_value(); }) {
    if (value)
      visit_options(f, name, *value, allowed);
    else
      f(OptionText{name, "none", "", allowed.recorded});
  } else if constexpr (std::is_convertible_v<const T&, std::string>) {
    f(OptionText{name, value, "", allowed.recorded});
  } else {
    f(OptionText{name, "custom", "", allowed.recorded});
  }
}

/// Throws UsageError that names the first option which is not what it may be. `what` says whose
/// options they are.
template <class T>
void require_valid(const std::string& what, const T& options) {
  visit_options(
      [&](const OptionText& option) {
        if (option.expected.empty()) return;
        throw UsageError(what + ": " + option.name + ": got " + option.value + ", expected " +
                         option.expected);
      },
      "", options);
}

/// The options themselves, for a constructor that is to begin with nothing else.
template <class T>
[[nodiscard]] T valid(const std::string& what, T options) {
  require_valid(what, options);
  return options;
}

/// The options of a value in their order, "soft Dice yes yes 0 ...", for people and for provenance.
template <class T>
[[nodiscard]] std::string options_text(const T& options) {
  std::string text;
  visit_options([&](const OptionText& option) { text += (text.empty() ? "" : " ") + option.value; },
                "", options);
  return text;
}

/// Adds the recorded options of a value to `record`, each under prefix.name.
template <class T>
void record_options(std::map<std::string, std::string>& record, const std::string& prefix,
                    const T& options) {
  visit_options(
      [&](const OptionText& option) {
        if (option.recorded) record[option.name] = option.value;
      },
      prefix, options);
}

}  // namespace glia
