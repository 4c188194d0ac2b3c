#include "glia/core/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace {

using namespace glia;
using Block = std::array<std::uint32_t, 4>;

/// Philox4x32-10 written from the paper (Salmon et al. 2011, section 3.3), independent of
/// Random123's headers.
Block philox(Block counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

Block four(Random& random) {
  Block block{};
  for (auto& word : block) word = random();
  return block;
}

}  // namespace

TEST_CASE("Philox4x32-10 gives Random123's known answers") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  Random zero{0};
  CHECK(four(zero) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}

TEST_CASE("the seed is the key and the name is the counter") {
  Random random{0x299f31d0a4093822, 0x85a308d3, 0x13198a2e, 0x03707344};
  for (std::uint32_t block = 0; block < 100; ++block) {
    CHECK(four(random) ==
          philox({block, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}));
  }
}

TEST_CASE("uniform numbers have 53 bits and lie in [0, 1)") {
  const Block block = philox({0, 1, 2, 3}, {42, 0});
  Random random{42, 1, 2, 3};
  const double expected =
      static_cast<double>(block[0] >> 5) * 0x1p-27 + static_cast<double>(block[1] >> 6) * 0x1p-53;
  CHECK(random.uniform() == expected);

  const int count = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < count; ++i) {
    const double u = random.uniform();
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    sum += u;
    squares += u * u;
  }
  // Six standard errors: sqrt(1/12 / n) of the mean, sqrt(4/45 / n) of the second moment.
  CHECK(std::abs(sum / count - 0.5) < 6 * std::sqrt(1.0 / 12 / count));
  CHECK(std::abs(squares / count - 1.0 / 3) < 6 * std::sqrt(4.0 / 45 / count));
  CHECK(random.uniform(-3, -2) < -2);
}

TEST_CASE("normal numbers have the moments 0, 1, 0, 3") {
  Random random{5};
  const int count = 100000;
  std::array<double, 4> moments{};
  for (int i = 0; i < count; ++i) {
    const double x = random.normal();
    double power = 1;
    for (auto& moment : moments) moment += (power *= x) / count;
  }
  // Var(x^k) = E x^2k - (E x^k)^2: 1, 2, 15, 96.
  CHECK(std::abs(moments[0]) < 6 * std::sqrt(1.0 / count));
  CHECK(std::abs(moments[1] - 1) < 6 * std::sqrt(2.0 / count));
  CHECK(std::abs(moments[2]) < 6 * std::sqrt(15.0 / count));
  CHECK(std::abs(moments[3] - 3) < 6 * std::sqrt(96.0 / count));
}

TEST_CASE("below is uniform over its range and bernoulli keeps its probability") {
  Random random{9};
  const int count = 70000;
  std::array<int, 7> hits{};
  int successes = 0;
  for (int i = 0; i < count; ++i) {
    const index_t value = random.below(7);
    REQUIRE(value >= 0);
    REQUIRE(value < 7);
    ++hits[static_cast<std::size_t>(value)];
    successes += random.bernoulli(0.34);
  }
  const double deviation = std::sqrt(count * (1.0 / 7) * (6.0 / 7));
  for (const int hit : hits) CHECK(std::abs(hit - count / 7.0) < 6 * deviation);
  CHECK(std::abs(successes - count * 0.34) < 6 * std::sqrt(count * 0.34 * 0.66));
  CHECK(random.below(1) == 0);
}

TEST_CASE("a generator serves the standard library's distributions") {
  static_assert(std::uniform_random_bit_generator<Random>);
  Random a{3}, b{3};
  CHECK(std::uniform_int_distribution<int>(0, 1000000)(a) ==
        std::uniform_int_distribution<int>(0, 1000000)(b));
}

TEST_CASE("shuffle: every order of three is as likely, the same draws give the same order") {
  Random random(3);
  std::array<int, 27> count{};
  constexpr int rounds = 6000;
  for (int i = 0; i < rounds; ++i) {
    std::vector<int> values{0, 1, 2};
    shuffle(values, random);
    ++count[static_cast<std::size_t>(9 * values[0] + 3 * values[1] + values[2])];
  }
  for (const int order : {5, 7, 11, 15, 19, 21}) {  // 012, 021, 102, 120, 201, 210
    CHECK(count[static_cast<std::size_t>(order)] == doctest::Approx(rounds / 6).epsilon(0.12));
  }
  std::vector<int> first{1, 2, 3, 4, 5}, second = first;
  Random one(7), other(7);
  shuffle(first, one);
  shuffle(second, other);
  CHECK(first == second);
}
