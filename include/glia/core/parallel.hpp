#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/processors.hpp"
#include "glia/core/types.hpp"

namespace glia {

/// A persistent pool of threads. Work is a number of independent tasks; which thread runs which
/// task is free, so results are the same bits for any number of threads as long as a task depends
/// on its index alone.
///
/// fork() copies a pool without its threads: the child's starts threads of its own when it is used.
class ThreadPool {
 public:
  /// `threads` includes the caller's; 0 means available_processors(). Throws OutOfMemory if the
  /// system gives fewer.
  explicit ThreadPool(int threads = 0) {
    size_ = threads > 0 ? threads : available_processors();
    start();
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() { stop(); }

  [[nodiscard]] int size() const { return size_; }

  /// Calls task(index, worker) for every index in [0, count), worker in [0, size()); returns when
  /// all are done. Rethrows the first exception. Only one thread may call at a time; a call from
  /// inside a task is a logic error.
  template <class Task>
  void for_each(index_t count, Task&& task) {
    if (count <= 0) return;
    if (size_ == 1 || count == 1) {
      for (index_t index = 0; index < count; ++index) task(index, 0);
      return;
    }
    if (process_ != ::getpid()) start();
    run_ = [](void* self, index_t index, int worker) {
      (*static_cast<std::remove_reference_t<Task>*>(self))(index, worker);
    };
    task_ = const_cast<void*>(static_cast<const void*>(&task));
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(size_ - 1, std::memory_order_relaxed);
    generation_.fetch_add(1, std::memory_order_release);
    generation_.notify_all();
    drain(0);
    for (int left = busy_.load(std::memory_order_acquire); left != 0;
         left = busy_.load(std::memory_order_acquire)) {
      if (!spin_while([&] { return busy_.load(std::memory_order_acquire) == left; }))
        busy_.wait(left);
    }
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  void start() {
    abandon_workers_of_parent();
    process_ = ::getpid();
    stop_ = false;
    generation_ = 0;
    try {
      for (int worker = 1; worker < size_; ++worker) {
        workers_.emplace_back([this, worker] { serve(worker); });
      }
    } catch (const std::system_error&) {
      const std::size_t given = workers_.size() + 1;
      stop();
      process_ = 0;  // the next use tries again
      throw OutOfMemory("threads: got " + std::to_string(size_) +
                        ", the system gives no more than " + std::to_string(given));
    }
  }
  void stop() {
    abandon_workers_of_parent();
    stop_ = true;
    generation_.fetch_add(1);
    generation_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }
  /// In a child of the process that started them the threads do not exist, and their handles can
  /// neither be joined nor destroyed: they are left where they are.
  void abandon_workers_of_parent() {
    if (workers_.empty() || process_ == ::getpid()) return;
    static_cast<void>(new std::vector<std::thread>(std::move(workers_)));
    workers_.clear();
  }

  void serve(int worker) {
    for (std::uint32_t seen = 0;;) {
      if (!spin_while([&] { return generation_.load(std::memory_order_acquire) == seen; })) {
        generation_.wait(seen);
      }
      const std::uint32_t now = generation_.load(std::memory_order_acquire);
      if (now == seen) continue;
      seen = now;
      if (stop_) return;
      drain(worker);
      busy_.fetch_sub(1, std::memory_order_release);
      busy_.notify_one();
    }
  }

  void drain(int worker) {
    for (;;) {
      const index_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) return;
      try {
        run_(task_, index, worker);
      } catch (...) {
        const std::lock_guard lock(failure_mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_.store(count_, std::memory_order_relaxed);
      }
    }
  }

  /// Waits actively for a short while; false if the condition still holds after it.
  template <class Condition>
  static bool spin_while(Condition&& condition) {
    for (int i = 0; i < 4000; ++i) {
      if (!condition()) return true;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    return false;
  }

  int size_ = 1;
  pid_t process_ = 0;  // that the workers belong to
  void (*run_)(void*, index_t, int) = nullptr;
  void* task_ = nullptr;
  index_t count_ = 0;
  std::atomic<bool> stop_ = false;
  alignas(64) std::atomic<index_t> next_ = 0;
  alignas(64) std::atomic<std::uint32_t> generation_ = 0;
  alignas(64) std::atomic<int> busy_ = 0;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;
};

}  // namespace glia
