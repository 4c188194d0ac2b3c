#include "report_charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "page.hpp"

namespace glia::program::page {

namespace {

std::string pixel(double value) { return number("%.1f", value); }

/// A step of 1, 2 or 5 times a power of ten that cuts `range` into at most `parts` parts.
double tick_step(double range, int parts) {
  const double rough = range / parts, power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

/// Where values lie in the picture.
struct Axis {
  double low, high, from, to;  ///< values, pixels
  [[nodiscard]] double operator()(double value) const {
    return from + (to - from) * (value - low) / (high - low);
  }
  /// Multiples of the step within the axis.
  [[nodiscard]] std::vector<double> ticks(double step) const {
    std::vector<double> values;
    const double tolerance = step / 1000;
    for (double i = std::ceil((low - tolerance) / step); i * step <= high + tolerance; ++i) {
      values.push_back(i * step + 0.0);  // no negative zero
    }
    return values;
  }
};

std::string svg(double width, double height, std::string_view label, std::string_view content) {
  return "<svg viewBox=\"0 0 " + number("%g", width) + " " + number("%g", height) +
         "\" role=\"img\" aria-label=\"" + escaped(label) + "\">" + std::string(content) +
         "</svg>\n";
}

std::string line(std::string_view style, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + std::string(style) + "\" x1=\"" + pixel(x1) + "\" y1=\"" + pixel(y1) +
         "\" x2=\"" + pixel(x2) + "\" y2=\"" + pixel(y2) + "\"/>";
}

std::string label(std::string_view anchor, double x, double y, std::string_view text,
                  std::string_view colour = {}) {
  return "<text text-anchor=\"" + std::string(anchor) + "\" x=\"" + pixel(x) + "\" y=\"" +
         pixel(y) + "\"" +
         (colour.empty() ? std::string() : " style=\"fill:" + std::string(colour) + "\"") + ">" +
         escaped(text) + "</text>";
}

std::string grid(const Axis& x, const Axis& y) {
  std::string text;
  for (const double v : x.ticks(std::max(1.0, tick_step(x.high - x.low, 8)))) {
    text += label("middle", x(v), y.from + 18, number("%g", v));
  }
  for (const double v : y.ticks(tick_step(y.high - y.low, 5))) {
    text += line("axis", x.from, y(v), x.to, y(v)) +
            label("end", x.from - 8, y(v) + 4, number("%.3g", v));
  }
  return text + label("end", x.to, y.from + 34, "epoch");
}

/// The box around all points, and 0.
struct Bounds {
  double first = 0, last = 0, low = 0, high = 0;
  bool empty = true;

  explicit Bounds(std::span<const Series> series) {
    for (const Series& one : series) {
      for (const auto& [x, y] : one.points) {
        first = empty ? x : std::min(first, x);
        last = empty ? x : std::max(last, x);
        low = std::min(low, y);
        high = std::max(high, y);
        empty = false;
      }
    }
    if (last <= first) last = first + 1;
    if (high <= low) high = low + 1;
  }
};

std::string curve(const Series& series, const Axis& x, const Axis& y, bool thin) {
  std::string points;
  for (const auto& [at, value] : series.points)
    points += pixel(x(at)) + "," + pixel(y(value)) + " ";
  std::string text = std::string("<polyline class=\"curve") + (thin ? " thin" : "") +
                     "\" style=\"stroke:" + series.colour + "\" points=\"" + points + "\"/>";
  if (series.points.size() == 1) {  // a line of one point shows nothing
    text += "<circle r=\"3\" style=\"fill:" + series.colour + "\" cx=\"" +
            pixel(x(series.points[0].first)) + "\" cy=\"" + pixel(y(series.points[0].second)) +
            "\"/>";
  }
  return text;
}

/// A name at the height where its lines end on average.
struct EndLabel {
  std::string name, colour;
  double height;
};

std::vector<EndLabel> end_labels(std::span<const Series> series, const Axis& y) {
  std::vector<EndLabel> labels;
  std::vector<double> lines;
  for (const Series& one : series) {
    if (one.points.empty() || one.name.empty()) continue;
    const auto known = std::ranges::find(labels, one.name, &EndLabel::name);
    const auto at = static_cast<std::size_t>(known - labels.begin());
    if (known == labels.end()) {
      labels.push_back({one.name, one.colour, 0});
      lines.push_back(0);
    }
    labels[at].height += y(one.points.back().second);
    ++lines[at];
  }
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i].height /= lines[i];
  // From the bottom up, each far enough above the one below it.
  constexpr double distance = 14;
  std::ranges::sort(labels, std::ranges::greater{}, &EndLabel::height);
  for (std::size_t i = 1; i < labels.size(); ++i) {
    labels[i].height = std::min(labels[i].height, labels[i - 1].height - distance);
  }
  return labels;
}

/// A scale for all intervals of a forest plot, with zero on it.
Axis interval_axis(std::span<const Comparison> comparisons, double width) {
  double low = 0, high = 0;
  for (const Comparison& one : comparisons) {
    for (const Difference& d : one.measures) {
      const Interval shown = d.interval.value_or(Interval{d.mean, d.mean});
      low = std::min(low, shown.low);
      high = std::max(high, shown.high);
    }
  }
  const double margin = std::max(0.05 * (high - low), 0.001);
  return {low - margin, high + margin, 0, width};
}

constexpr double forest_width = 190, forest_height = 20;

std::string interval(const Difference& d, const Axis& x, std::string_view name) {
  const double middle = forest_height / 2;
  const std::string colour = d.significant() ? "var(--accent)" : "var(--soft)";
  const auto stroke = [&](double x1, double y1, double x2, double y2) {
    return "<line style=\"stroke-width:2;stroke:" + colour + "\" x1=\"" + pixel(x1) + "\" y1=\"" +
           pixel(y1) + "\" x2=\"" + pixel(x2) + "\" y2=\"" + pixel(y2) + "\"/>";
  };
  std::string whisker;
  if (d.interval) {
    const double low = x(d.interval->low), high = x(d.interval->high);
    whisker = stroke(low, middle, high, middle) + stroke(low, middle - 4, low, middle + 4) +
              stroke(high, middle - 4, high, middle + 4);
  }
  return svg(forest_width, forest_height, name,
             line("zero", x(0), 0, x(0), forest_height) + whisker +
                 "<rect width=\"6\" height=\"6\" x=\"" + pixel(x(d.mean) - 3) + "\" y=\"" +
                 pixel(middle - 3) + "\" style=\"fill:" + colour + "\"/>");
}

std::string forest_scale(const Axis& x) {
  std::string text = line("axis", x.from, 0.5, x.to, 0.5);
  for (const double v : x.ticks(tick_step(x.high - x.low, 4))) {
    text += line("axis", x(v), 0, x(v), 5);
    const bool inside = x(v) > 14 && x(v) < forest_width - 14;
    if (inside) text += label("middle", x(v), 18, number(v == 0 ? "%g" : "%+g", v));
  }
  return svg(forest_width, 22, "scale of the differences", text);
}

}  // namespace

std::string region_colour(std::size_t region) {
  constexpr std::array<const char*, region::count> colours{"var(--wt)", "var(--tc)", "var(--et)"};
  return colours[region];
}

std::string line_chart(std::string_view title, std::span<const Series> series, bool zero_to_one) {
  const Bounds bounds(series);
  constexpr double width = 540, height = 250;
  if (bounds.empty) return "<p class=\"note\">" + escaped(title) + ": no values.</p>\n";
  const Axis x{bounds.first, bounds.last, 40, width - 34};
  const Axis y{zero_to_one ? 0 : bounds.low, zero_to_one ? 1 : bounds.high, height - 38, 30};
  std::string text = label("start", 0, 13, title) + grid(x, y);
  for (const Series& one : series) {
    const auto lines = std::ranges::count(series, one.name, &Series::name);
    text += curve(one, x, y, lines > 1);
  }
  for (const EndLabel& end : end_labels(series, y)) {
    text += label("start", x.to + 6, end.height + 4, end.name, end.colour);
  }
  return svg(width, height, title, text);
}

std::string forest_plot(std::span<const Comparison> comparisons) {
  const Axis x = interval_axis(comparisons, forest_width);
  std::string head, scale, rows;
  for (const std::size_t m : measures) {
    head += "<th>" + measure_name(m) + "</th>";
    scale += "<td>" + forest_scale(x) + "</td>";
  }
  for (const Comparison& one : comparisons) {
    const std::string name = one.first + " \xE2\x88\x92 " + one.second;  // a minus sign
    rows += "<tr><td>" + escaped(name) + "</td>";
    for (const std::size_t m : measures) {
      const Difference& d = one.measures[m];
      rows += "<td>" + interval(d, x, name) + "<small>" + number("%+.4f", d.mean) +
              " <span class=\"soft\">" + interval_text(d) + "</span></small></td>";
    }
    rows += "</tr>\n";
  }
  return "<div class=\"scroll\"><table class=\"forest\">\n<tr><th></th>" + head + "</tr>\n" + rows +
         "<tr><td></td>" + scale + "</tr>\n</table></div>\n";
}

}  // namespace glia::program::page
