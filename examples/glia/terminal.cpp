#include "terminal.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace glia::program {

namespace {

constexpr auto terminal_period = std::chrono::milliseconds(100);
constexpr auto plain_period = std::chrono::seconds(10);

}  // namespace

ProgressBar::ProgressBar(std::string stage, std::string unit, bool quiet)
    : stage_(std::move(stage)),
      unit_(std::move(unit)),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::update(double done, double total, std::string_view note) {
  if (quiet_) return;
  const auto now = Clock::now();
  if (first_ < 0) {
    first_ = done;
    start_ = now;
  }
  const bool finished = total > 0 && done >= total;
  if (now - last_ <
          (terminal_ ? Clock::duration(terminal_period) : Clock::duration(plain_period)) &&
      !finished)
    return;
  last_ = now;

  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? (done - first_) / seconds : 0;
  std::string text = stage_ + " ";
  if (terminal_ && total > 0) {
    constexpr int width = 24;
    const int filled = static_cast<int>(width * std::clamp(done / total, 0.0, 1.0));
    text += "[" + std::string(static_cast<std::size_t>(filled), '#') +
            std::string(static_cast<std::size_t>(width - filled), '.') + "] ";
  }
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, "%.0f/%.0f %s", done, total, unit_.c_str());
  text += numbers;
  if (rate > 0) {
    std::snprintf(numbers, sizeof numbers, ", %.3g %s/s", rate, unit_.c_str());
    text += numbers;
  }
  if (rate > 0 && total > done) text += ", " + duration_text((total - done) / rate) + " left";
  if (!note.empty()) text += ", " + std::string(note);
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
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
