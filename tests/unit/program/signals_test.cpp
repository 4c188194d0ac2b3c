// What a process that catches signals does with one and with more of them.
#include "glia/signals.hpp"

#include <doctest/doctest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

using namespace glia::program;

namespace {

/// A child on a terminal of its own that has called catch_signals; it ends with the number of the
/// signal that it caught when it is told to.
class Catcher {
 public:
  explicit Catcher(const std::function<void()>& before = [] {}) {
    int told[2], tells[2];
    REQUIRE(pipe(told) == 0);
    REQUIRE(pipe(tells) == 0);
    child_ = forkpty(&keyboard_, nullptr, nullptr, nullptr);
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU})
        signal(number, SIG_DFL);
      before();
      catch_signals();
      serve(told[0], tells[1]);
    }
    close(told[0]);
    close(tells[1]);
    to_ = told[1];
    from_ = tells[0];
    ask();
  }
  Catcher(const Catcher&) = delete;
  Catcher& operator=(const Catcher&) = delete;
  ~Catcher() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    for (const int descriptor : {to_, from_, keyboard_}) close(descriptor);
  }

  /// The signal that it has caught so far.
  int ask() const {
    char caught = 0;
    REQUIRE(write(to_, "?", 1) == 1);
    REQUIRE(read(from_, &caught, 1) == 1);
    return caught;
  }
  void send(int number) const { REQUIRE(kill(child_, number) == 0); }
  void press_ctrl_c() const { REQUIRE(write(keyboard_, "\x03", 1) == 1); }
  /// The signal that ended it, 0 for an end of its own.
  int end() {
    static_cast<void>(!write(to_, "!", 1));
    return die();
  }
  /// The same without being told to end.
  int die() {
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

 private:
  [[noreturn]] static void serve(int in, int out) {
    signal(SIGPIPE, SIG_DFL);
    for (char question = 0; read(in, &question, 1) == 1 && question == '?';) {
      const auto caught = static_cast<char>(caught_signal());
      if (write(out, &caught, 1) != 1) break;
    }
    _exit(0);
  }

  pid_t child_ = 0;
  int keyboard_ = -1, to_ = -1, from_ = -1;
};

}  // namespace

TEST_CASE("six signals are caught, and the first of them is told") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) {
    CAPTURE(number);
    Catcher catcher;
    catcher.send(number);
    CHECK(catcher.ask() == number);
    CHECK(catcher.end() == 0);
  }
}

TEST_CASE("no second signal that a process sends ends the saving") {
  const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
  for (const int first : all) {
    Catcher catcher;
    catcher.send(first);
    CHECK(catcher.ask() == first);
    for (const int second : all) {
      catcher.send(second);
      CHECK(catcher.ask() == first);
    }
    CHECK(catcher.end() == 0);
  }
}

TEST_CASE("a second Ctrl-C ends the process at once; one after another signal does not") {
  Catcher twice;
  twice.press_ctrl_c();
  while (twice.ask() == 0) usleep(1000);
  CHECK(twice.ask() == SIGINT);
  twice.press_ctrl_c();
  CHECK(twice.die() == SIGINT);

  Catcher once;
  once.send(SIGTERM);
  CHECK(once.ask() == SIGTERM);
  once.press_ctrl_c();
  usleep(20000);  // no event tells that a signal changed nothing
  CHECK(once.ask() == SIGTERM);
  CHECK(once.end() == 0);
}

TEST_CASE("signals that were ignored at the start stay ignored") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) {
    CAPTURE(number);
    Catcher catcher([=] { signal(number, SIG_IGN); });
    catcher.send(number);
    CHECK(catcher.ask() == 0);
    CHECK(catcher.end() == 0);
  }
}

TEST_CASE("released signals end the process again, ignored ones stay ignored") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    catch_signals();
    release_signals();
    raise(SIGHUP);
    raise(SIGTERM);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}
