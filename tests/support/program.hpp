#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace glia::test {

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A program that runs in a process of its own, its output in two files of `folder`.
class Process {
 public:
  Process(const std::filesystem::path& folder, std::vector<std::string> command)
      : out_(folder / "stdout.txt"), err_(folder / "stderr.txt") {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("fork failed");
    if (child_ == 0) {
      const int out = open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(out, STDOUT_FILENO);
      dup2(err, STDERR_FILENO);
      for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_DFL);  // as at a prompt
      execvp(arguments.front(), arguments.data());
      _exit(127);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
  }

  void send(int signal) const { kill(child_, signal); }
  [[nodiscard]] bool running() {
    if (child_ <= 0) return false;
    const pid_t ended = wait4(child_, &status_, WNOHANG, &usage_);
    if (ended == child_) child_ = 0;
    return child_ > 0;
  }
  /// Exit code, or 128 + signal.
  int wait() {
    if (child_ > 0) wait4(std::exchange(child_, 0), &status_, 0, &usage_);
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }
  /// Largest resident memory, once the program has ended.
  [[nodiscard]] std::size_t peak_bytes() const {
    return static_cast<std::size_t>(usage_.ru_maxrss) * 1024;
  }
  [[nodiscard]] std::string out() const { return read_text(out_); }
  [[nodiscard]] std::string err() const { return read_text(err_); }

 private:
  std::filesystem::path out_, err_;
  pid_t child_ = 0;
  int status_ = 0;
  rusage usage_{};
};

/// Kills a process that is still running after so many seconds. Returns whether it was killed.
inline bool kill_after(Process& process, double seconds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (process.running()) {
    if (std::chrono::steady_clock::now() >= limit) {
      process.send(SIGKILL);
      process.wait();
      return true;
    }
    std::this_thread::yield();
  }
  return false;
}

struct Outcome {
  int code;
  std::string out, err;
  std::size_t peak_bytes = 0;
};

/// Runs a command to its end.
inline Outcome run_program(const std::filesystem::path& folder, std::vector<std::string> command) {
  Process process(folder, std::move(command));
  const int code = process.wait();
  return {code, process.out(), process.err(), process.peak_bytes()};
}

/// Runs the program glia to its end.
inline Outcome run_glia(const std::filesystem::path& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), GLIA_PROGRAM);
  return run_program(folder, std::move(arguments));
}

/// Resident memory of a run that does nothing, and `more` bytes: sanitizers need memory too.
inline std::size_t idle_bytes_and(const std::filesystem::path& folder, std::size_t more) {
  return run_glia(folder, {"--version"}).peak_bytes + more;
}

}  // namespace glia::test
