#include "glia/core/parallel.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "glia/core/random.hpp"
#include "support/expect.hpp"

using namespace glia;

namespace {

/// The exit code of a forked child that calls body() and returns what it does; -1 if a signal ended
/// it, as the alarm ends one that hangs.
template <class Body>
int exit_code_of_child(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("every index is visited exactly once by a worker of the pool") {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const index_t count : {0, 1, 2, 3, 100, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      std::atomic<bool> valid = true;
      pool.for_each(count, [&](index_t index, int worker) {
        ++visits[static_cast<std::size_t>(index)];
        if (worker < 0 || worker >= threads) valid = false;
      });
      CHECK(valid);
      for (const auto& visit : visits) CHECK(visit == 1);
    }
  }
}

TEST_CASE("no worker number is used by two threads at a time") {
  ThreadPool pool(4);
  std::vector<int> per_worker(4, 0);  // unsynchronised on purpose: a worker owns its slot
  for (int round = 0; round < 200; ++round) {
    pool.for_each(37, [&](index_t, int worker) { ++per_worker[static_cast<std::size_t>(worker)]; });
  }
  CHECK(std::accumulate(per_worker.begin(), per_worker.end(), 0) == 200 * 37);
}

TEST_CASE("results are the same bits for any number of threads") {
  const auto run = [](int threads) {
    ThreadPool pool(threads);
    std::vector<double> sums(64);
    pool.for_each(64, [&](index_t index, int) {
      double sum = 0;
      for (int i = 1; i < 2000; ++i) sum += 1.0 / (static_cast<double>(index) + i);
      sums[static_cast<std::size_t>(index)] = sum;
    });
    return sums;
  };
  const auto one = run(1);
  CHECK(run(2) == one);
  CHECK(run(3) == one);
}

TEST_CASE("many short dispatches neither hang nor lose work") {
  ThreadPool pool(3);
  std::atomic<index_t> total = 0;
  for (int round = 0; round < 20000; ++round) {
    pool.for_each(4, [&](index_t index, int) { total += index; });
  }
  CHECK(total == 20000 * 6);
}

TEST_CASE("workers that went to sleep wake up") {
  ThreadPool pool(2);
  for (int round = 0; round < 3; ++round) {
    Random random{0};
    for (int i = 0; i < 2000000; ++i) random();  // longer than the pool waits actively
    std::atomic<int> done = 0;
    pool.for_each(8, [&](index_t, int) { ++done; });
    CHECK(done == 8);
  }
}

TEST_CASE("an exception reaches the caller and the pool stays usable") {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 100; ++round) {
      std::string message;
      try {
        pool.for_each(50, [&](index_t index, int) {
          if (index == 17) throw std::runtime_error("task 17");
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK(message == "task 17");
      std::atomic<int> done = 0;
      pool.for_each(10, [&](index_t, int) { ++done; });
      CHECK(done == 10);
    }
  }
}

TEST_CASE("after an exception the remaining tasks are not started") {
  ThreadPool pool(1);
  int started = 0;
  CHECK_THROWS_AS(pool.for_each(100,
                                [&](index_t, int) {
                                  ++started;
                                  throw std::runtime_error("stop");
                                }),
                  std::runtime_error);
  CHECK(started == 1);
}

TEST_CASE("zero threads means one per processor") { CHECK(ThreadPool(0).size() >= 1); }

TEST_CASE("a pool works on in a forked child, with threads of its own") {
  if (test::thread_sanitizer) {
    MESSAGE("skipped: the thread sanitizer allows no threads after fork()");
    return;
  }
  std::optional<ThreadPool> pool(std::in_place, 3);
  const auto work = [&] {
    std::atomic<int> done = 0;
    pool->for_each(50, [&](index_t, int) { ++done; });
    return done == 50;
  };
  REQUIRE(work());
  CHECK(exit_code_of_child([&] { return work() && work() ? 0 : 1; }) == 0);
  // A child of the child, and one that only tidies up.
  CHECK(exit_code_of_child([&] {
          return work() && exit_code_of_child([&] { return work() ? 0 : 1; }) == 0 ? 0 : 1;
        }) == 0);
  CHECK(exit_code_of_child([&] {
          pool.reset();
          return 0;
        }) == 0);
  CHECK(work());
}
