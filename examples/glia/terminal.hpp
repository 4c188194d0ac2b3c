#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace glia::program {

/// Progress on stderr: a bar with rate and remaining time on a terminal, no wider than that; a
/// plain line every few seconds elsewhere and where TERM=dumb says that nothing can be redrawn.
class ProgressBar {
 public:
  ProgressBar(std::string stage, std::string unit, bool quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `note` is free text at the end of the line.
  void update(double done, double total, std::string_view note = {});
  /// Prints a line of its own above the bar.
  void line(std::string_view text);
  /// The same for what must be seen even when there is no progress.
  void warn(std::string_view text);

 private:
  using Clock = std::chrono::steady_clock;
  void clear();
  void draw(double share, const std::string& numbers);

  std::string stage_, unit_;
  bool quiet_, redraws_, drawn_ = false;
  double first_ = -1;
  Clock::time_point start_ = Clock::now(), last_{};
};

/// As much of a UTF-8 text as goes into so many columns of a terminal; characters beyond ASCII may
/// take two.
std::string_view cut_to_width(std::string_view text, std::size_t columns_left);

/// Prints "glia: text" on stderr.
void complain(std::string_view text);

/// Text for people: "3 min 12 s".
std::string duration_text(double seconds);

/// Largest resident memory of this process so far, in bytes.
std::size_t peak_resident_bytes();

}  // namespace glia::program
