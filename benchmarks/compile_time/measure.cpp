// Runs the command given as arguments and prints what it cost as one line of JSON:
// {"command":"g++","seconds":12.30,"cpu_seconds":12.10,"peak_mib":456}. Peak memory is that of its
// largest process; processor time is the figure to compare when the machine is shared.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s COMMAND [ARGUMENT...]\n", argv[0]);
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &usage) < 0) {
    std::perror(argv[1]);
    return 1;
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return 1;
  std::printf("{\"command\":\"%s\",\"seconds\":%.2f,\"cpu_seconds\":%.2f,\"peak_mib\":%ld}\n",
              argv[1], elapsed.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime),
              usage.ru_maxrss / 1024);
  return 0;
}
