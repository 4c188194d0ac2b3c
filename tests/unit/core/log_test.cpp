#include "glia/core/log.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a log sink receives severity and text; an empty one is silence") {
  using namespace glia;
  std::string heard;
  const LogSink sink = [&](Severity severity, std::string_view text) {
    heard += severity == Severity::warning ? "warning: " : "other: ";
    heard += text;
  };
  log(sink, Severity::warning, "spacing differs");
  CHECK(heard == "warning: spacing differs");
  log(LogSink{}, Severity::error, "nobody listens");
}
