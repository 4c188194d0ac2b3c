#include "glia/core/options.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

struct Inner {
  int count = 2;
  template <class F>
  void options(F&& f) const {
    f("", "inner");
    f("count", count, at_least(1));
  }
};
struct Unnamed {};
struct Outer {
  double share = 0.1;
  bool flag = true;
  std::uint64_t seed = 18446744073709551615U;
  std::optional<double> maybe{};
  int threads = 1;
  Inner inner{};
  Unnamed unnamed{};
  template <class F>
  void options(F&& f) const {
    f("share", share, from_to_below(0, 1));
    f("flag", flag);
    f("seed", seed);
    f("maybe", maybe, between(0, 1));
    f("threads", threads, unrecorded(at_least(1)));
    f("inner", inner);
    f("unnamed", unnamed);
  }
};

}  // namespace

TEST_CASE("options are recorded by name, exactly, without those that decide nothing") {
  using Record = std::map<std::string, std::string>;
  Record record{{"user", "x"}};
  record_options(record, "run", Outer{});
  CHECK(record == Record{{"user", "x"},
                         {"run.share", "0.1"},
                         {"run.flag", "yes"},
                         {"run.seed", "18446744073709551615"},
                         {"run.maybe", "none"},
                         {"run.inner", "inner"},
                         {"run.inner.count", "2"},
                         {"run.unnamed", "custom"}});
  record_options(record, "run", Outer{.maybe = 0.25});
  CHECK(record.at("run.maybe") == "0.25");
}

TEST_CASE("the first option that is not what it may be is refused with name, got and expected") {
  const auto refusal = [](const Outer& options) {
    return message_of<UsageError>([&] { require_valid("owner", options); });
  };
  CHECK(refusal({.share = 1}) == "owner: share: got 1, expected at least 0 and below 1");
  CHECK(refusal({.share = std::nan("")}) ==
        "owner: share: got nan, expected at least 0 and below 1");
  CHECK(refusal({.maybe = 1.5}) == "owner: maybe: got 1.5, expected at least 0 and at most 1");
  CHECK(refusal({.threads = 0}) == "owner: threads: got 0, expected at least 1");
  CHECK(refusal({.inner = {.count = -1}}) == "owner: inner.count: got -1, expected at least 1");
  CHECK_NOTHROW(require_valid("owner", Outer{}));
}

TEST_CASE("what an option may be, at its ends") {
  const double infinity = HUGE_VAL, nan = std::nan("");
  CHECK(at_least(0).contains(0));
  CHECK_FALSE(at_least(0).contains(-1e-300));
  CHECK_FALSE(above(0).contains(0));
  CHECK(above(0).contains(5e-324));
  CHECK(between(0, 1).contains(1));
  CHECK_FALSE(from_to_below(0, 1).contains(1));
  for (const Allowed& allowed :
       {any_number(), at_least(0), above(0), between(0, 1), from_to_below(0, 1)}) {
    for (const double never : {infinity, -infinity, nan}) CHECK_FALSE(allowed.contains(never));
  }
  CHECK(any_number().text() == "a finite number");
  CHECK(above(0).text() == "above 0");
}
