#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/types.hpp"
#include "glia/data/patient.hpp"
#include "glia/metrics/student_t.hpp"

namespace glia {

struct Interval {
  double low = 0, high = 0;
};

/// The mean of paired differences and the interval that holds it with the stated confidence, if
/// there is one.
struct Difference {
  double mean = 0;
  std::optional<Interval> interval{};
  /// Whether the interval leaves zero out.
  [[nodiscard]] bool significant() const {
    return interval && (interval->low > 0 || interval->high < 0);
  }
};

/// Of five patients all differ in one direction by chance more often than in 5 % of experiments.
inline constexpr std::size_t fewest_patients = 6;

/// With fewer seeds an interval that leaves zero out is no evidence about two methods: of one, it
/// is about these trainings; of two, it leaves zero out by chance on one side in up to 3.4 %.
inline constexpr std::size_t fewest_seeds = 3;

namespace detail {

using Rows = std::vector<std::vector<double>>;

inline double mean_of_all(const Rows& rows) {
  double sum = 0;
  for (const auto& row : rows)
    for (const double x : row) sum += x;
  return sum / static_cast<double>(rows.size() * rows.front().size());
}

/// One column for each patient, with the same mean over all: m + n_p / n (m_p - m), where m_p is
/// the mean of the patient's n_p columns and n that of all n_p (the ratio estimator's linear form;
/// Cochran 1977, chapter 6).
inline Rows by_patient(const Rows& rows, const std::vector<std::string>& cases) {
  std::map<std::string_view, std::vector<std::size_t>> columns_of;
  for (std::size_t c = 0; c < cases.size(); ++c) columns_of[patient_of(cases[c])].push_back(c);
  const double mean = mean_of_all(rows);
  const double scale = static_cast<double>(columns_of.size()) / static_cast<double>(cases.size());
  Rows result(rows.size());
  for (std::size_t s = 0; s < rows.size(); ++s) {
    for (const auto& [patient, of_one] : columns_of) {
      double sum = 0;
      for (const std::size_t c : of_one) sum += rows[s][c] - mean;
      result[s].push_back(mean + scale * sum);
    }
  }
  return result;
}

/// Half the width of the interval about the mean of rows for seeds and columns for patients.
inline double half_width(const Rows& rows, double confidence) {
  const std::size_t seeds = rows.size(), patients = rows.front().size();
  const auto s = static_cast<double>(seeds), p = static_cast<double>(patients);
  const double mean = mean_of_all(rows);
  std::vector<double> of_seed(seeds), of_patient(patients);  // mean deviations
  for (std::size_t i = 0; i < seeds; ++i) {
    for (std::size_t j = 0; j < patients; ++j) {
      of_seed[i] += (rows[i][j] - mean) / p;
      of_patient[j] += (rows[i][j] - mean) / s;
    }
  }
  double between_seeds = 0, between_patients = 0, rest = 0;
  for (std::size_t i = 0; i < seeds; ++i) between_seeds += of_seed[i] * of_seed[i];
  for (std::size_t j = 0; j < patients; ++j) between_patients += of_patient[j] * of_patient[j];
  for (std::size_t i = 0; i < seeds; ++i) {
    for (std::size_t j = 0; j < patients; ++j) {
      const double x = rows[i][j] - mean - of_seed[i] - of_patient[j];
      rest += x * x;
    }
  }
  const auto t = [&](std::size_t of) {
    return student_quantile(confidence, static_cast<index_t>(of) - 1);
  };
  double by_patients = between_patients / (p - 1) / p;  // parts of the mean's variance
  if (seeds == 1) return t(patients) * std::sqrt(by_patients);
  const double by_seeds = between_seeds / (s - 1) / s;
  by_patients = (std::max)(0.0, by_patients - rest / ((s - 1) * (p - 1)) / (s * p));
  const double variance = by_seeds + by_patients;
  if (!(variance > 0)) return 0;
  // The square of the quantile for a sum of two parts, to first order in their degrees of freedom,
  // is z^2 + sum over parts of share^2 (t^2 - z^2) (Welch 1947). Its mixed term, z^2, is too small
  // for two seeds (covers 92.9 %), that of Cochran & Cox (1957), t_s t_p, too large (up to 98 %):
  // a quarter of the way on a logarithmic scale covers 93.1 to 96.8 %.
  const double z = normal_quantile(confidence), t_s = t(seeds), t_p = t(patients);
  const double mixed = z * std::sqrt(z * std::sqrt(t_s * t_p));
  const double squared = t_s * t_s * by_seeds * by_seeds + t_p * t_p * by_patients * by_patients +
                         2 * mixed * by_seeds * by_patients;
  return std::sqrt(squared / variance);
}

}  // namespace detail

/// The mean difference of two systems' scores with its interval: `differences[s][c]` is that on
/// `cases[c]` of the systems trained with seed s. Cases of one patient count together. Less than
/// `fewest_patients` have no interval.
///
/// One seed: Student's t over patients, for these two trainings and any patients. It says nothing
/// of two methods, because it does not know how much another training differs.
///
/// Several seeds: for any trainings and any patients, both of which are samples. The variance of
/// the mean has two parts, that of the seeds' means and what the patients' means have more than
/// chance (two-way layout without repetition), each with the quantile of its own degrees of
/// freedom. With two or three seeds it is wide: so much do so few trainings leave open.
///
/// Throws UsageError if there are no differences, if a row has not one for each case or for a
/// confidence outside of (0, 1).
[[nodiscard]] inline Difference mean_difference(const std::vector<std::vector<double>>& differences,
                                                const std::vector<std::string>& cases,
                                                double confidence = 0.95) {
  if (differences.empty() || cases.empty())
    throw UsageError("difference: expected at least one seed and case, got none");
  for (const auto& row : differences) {
    if (row.size() == cases.size()) continue;
    throw UsageError("difference: cases of a seed: got " + std::to_string(row.size()) +
                     ", expected " + std::to_string(cases.size()));
  }
  const detail::Rows rows = detail::by_patient(differences, cases);
  Difference result{detail::mean_of_all(differences)};
  if (rows.front().size() < fewest_patients) return result;
  const double half = detail::half_width(rows, confidence);
  result.interval = Interval{result.mean - half, result.mean + half};
  return result;
}

}  // namespace glia
