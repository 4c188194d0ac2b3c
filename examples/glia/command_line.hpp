#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace glia::program {

/// Parses the words of a command line, the program's name not among them, so that every value
/// arrives as it was written: zeros before an integer do not make it octal, one that is too large
/// is not taken for the largest, and [a,b] is a name, not a list.
void parse_literally(CLI::App& app, std::vector<std::string> words);

/// What to hand to an option of an app that is parsed by parse_literally for the value to arrive.
std::string as_literal(const std::string& value);
/// The value that was handed over.
std::string as_written(const std::string& literal);

/// The one of `known`, which is not empty, that takes the fewest changes of characters to become
/// `word`.
std::string nearest(const std::vector<std::string>& known, const std::string& word);

}  // namespace glia::program
