#pragma once

#include <functional>
#include <string_view>

namespace glia {

enum class Severity { info, warning, error };

/// Receives what the library has to say. The library itself never prints; an empty sink is silence.
using LogSink = std::function<void(Severity, std::string_view)>;

/// Forwards to the sink if there is one.
inline void log(const LogSink& sink, Severity severity, std::string_view text) {
  if (sink) sink(severity, text);
}

/// How far a long operation has come.
struct Progress {
  std::string_view stage;  ///< what is being done, for instance "train" or "segment"
  double done = 0;         ///< units finished
  double total = 0;        ///< units in all, 0 if unknown
  std::string_view unit;   ///< for instance "steps" or "windows"
};

/// Receives progress; may be empty. Called from the thread that runs the operation.
using ProgressSink = std::function<void(const Progress&)>;

}  // namespace glia
