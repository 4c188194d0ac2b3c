// How the weights of every network start, layer by layer, against what its source's framework
// draws: tests/golden/make_initial_weights.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "glia/models/vae_branch.hpp"
#include "glia/networks.hpp"

using namespace glia;

namespace {

nlohmann::json published(const std::string& network) {
  std::ifstream file(GLIA_SOURCE_DIR "/tests/golden/initial_weights.json");
  return nlohmann::json::parse(file).at(network);
}

/// Whether `values` have the mean 0 and the given variance, within six standard errors;
/// `variance_of_square` is that of (value^2 / variance).
void check_moments(std::span<const float> values, double variance, double variance_of_square) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double x : values) {
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / n) < 6 * std::sqrt(variance / n));
  CHECK(std::abs(squares / n / variance - 1) < 6 * std::sqrt(variance_of_square / n));
}

void check_law(std::span<const float> values, const std::string& law, double scale) {
  if (law == "normal") {
    check_moments(values, scale * scale, 2);
  } else {
    check_moments(values, scale * scale / 3, 0.8);
    double largest = 0;
    for (const double x : values) largest = (std::max)(largest, std::abs(x));
    CHECK(largest < scale * (1 + 1e-6));
    // The largest of n falls below q times the bound with probability q^n.
    CHECK(largest > scale * std::pow(1e-9, 1 / static_cast<double>(values.size())));
  }
}

template <class Net>
void check_start(const std::string& network) {
  CAPTURE(network);
  const nlohmann::json table = published(network);
  ParameterSet<typename Net::Parameters, float> set;
  set.initialise(5);
  std::map<std::string, std::span<const float>> values;
  visit_parameters(
      [&](const std::string& name, const auto& leaf) {
        values[name] = {leaf.data, static_cast<std::size_t>(leaf.size)};
      },
      "", set.fields());
  for (const auto& [name, entry] : table.items()) {
    CAPTURE(name);
    REQUIRE(values.contains(name));
    check_law(values.extract(name).mapped(), entry.at(0), entry.at(1));
  }
  for (const auto& [name, constant] : values) {
    CAPTURE(name);
    const float expected = name.ends_with("weight") ? 1.f : 0.f;
    CHECK(std::all_of(constant.begin(), constant.end(), [&](float x) { return x == expected; }));
  }
}

}  // namespace

TEST_CASE("every network of the program starts as its source does") {
  for (const auto name : program::network_names)
    program::with_network(name, [&]<class Net>() { check_start<Net>(std::string(name)); });
}

TEST_CASE("the residual network with its autoencoder and Lachinov's student start as theirs do") {
  using program::Engine, program::Image;
  check_start<ResUNet<Engine, Image, Widths<8, 16, 32, 64>, VaeBranch<32, 32, 32>>>(
      "resunet-small with VAE of 32^3");
  check_start<LachinovResUNet<Engine, Image, Widths<16, 32, 64, 128>>>("lachinov");
}
