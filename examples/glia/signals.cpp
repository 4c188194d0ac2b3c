#include "signals.hpp"

#include <unistd.h>

#include <csignal>
#include <string_view>

namespace glia::program {

namespace {

constexpr int stopping_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};

volatile std::sig_atomic_t signal_caught = 0;

void on_signal(int number, siginfo_t* info, void*) {
  const bool keyboard = info->si_code == SI_KERNEL;  // a process leaves its own code there
  if (number == SIGINT && keyboard && signal_caught == SIGINT) {
    constexpr std::string_view message = "\nglia: interrupted twice, stopped without saving\n";
    static_cast<void>(!write(STDERR_FILENO, message.data(), message.size()));
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);  // delivered at the end of this handler
    return;
  }
  if (signal_caught == 0) signal_caught = number;
}

bool is_ignored(int number) {
  struct sigaction present {};
  sigaction(number, nullptr, &present);
  return present.sa_handler == SIG_IGN;
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;  // a save goes on
  for (const int number : stopping_signals) sigaddset(&action.sa_mask, number);
  for (const int number : stopping_signals) {
    if (!is_ignored(number)) sigaction(number, &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);  // nobody reads the progress any more: no reason to stop
}

int caught_signal() { return signal_caught; }

void release_signals() {
  for (const int number : stopping_signals) {
    if (!is_ignored(number)) std::signal(number, SIG_DFL);
  }
}

}  // namespace glia::program
