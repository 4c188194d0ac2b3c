#include "glia/data/split.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>

using namespace glia;

namespace {

using Ids = std::vector<std::string>;

/// Ids that sort as they count and tell nothing of their patients.
Ids numbered(int count) {
  Ids ids;
  for (int i = 0; i < count; ++i) ids.push_back(std::to_string(100 + i));
  return ids;
}

/// Patients with so many scans each, named as BraTS 2023 names them.
Ids scans(const std::vector<int>& of_patients) {
  Ids ids;
  for (std::size_t p = 0; p < of_patients.size(); ++p) {
    for (int t = 0; t < of_patients[p]; ++t) {
      ids.push_back("BraTS-GLI-" + std::to_string(10000 + p) + "-00" + std::to_string(t));
    }
  }
  return ids;
}

std::set<std::string_view> patients(const Ids& ids) {
  std::set<std::string_view> found;
  for (const std::string& id : ids) found.insert(patient_of(id));
  return found;
}

}  // namespace

TEST_CASE("a split loses and doubles no case and keeps the training cases in order") {
  const auto [training, validation] = split_cases(numbered(24), 0.2, 42);
  CHECK(validation.size() == 4);
  CHECK(training.size() == 20);
  CHECK(std::is_sorted(training.begin(), training.end()));
  std::set<std::string> all(training.begin(), training.end());
  all.insert(validation.begin(), validation.end());
  CHECK(all.size() == 24);
}

TEST_CASE("the seed decides a split") {
  CHECK(split_cases(numbered(24), 0.5, 1).validation ==
        split_cases(numbered(24), 0.5, 1).validation);
  CHECK(split_cases(numbered(24), 0.5, 1).validation !=
        split_cases(numbered(24), 0.5, 2).validation);
}

TEST_CASE("every case is drawn about as often as every other") {
  std::map<std::string, int> drawn;
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    for (const std::string& id : split_cases(numbered(10), 0.3, seed).validation) ++drawn[id];
  CHECK(drawn.size() == 10);
  for (const auto& [id, count] : drawn)
    CHECK(std::abs(count - 300) < 75);  // five standard deviations
}

TEST_CASE("few cases: one of several is kept for validation, none of one, none if none is wanted") {
  CHECK(split_cases(numbered(3), 0.2, 0).validation.size() == 1);
  CHECK(split_cases(numbered(1), 0.2, 0).training.size() == 1);
  CHECK(split_cases(numbered(0), 0.2, 0).training.empty());
  CHECK(split_cases(numbered(3), 0.0, 0).validation.empty());
}

TEST_CASE("cases are moved, never copied") {
  struct Unique {
    std::string id;
    std::unique_ptr<int> voxels{};
  };
  std::vector<Unique> cases(4);
  for (std::size_t i = 0; i < cases.size(); ++i) cases[i].id = std::to_string(i);
  CHECK(split_cases(std::move(cases), 0.25, 0).training.size() == 3);
}

TEST_CASE("shares outside of [0, 1) are refused") {
  for (const double share : {-0.1, 1.0, std::nan("")})
    CHECK_THROWS_AS(static_cast<void>(split_cases(numbered(3), share, 0)), UsageError);
}

TEST_CASE("cases without a second scan of a patient are drawn as they always were") {
  // What the previous versions of this function drew, which knew cases only.
  CHECK(split_cases(numbered(24), 0.2, 42).validation == Ids{"108", "106", "103", "109"});
  CHECK(split_cases(scans({1, 1, 1, 1, 1, 1}), 0.5, 3).validation ==
        Ids{"BraTS-GLI-10004-000", "BraTS-GLI-10005-000", "BraTS-GLI-10001-000"});
}

TEST_CASE("no patient is on two sides and no side is empty, however unequal the patients are") {
  for (const std::vector<int>& sizes :
       {std::vector<int>(40, 2), {1, 2, 3, 4, 5, 6, 7}, {9, 1, 1, 1, 1}, {1, 1}, {9, 9}}) {
    const Ids cases = scans(sizes);
    for (const double share : {0.01, 0.2, 0.5, 0.9}) {
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const auto [training, validation] = split_cases(cases, share, seed);
        CHECK(training.size() + validation.size() == cases.size());
        CHECK(std::ranges::is_sorted(training));
        CHECK(!training.empty());
        CHECK(!validation.empty());
        const auto trained = patients(training);
        for (const auto patient : patients(validation)) CHECK(!trained.contains(patient));
      }
    }
  }
}

TEST_CASE("the share is one of cases, to the nearest patient") {
  const Ids pairs = scans(std::vector<int>(40, 2));
  CHECK(split_cases(pairs, 0.2, 1).validation.size() == 16);
  CHECK(split_cases(pairs, 0.29, 1).validation.size() == 22);  // of 23: 22 is as near as 24
  const Ids triples = scans(std::vector<int>(10, 3));
  CHECK(split_cases(triples, 0.34, 1).validation.size() == 9);   // of 10
  CHECK(split_cases(triples, 0.37, 1).validation.size() == 12);  // of 11
}

TEST_CASE("all scans of one patient are trained on") {
  CHECK(split_cases(scans({5}), 0.4, 0).validation.empty());
}
