#include "page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "glia/io/png.hpp"

namespace glia::program::page {

namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --line: #d8dee6; --back: #fff; --bar: #cfe3f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ef; --soft: #9aa7b5; --line: #37424f; --back: #151b22; --bar: #23405a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
       max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p, figcaption, .note { color: var(--soft); }
table { border-collapse: collapse; width: 100%; } .scroll { overflow-x: auto; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; min-width: 4.5rem; padding: 0 .3rem; text-align: right; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; }
figure { margin: 0; } img { width: 100%; background: #000; } pre { overflow-x: auto; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
.axis { stroke: var(--line); } .curve { fill: none; stroke-width: 2; }
)";

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? std::to_integer<std::uint32_t>(bytes[j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > bytes.size();
      text += padding ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

/// A step of 1, 2 or 5 times a power of ten that cuts `range` into about five parts.
double tick_step(double range) {
  const double rough = range / 5, power = std::pow(10.0, std::floor(std::log10(rough)));
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
};

std::string tick_marks(const Axis& x, const Axis& y) {
  std::string svg;
  const double step_x = std::max(1.0, tick_step(x.high - x.low)),
               step_y = tick_step(y.high - y.low);
  for (double v = std::ceil(x.low / step_x) * step_x; v <= x.high; v += step_x) {
    svg += "<text text-anchor=\"middle\" x=\"" + number("%.1f", x(v)) + "\" y=\"" +
           number("%.1f", y.from + 18) + "\">" + number("%g", v) + "</text>";
  }
  for (double v = y.low; v <= y.high + step_y / 1000; v += step_y) {
    const std::string at = number("%.1f", y(v));
    svg += "<line class=\"axis\" x1=\"" + number("%.1f", x.from) + "\" x2=\"" +
           number("%.1f", x.to) + "\" y1=\"" + at + "\" y2=\"" + at +
           "\"/><text text-anchor=\"end\" x=\"" + number("%.1f", x.from - 6) + "\" y=\"" +
           number("%.1f", y(v) + 4) + "\">" + number("%.3g", v) + "</text>";
  }
  return svg;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string document(std::string_view title, std::string_view body) {
  std::string text = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  text += "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" + escaped(title) +
          "</title>\n<style>" + std::string(style) + "</style>\n</head>\n<body>\n<h1>" +
          escaped(title) + "</h1>\n";
  text += body;
  return text + "</body>\n</html>\n";
}

std::string section(std::string_view title, std::string_view body) {
  return "<section>\n<h2>" + escaped(title) + "</h2>\n" + std::string(body) + "</section>\n";
}

std::string table(std::span<const std::string> head, std::span<const std::vector<std::string>> rows,
                  std::size_t first_number) {
  const auto cells = [&](std::span<const std::string> row, const std::string& tag) {
    std::string text = "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += "<" + tag + (i >= first_number ? " class=\"n\">" : ">") + row[i] + "</" + tag + ">";
    }
    return text + "</tr>\n";
  };
  std::string text = "<div class=\"scroll\"><table>\n" + cells(head, "th");
  for (const auto& row : rows) text += cells(row, "td");
  return text + "</table></div>\n";
}

std::string share(double value) {
  const std::string percent = number("%.1f", 100 * std::clamp(value, 0.0, 1.0));
  return "<span class=\"bar\" style=\"background:linear-gradient(90deg,var(--bar) " + percent +
         "%,transparent " + percent + "%)\">" + number("%.3f", value) + "</span>";
}

std::string line_chart(std::string_view x_label, std::span<const Series> series, bool zero_to_one) {
  double first = 0, last = 1, highest = 1;
  bool empty = true;
  for (const Series& one : series) {
    for (const auto& [x, y] : one.points) {
      first = empty ? x : std::min(first, x);
      last = empty ? x : std::max(last, x);
      highest = empty ? y : std::max(highest, y);
      empty = false;
    }
  }
  if (empty) return "<p>No values.</p>\n";
  if (last <= first) last = first + 1;
  if (zero_to_one || highest <= 0) highest = 1;
  constexpr double width = 720, height = 280;
  const Axis x{first, last, 48, width - 12}, y{0, highest, height - 44, 12};

  std::string svg = "<svg viewBox=\"0 0 720 280\" role=\"img\">" + tick_marks(x, y);
  double legend = x.from;
  for (const Series& one : series) {
    std::string points;
    for (const auto& [at, value] : one.points) {
      points += number("%.1f", x(at)) + "," + number("%.1f", y(value)) + " ";
    }
    svg += "<polyline class=\"curve\" stroke=\"" + one.colour + "\" points=\"" + points + "\"/>";
    if (one.points.size() == 1) {
      svg += "<circle r=\"3\" fill=\"" + one.colour + "\" cx=\"" +
             number("%.1f", x(one.points[0].first)) + "\" cy=\"" +
             number("%.1f", y(one.points[0].second)) + "\"/>";
    }
    svg += "<rect width=\"14\" height=\"4\" fill=\"" + one.colour + "\" x=\"" +
           number("%.0f", legend) + "\" y=\"269\"/><text x=\"" + number("%.0f", legend + 19) +
           "\" y=\"275\">" + escaped(one.name) + "</text>";
    legend += 40 + 8 * static_cast<double>(one.name.size());
  }
  return svg + "<text text-anchor=\"end\" x=\"708\" y=\"275\">" + escaped(x_label) +
         "</text></svg>\n";
}

std::string figure(const Picture& picture, std::string_view caption) {
  return "<figure><img alt=\"" + escaped(caption) + "\" src=\"data:image/png;base64," +
         base64(encode_png(picture.width, picture.height, picture.rgb)) + "\"><figcaption>" +
         escaped(caption) + "</figcaption></figure>\n";
}

}  // namespace glia::program::page
