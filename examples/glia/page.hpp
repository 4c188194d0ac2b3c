#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/infer/overlay.hpp"

/// Pieces of a self-contained HTML page: no scripts, no network.
namespace glia::program::page {

/// A number as printf writes it.
std::string number(const char* format, double value);

/// Text with the characters that HTML reserves replaced.
std::string escaped(std::string_view text);

/// A whole document around `body`; light or dark as the reader's system asks.
std::string document(std::string_view title, std::string_view body);

/// `<section>` with a heading.
std::string section(std::string_view title, std::string_view body);

/// A part that opens on request.
std::string details(std::string_view summary, std::string_view body);

/// Small print, HTML already.
std::string note(std::string_view html);

/// Cells are HTML already. Numbers align right from column `first_number` on.
struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows{};
  std::vector<std::pair<std::string, std::size_t>> groups{};  ///< above the head: title, columns
  std::size_t first_number = 1;
};
std::string table(const Table& table);

/// Names and what they stand for, texts; long ones break.
std::string facts(std::span<const std::pair<std::string, std::string>> rows);

/// A number in [0, 1] with a bar behind it, for a cell.
std::string share(double value);

/// A picture inside the page, as PNG.
struct Panel {
  std::string label;
  Picture picture;
};
/// Pictures side by side with a caption below, a text.
std::string figure(std::span<const Panel> panels, std::string_view caption);

}  // namespace glia::program::page
