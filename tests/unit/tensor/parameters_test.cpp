#include "glia/tensor/parameters.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace glia;

namespace {

struct Inner {
  Parameter<double, Initial::kaiming_normal({30 * 27, 20 * 27}), 20, 30, 3, 3, 3> weight;
  Parameter<double, Initial::zeros(), 20> bias;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("weight", p.weight...);
    f("bias", p.bias...);
  }
};

struct Linear {
  Parameter<double, Initial::xavier_uniform({30 * 27, 20 * 27}), 20, 30, 3, 3, 3> weight;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("weight", p.weight...);
  }
};

struct Outer {
  Inner first, spliced;
  Parameter<double, Initial::ones(), 5> gain;
  template <class F, class... P>
  static void fields(F&& f, P&... p) {
    f("first", p.first...);
    f("", p.spliced...);
    f("gain", p.gain...);
  }
};

}  // namespace

TEST_CASE("parameters are visited in order under their paths; an empty name splices") {
  ParameterSet<Outer, double> set;
  std::vector<std::string> names;
  visit_parameters([&](const std::string& name, const auto&) { names.push_back(name); }, "net",
                   set.fields());
  CHECK(names == std::vector<std::string>{"net.first.weight", "net.first.bias", "net.weight",
                                          "net.bias", "net.gain"});
}

TEST_CASE("parameters lie one after the other in one array that starts at zero") {
  ParameterSet<Outer, double> set;
  static_assert(decltype(Inner::weight)::size == 20 * 30 * 27);
  CHECK(count_parameters<Outer>() == 2 * (20 * 30 * 27 + 20) + 5);
  CHECK(set.size() == count_parameters<Outer>());
  CHECK(set.flat().size() == static_cast<std::size_t>(set.size()));
  CHECK(std::all_of(set.flat().begin(), set.flat().end(), [](double x) { return x == 0; }));
  CHECK(set.fields().first.weight.data == set.flat().data());
  CHECK(set.fields().first.bias.data == set.flat().data() + 16200);
  CHECK(set.fields().gain.data + 5 == set.flat().data() + set.flat().size());
}

TEST_CASE("equal structs are visited in step") {
  ParameterSet<Outer, double> a, b;
  a.fields().gain.data[4] = 7;
  visit_parameters([](const std::string&, auto& to,
                      const auto& from) { std::copy_n(from.data, from.size, to.data); },
                   "", b.fields(), a.fields());
  CHECK(b.fields().gain.data[4] == 7);
}

TEST_CASE("without memory parameters have distinct names and no array") {
  const ParameterSet<Outer, double> set(false);
  CHECK(set.flat().empty());
  CHECK(set.size() == count_parameters<Outer>());
  CHECK(set.fields().first.weight.data != nullptr);
  CHECK(set.fields().first.weight.data != set.fields().first.bias.data);
}

TEST_CASE("initial values: Kaiming's deviation, zeros, ones") {
  ParameterSet<Outer, double> set;
  set.initialise(3);
  const auto& weight = set.fields().first.weight;
  const double n = weight.size, expected = 0.0497;  // sqrt(2 / 1.0001) / sqrt(27 * 30)
  double sum = 0, squares = 0, largest = 0;
  for (index_t i = 0; i < weight.size; ++i) {
    sum += weight.data[i];
    squares += weight.data[i] * weight.data[i];
    largest = (std::max)(largest, std::abs(weight.data[i]));
  }
  // Six standard errors of a mean (s / sqrt n) and of a deviation (s / sqrt 2n); the table has four
  // digits.
  CHECK(std::abs(sum / n) < 6 * expected / std::sqrt(n));
  CHECK(std::abs(std::sqrt(squares / n) - expected) < 6 * expected / std::sqrt(2 * n) + 5e-5);
  CHECK(largest > 3 * expected);  // not truncated
  CHECK(std::all_of(set.fields().gain.data, set.fields().gain.data + 5,
                    [](double x) { return x == 1; }));
  CHECK(std::all_of(set.fields().first.bias.data, set.fields().first.bias.data + 20,
                    [](double x) { return x == 0; }));
}

TEST_CASE("initial values: Xavier's bound") {
  ParameterSet<Linear, double> set;
  set.initialise(3);
  const double bound = 0.066667;  // sqrt(6 / (27 * 20 + 27 * 30)), Lachinov's sqrt(3 / average fan)
  double largest = 0, squares = 0;
  for (const double x : set.flat()) {
    largest = (std::max)(largest, std::abs(x));
    squares += x * x;
  }
  CHECK(largest <= bound);
  CHECK(largest > 0.999 * bound);
  CHECK(squares / 16200 == doctest::Approx(bound * bound / 3).epsilon(0.05));
}

TEST_CASE("initial values depend on the seed and the position alone") {
  ParameterSet<Outer, double> a, b, other;
  a.initialise(3);
  b.initialise(3);
  other.initialise(4);
  CHECK(std::equal(a.flat().begin(), a.flat().end(), b.flat().begin()));
  CHECK(a.flat()[0] != other.flat()[0]);
  CHECK(a.fields().first.weight.data[0] != a.fields().spliced.weight.data[0]);
}

TEST_CASE("blocks are the flat array in order, what has one dimension apart from kernels") {
  const ParameterSet<Outer, double> set;
  index_t next = 0, kernels = 0;
  for (const ParameterBlock& block : set.blocks()) {
    CHECK(block.first == next);
    next += block.count;
    if (block.kernels) kernels += block.count;
  }
  CHECK(next == set.size());
  index_t expected = 0, biases = 0;
  visit_parameters(
      [&](const std::string& path, const auto& leaf) {
        (path.ends_with("weight") ? expected : biases) += std::remove_cvref_t<decltype(leaf)>::size;
      },
      "", set.fields());
  CHECK(kernels == expected);
  CHECK(biases > 0);
  CHECK(ParameterSet<Linear, double>{}.blocks().size() == 1);
}
