#include "page.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "glia/io/png.hpp"

namespace glia::program::page {

namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #1d2733; --soft: #586675; --line: #d8dee6; --back: #fff;
        --panel: #f4f6f9; --bar: #cfe3f5; --accent: #2468b4;
        --wt: #24883f; --tc: #b07900; --et: #d13636; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ef; --soft: #9aa7b5; --line: #37424f; --back: #151b22;
          --panel: #1c242d; --bar: #23405a; --accent: #6aaef0;
          --wt: #4cc26b; --tc: #e0a92e; --et: #f06a6a; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
       max-width: 72rem; margin: 2rem auto 4rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .6rem; } h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { margin: .6rem 0; max-width: 48rem; } .note, figcaption { color: var(--soft); font-size: .9rem; }
.verdict { border-left: 4px solid var(--accent); background: var(--panel); padding: .7rem 1rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
         white-space: nowrap; }
th { font-weight: 600; } .group { border-bottom: 0; padding-bottom: 0; color: var(--soft);
         font-size: .85rem; text-align: center; }
.n { text-align: right; font-variant-numeric: tabular-nums; } .soft { color: var(--soft); }
.scroll th:first-child, .scroll td:first-child { position: sticky; left: 0; background: var(--back);
         white-space: normal; overflow-wrap: anywhere; min-width: 11rem; }
th:first-child, td:first-child { padding-left: 0; }
.bar { display: inline-block; width: 5rem; padding: 0 .3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: .8rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin: .4rem 0; } summary { cursor: pointer; padding: .2rem 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
          gap: .5rem 1.5rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1.5rem; margin-top: 1rem; }
figure { margin: 0; } .panels { display: flex; gap: 4px; font-size: .85rem; }
.panels div { width: 17rem; } figcaption { overflow-wrap: anywhere; margin-top: .2rem; }
img { width: 100%; display: block; background: #000; }
pre { overflow-x: auto; background: var(--panel); padding: .8rem 1rem; font-size: .85rem; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
.axis { stroke: var(--line); } .zero { stroke: var(--soft); stroke-dasharray: 3 3; }
.curve { fill: none; stroke-width: 2; } .thin { stroke-width: 1.2; stroke-opacity: .75; }
.forest { table-layout: fixed; min-width: 66rem; } .forest th:first-child { width: 22%; }
.forest th + th, .forest td + td { text-align: center; font-variant-numeric: tabular-nums; }
.forest td { padding: .25rem .4rem; } .forest td:first-child { padding-left: 0; } .forest small { font-size: .78rem; }
.forest tr:last-child td { border-bottom: 0; padding-top: 0; }
)";

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

}  // namespace

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

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

std::string details(std::string_view summary, std::string_view body) {
  return "<details><summary>" + escaped(summary) + "</summary>\n" + std::string(body) +
         "</details>\n";
}

std::string note(std::string_view html) {
  return "<p class=\"note\">" + std::string(html) + "</p>\n";
}

std::string table(const Table& table) {
  const auto cells = [&](std::span<const std::string> row, const std::string& tag) {
    std::string text = "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      text +=
          "<" + tag + (i >= table.first_number ? " class=\"n\">" : ">") + row[i] + "</" + tag + ">";
    }
    return text + "</tr>\n";
  };
  std::string text = "<div class=\"scroll\"><table>\n";
  if (!table.groups.empty()) {
    text += "<tr>";
    for (const auto& [title, columns] : table.groups) {
      text += "<th class=\"group\" colspan=\"" + std::to_string(columns) + "\">" + title + "</th>";
    }
    text += "</tr>\n";
  }
  text += cells(table.head, "th");
  for (const auto& row : table.rows) text += cells(row, "td");
  return text + "</table></div>\n";
}

std::string facts(std::span<const std::pair<std::string, std::string>> rows) {
  std::string text = "<dl>\n";
  for (const auto& [name, value] : rows) {
    text += "<dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd>\n";
  }
  return text + "</dl>\n";
}

std::string share(double value) {
  const std::string percent = number("%.1f", 100 * std::clamp(value, 0.0, 1.0));
  return "<span class=\"bar\" style=\"background:linear-gradient(90deg,var(--bar) " + percent +
         "%,transparent " + percent + "%)\">" + number("%.3f", value) + "</span>";
}

std::string figure(std::span<const Panel> panels, std::string_view caption) {
  std::string text = "<figure><div class=\"panels\">";
  for (const auto& [label, picture] : panels) {
    text += "<div>" + escaped(label) + "<img alt=\"" + escaped(label) +
            "\" src=\"data:image/png;base64," +
            base64(encode_png(picture.width, picture.height, picture.rgb)) + "\"></div>";
  }
  return text + "</div><figcaption>" + escaped(caption) + "</figcaption></figure>\n";
}

}  // namespace glia::program::page
