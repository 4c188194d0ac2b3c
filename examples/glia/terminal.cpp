#include "terminal.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace glia::program {

namespace {

constexpr auto terminal_period = std::chrono::milliseconds(100);
constexpr auto plain_period = std::chrono::seconds(10);

/// Columns of the terminal that stderr is, asked anew because windows change.
std::size_t terminal_width() {
  constexpr std::size_t usual = 80;
  winsize window{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  return known ? window.ws_col : usual;
}

bool can_redraw() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && !(terminal && std::string_view(terminal) == "dumb");
}

}  // namespace

ProgressBar::ProgressBar(std::string stage, std::string unit, bool quiet)
    : stage_(std::move(stage)), unit_(std::move(unit)), quiet_(quiet), redraws_(can_redraw()) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::update(double done, double total, std::string_view note) {
  if (quiet_) return;
  const auto now = Clock::now();
  if (first_ < 0) {
    first_ = done;
    start_ = now;
  }
  const bool finished = total > 0 && done >= total;
  const Clock::duration period = redraws_ ? Clock::duration(terminal_period) : plain_period;
  if (now - last_ < period && !finished) return;
  last_ = now;

  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? (done - first_) / seconds : 0;
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, "%.0f/%.0f %s", done, total, unit_.c_str());
  std::string text = numbers;
  if (rate > 0) {
    std::snprintf(numbers, sizeof numbers, ", %.3g %s/s", rate, unit_.c_str());
    text += numbers;
  }
  if (rate > 0 && total > done) text += ", " + duration_text((total - done) / rate) + " left";
  if (!note.empty()) text += ", " + std::string(note);
  if (redraws_) {
    draw(total > 0 ? done / total : 0, text);
  } else {
    std::fprintf(stderr, "%s %s\n", stage_.c_str(), text.c_str());
  }
  std::fflush(stderr);
}

/// The bar gets what the text leaves of the line. The last column stays free: in it some terminals
/// begin a new line.
void ProgressBar::draw(double share, const std::string& numbers) {
  constexpr std::size_t longest = 24, shortest = 4, frame = 4;  // blanks and brackets
  const std::size_t width = terminal_width() - 1, text = stage_.size() + numbers.size() + frame;
  const std::size_t bar = width < text + shortest ? 0 : (std::min)(longest, width - text);
  std::string drawn = stage_ + " ";
  if (bar > 0) {
    const double length = static_cast<double>(bar);
    const auto filled = static_cast<std::size_t>(length * std::clamp(share, 0.0, 1.0));
    drawn += "[" + std::string(filled, '#') + std::string(bar - filled, '.') + "] ";
  }
  drawn += numbers;
  const std::string_view shown = cut_to_width(drawn, width);
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(shown.size()), shown.data());
  drawn_ = true;
}

void ProgressBar::line(std::string_view text) {
  if (quiet_) return;
  clear();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void ProgressBar::warn(std::string_view text) {
  clear();
  complain("warning: " + std::string(text));
}

void ProgressBar::clear() {
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

std::string_view cut_to_width(std::string_view text, std::size_t columns_left) {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0U) == 0x80U) ++next;
    const std::size_t taken = static_cast<unsigned char>(text[end]) < 0x80 ? 1 : 2;
    if (taken > columns_left) break;
    columns_left -= taken;
    end = next;
  }
  return text.substr(0, end);
}

void complain(std::string_view text) {
  std::fprintf(stderr, "glia: %.*s\n", static_cast<int>(text.size()), text.data());
}

std::string duration_text(double seconds) {
  const auto total = static_cast<long>(seconds + 0.5);
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min " + std::to_string(total % 60) + " s";
  return std::to_string(total / 3600) + " h " + std::to_string(total % 3600 / 60) + " min";
}

std::size_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace glia::program
