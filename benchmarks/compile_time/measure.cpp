// Runs the command given as arguments and prints what it cost as one line of JSON:
// {"command":"g++","seconds":12.3,"peak_mib":456}. Peak memory is that of its largest process.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

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
  std::printf("{\"command\":\"%s\",\"seconds\":%.2f,\"peak_mib\":%ld}\n", argv[1], elapsed.count(),
              usage.ru_maxrss / 1024);
  return 0;
}
