#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "experiment_results.hpp"

/// SVG pictures of numbers, parts of a page.
namespace glia::program::page {

/// The colour of a region, which a light and a dark page show differently.
std::string region_colour(std::size_t region);

struct Series {
  std::string name, colour;
  std::vector<std::pair<double, double>> points;  ///< x, y
};

/// Lines over the epochs, named at their ends; lines of one name, those of several seeds, share a
/// colour and the name. `zero_to_one` fixes the y axis to that range; otherwise it holds 0 and
/// every point.
std::string line_chart(std::string_view title, std::span<const Series> series, bool zero_to_one);

/// Differences with their intervals on one scale, a row per comparison, a column per measure.
std::string forest_plot(std::span<const Comparison> comparisons);

}  // namespace glia::program::page
