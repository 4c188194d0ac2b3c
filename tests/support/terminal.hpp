#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace glia::test {

/// A program that runs on a terminal of its own, which has a keyboard and a width.
class Terminal {
 public:
  Terminal(unsigned short width, const std::string& kind, std::vector<std::string> command) {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const winsize size{24, width, 0, 0};
    child_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ < 0) throw std::runtime_error("forkpty failed");
    if (child_ == 0) {
      setenv("TERM", kind.c_str(), 1);
      signal(SIGINT, SIG_DFL);
      execvp(arguments.front(), arguments.data());
      _exit(127);
    }
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    close(terminal_);
  }

  void type(const std::string& keys) const {
    if (write(terminal_, keys.data(), keys.size()) < 0) throw std::runtime_error("cannot type");
  }
  void resize(unsigned short width) const {
    const winsize size{24, width, 0, 0};
    ioctl(terminal_, TIOCSWINSZ, &size);
  }
  /// Takes in what the program has written, waiting a moment for it; false once it has ended.
  bool listen() {
    pollfd readable{terminal_, POLLIN, 0};
    if (poll(&readable, 1, 10) == 0) return true;
    char bytes[4096];
    const ssize_t count = read(terminal_, bytes, sizeof bytes);
    if (count > 0) shown_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }
  /// Listens until the text has been shown or the program has ended.
  void wait_for(const std::string& text) {
    while (shown_.find(text) == std::string::npos && listen()) {
    }
  }
  /// Exit code, or 128 + signal, once the program has ended.
  int wait() {
    while (listen()) {
    }
    int status = 0;
    waitpid(std::exchange(child_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// All that was written so far.
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  pid_t child_ = 0;
  int terminal_ = -1;
  std::string shown_;
};

}  // namespace glia::test
