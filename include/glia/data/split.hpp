#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/random.hpp"
#include "glia/data/patient.hpp"

namespace glia {

/// Cases to learn from and cases to choose the best weights by.
template <class C>
struct CaseSplit {
  std::vector<C> training, validation;
};

/// Indices of the cases: the patients in an order that `random` decides, the cases of one patient
/// side by side in the order given. C is an id or has a member `id`.
template <class C>
[[nodiscard]] std::vector<std::size_t> shuffle_patients(const std::vector<C>& cases,
                                                        Random& random) {
  std::vector<std::vector<std::size_t>> patients;  // which cases are of each
  std::map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto [patient, is_first] = known.emplace(patient_of(cases[i]), patients.size());
    if (is_first) patients.emplace_back();
    patients[patient->second].push_back(i);
  }
  shuffle(patients, random);
  std::vector<std::size_t> order;
  for (const auto& of_one : patients) order.insert(order.end(), of_one.begin(), of_one.end());
  return order;
}

/// Where a list of cases, given by their patients, is cut nearest to `count` cases without cutting
/// a patient; the smaller of two such places. Requires: a patient's cases are side by side.
[[nodiscard]] inline std::size_t patient_border(const std::vector<std::string_view>& patients,
                                                std::size_t count) {
  const auto cuts_patient = [&](std::size_t at) {
    return at > 0 && at < patients.size() && patients[at - 1] == patients[at];
  };
  count = (std::min)(count, patients.size());
  std::size_t below = count, above = count;
  while (cuts_patient(below)) --below;
  while (cuts_patient(above)) ++above;
  return count - below <= above - count ? below : above;
}

/// Draws patients for validation, whose cases are as nearly the share of all, rounded down, as
/// whole patients can be; at least one patient of several and never all of them. Which ones is a
/// function of the seed, of their number and of which cases are of one patient. The other cases
/// keep their order. C has a member `id` or is an id. Throws UsageError for a share outside of
/// [0, 1).
template <class C>
[[nodiscard]] CaseSplit<C> split_cases(std::vector<C> cases, double share, std::uint64_t seed) {
  if (!(share >= 0 && share < 1)) {
    throw UsageError("split: share of validation: got " + std::to_string(share) +
                     ", expected at least 0 and below 1");
  }
  constexpr std::uint32_t purpose = 0x73706c69;  // a stream of its own
  Random random(seed, purpose);
  std::vector<std::size_t> order = shuffle_patients(cases, random);
  std::vector<std::string_view> patients;
  for (const std::size_t i : order) patients.push_back(patient_of(cases[i]));
  std::size_t count =
      patient_border(patients, static_cast<std::size_t>(share * static_cast<double>(cases.size())));
  if (share > 0 && !cases.empty() && patients.front() != patients.back()) {
    const auto of_first = std::ranges::count(patients, patients.front()),
               of_last = std::ranges::count(patients, patients.back());
    count = std::clamp(count, static_cast<std::size_t>(of_first),
                       cases.size() - static_cast<std::size_t>(of_last));
  }

  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(middle, order.end());
  CaseSplit<C> result;
  for (auto i = order.begin(); i != order.end(); ++i)
    (i < middle ? result.validation : result.training).push_back(std::move(cases[*i]));
  return result;
}

}  // namespace glia
