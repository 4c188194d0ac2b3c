#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace glia::program {

/// Progress on stderr: a bar with rate and remaining time on a terminal, a plain line every few
/// seconds otherwise.
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

  std::string stage_, unit_;
  bool quiet_, terminal_, drawn_ = false;
  double first_ = -1;
  Clock::time_point start_ = Clock::now(), last_{};
};

/// Prints "glia: text" on stderr.
void complain(std::string_view text);

/// Text for people: "3 min 12 s".
std::string duration_text(double seconds);

/// Largest resident memory of this process so far, in bytes.
std::size_t peak_resident_bytes();

}  // namespace glia::program
