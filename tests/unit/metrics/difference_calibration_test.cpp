// Whether intervals that say 95 % hold the truth in 95 % of experiments. Differences of two equal
// systems are drawn from the model of a two-way layout: an effect of the seed, one of the patient,
// and noise, as large as those of Dice are.
#include <doctest/doctest.h>

#include "glia/core/random.hpp"
#include "glia/metrics/difference.hpp"

using namespace glia;

namespace {

constexpr int repetitions = 8000;
constexpr double chance = 0.5;  // percent that so many repetitions may be off, two deviations

struct Experiments {
  std::size_t seeds, patients;
  double seed_deviation, patient_deviation = 0.05, noise = 0.03;
  std::vector<std::size_t> scans{1};  ///< of the patients, in turn
  bool named = true;                  ///< whether the ids tell the patient
};

/// In percent of the experiments.
struct Rates {
  double covered = 0, better = 0;
};

/// One seed: the truth is the mean of these trainings over all patients. Several: that of all
/// trainings, which is 0.
Rates rates_of(const Experiments& e) {
  std::vector<std::string> cases;
  std::vector<std::size_t> patient_of_case;
  for (std::size_t p = 0; p < e.patients; ++p) {
    for (std::size_t t = 0; t < e.scans[p % e.scans.size()]; ++t) {
      cases.push_back(e.named ? "BraTS-GLI-" + std::to_string(10000 + p) + "-" + std::to_string(t)
                              : std::to_string(cases.size()));
      patient_of_case.push_back(p);
    }
  }
  Random random(1);
  int covered = 0;
  for (int i = 0; i < repetitions; ++i) {
    std::vector<double> of_patient(e.patients);
    for (double& x : of_patient) x = e.patient_deviation * random.normal();
    std::vector<std::vector<double>> differences(e.seeds);
    double truth = 0;
    for (auto& row : differences) {
      const double of_seed = e.seed_deviation * random.normal();
      if (e.seeds == 1) truth = of_seed;
      for (const std::size_t p : patient_of_case)
        row.push_back(of_seed + of_patient[p] + e.noise * random.normal());
    }
    const Interval interval = mean_difference(differences, cases).interval.value();
    covered += interval.low <= truth && truth <= interval.high;
  }
  const double percent = 100.0 * covered / repetitions;
  return {percent, (100 - percent) / 2};
}

}  // namespace

TEST_CASE("intervals cover what they say they cover") {
  for (const std::size_t seeds : {1, 2, 3, 5}) {
    for (const std::size_t patients : {6, 14, 60}) {
      for (const double seed_deviation : {0.0, 0.03}) {
        const Rates rates = rates_of({seeds, patients, seed_deviation});
        CAPTURE(seeds);
        CAPTURE(patients);
        CAPTURE(seed_deviation);
        CHECK(rates.covered > 93 - chance);
        CHECK(rates.covered < 97 + chance);
        if (seeds >= fewest_seeds) CHECK(rates.better < 3);  // a verdict by chance
      }
    }
  }
}

TEST_CASE("scans of one patient do not make an interval narrower than it is") {
  Experiments e{3, 20, 0.01};
  e.scans = {1, 4, 2};
  const Rates rates = rates_of(e);
  CHECK(rates.covered > 93 - chance);
  CHECK(rates.covered < 97 + chance);
  CHECK(rates.better < 3);
  e.named = false;  // as if every scan were another patient's
  CHECK(rates_of(e).covered < 90);
}
