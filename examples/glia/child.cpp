#include "child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "glia/core/error.hpp"
#include "signals.hpp"

namespace glia::program {

namespace {

constexpr const char* self = "/proc/self/exe";

/// In the child: becomes the program, or ends with the code that shells use for this.
[[noreturn]] void become(std::vector<char*>& command, const char* log, pid_t parent) {
  constexpr int cannot_start = 127;
  release_signals();
  setpgid(0, 0);  // a terminal's Ctrl-C reaches the parent alone, which passes it on once
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(cannot_start);  // it ended before the line above
  const int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (out < 0 || dup2(out, STDOUT_FILENO) < 0) _exit(cannot_start);
  execv(self, command.data());
  _exit(cannot_start);
}

}  // namespace

int run_child(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::vector<std::string> words{"glia"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> command;
  for (std::string& word : words) command.push_back(word.data());
  command.push_back(nullptr);
  const std::string path = log.string();

  const pid_t parent = getpid(), child = fork();
  if (child < 0) throw IoError(std::string("cannot start a process: ") + std::strerror(errno));
  if (child == 0) become(command, path.c_str(), parent);
  // Looked at now and then: a signal that comes just before a call that waits would not end it.
  int status = 0;
  for (bool told = false;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR)
      throw IoError(std::string("cannot wait: ") + std::strerror(errno));
    if (caught_signal() != 0 && !std::exchange(told, true)) kill(child, caught_signal());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace glia::program
