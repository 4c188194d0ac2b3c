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

/// Text with the characters that HTML reserves replaced.
std::string escaped(std::string_view text);

/// A whole document around `body`; light or dark as the reader's system asks.
std::string document(std::string_view title, std::string_view body);

/// `<section>` with a heading.
std::string section(std::string_view title, std::string_view body);

/// A table of texts that are HTML already. Numbers align right from column `first_number` on.
std::string table(std::span<const std::string> head, std::span<const std::vector<std::string>> rows,
                  std::size_t first_number = 1);

/// A number in [0, 1] with a bar behind it, for a cell.
std::string share(double value);

struct Series {
  std::string name, colour;
  std::vector<std::pair<double, double>> points;  ///< x, y
};

/// An SVG chart of lines over x with its legend. `zero_to_one` fixes the y axis to that range;
/// otherwise it starts at 0 and holds every point.
std::string line_chart(std::string_view x_label, std::span<const Series> series, bool zero_to_one);

/// A picture inside the page, as PNG.
std::string figure(const Picture& picture, std::string_view caption);

}  // namespace glia::program::page
