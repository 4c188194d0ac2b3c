#pragma once

#include <stdexcept>
#include <string>

#include "glia/core/config.hpp"

namespace glia {

/// Base of everything the library throws. `exit_code()` is what a program should return (0 is never
/// used).
class Error : public std::runtime_error {
 public:
  Error(int exit_code, const std::string& message)
      : std::runtime_error(message), exit_code_(exit_code) {}
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

 private:
  int exit_code_;
};

/// A wrong option, configuration or call (exit code 2).
struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(2, message) {}
};

/// Input data that cannot be used: the message names file, field, got and expected (exit code 3).
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(3, message) {}
};

/// A file or device that cannot be read or written (exit code 4).
struct IoError : Error {
  explicit IoError(const std::string& message) : Error(4, message) {}
};

/// Not enough memory for what was asked: the message says how much would be needed (exit code 5).
struct OutOfMemory : Error {
  explicit OutOfMemory(const std::string& message) : Error(5, message) {}
};

/// Losses or gradients that stopped being finite (exit code 6).
struct NumericalError : Error {
  explicit NumericalError(const std::string& message) : Error(6, message) {}
};

}  // namespace glia
