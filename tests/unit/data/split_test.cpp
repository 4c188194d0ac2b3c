#include "glia/data/split.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <set>

using namespace glia;

namespace {

std::vector<int> numbers(int count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

}  // namespace

TEST_CASE("a split loses and doubles no case and keeps the training cases in order") {
  const auto [training, validation] = split_cases(numbers(24), 0.2, 42);
  CHECK(validation.size() == 4);
  CHECK(training.size() == 20);
  CHECK(std::is_sorted(training.begin(), training.end()));
  std::set<int> all(training.begin(), training.end());
  all.insert(validation.begin(), validation.end());
  CHECK(all.size() == 24);
}

TEST_CASE("the seed decides a split") {
  CHECK(split_cases(numbers(24), 0.5, 1).validation == split_cases(numbers(24), 0.5, 1).validation);
  CHECK(split_cases(numbers(24), 0.5, 1).validation != split_cases(numbers(24), 0.5, 2).validation);
}

TEST_CASE("every case is drawn about as often as every other") {
  std::vector<int> drawn(10);
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    for (const int value : split_cases(numbers(10), 0.3, seed).validation)
      ++drawn[static_cast<std::size_t>(value)];
  for (const int count : drawn) CHECK(std::abs(count - 300) < 75);  // five standard deviations
}

TEST_CASE("few cases: one of several is kept for validation, none of one, none if none is wanted") {
  CHECK(split_cases(numbers(3), 0.2, 0).validation.size() == 1);
  CHECK(split_cases(numbers(1), 0.2, 0).training.size() == 1);
  CHECK(split_cases(numbers(0), 0.2, 0).training.empty());
  CHECK(split_cases(numbers(3), 0.0, 0).validation.empty());
}

TEST_CASE("cases are moved, never copied") {
  std::vector<std::unique_ptr<int>> cases(4);
  CHECK(split_cases(std::move(cases), 0.25, 0).training.size() == 3);
}

TEST_CASE("shares outside of [0, 1) are refused") {
  for (const double share : {-0.1, 1.0, std::nan("")})
    CHECK_THROWS_AS(static_cast<void>(split_cases(numbers(3), share, 0)), UsageError);
}
