#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string_view>

namespace glia {

namespace detail {

/// A name before and after its last separator; nothing before it if there is none.
struct LastField {
  std::string_view before, field;
};
[[nodiscard]] constexpr LastField last_field(std::string_view name, char separator) {
  const std::size_t at = name.rfind(separator);
  if (at == std::string_view::npos) return {{}, name};
  return {name.substr(0, at), name.substr(at + 1)};
}

[[nodiscard]] constexpr bool is_number(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a name begins with "brats" in any case, and with `more` after it.
[[nodiscard]] constexpr bool is_of_brats(std::string_view name, std::string_view more) {
  constexpr std::string_view lower = "brats", upper = "BRATS";
  for (std::size_t i = 0; i < lower.size(); ++i)
    if (i >= name.size() || (name[i] != lower[i] && name[i] != upper[i])) return false;
  return name.substr(lower.size()).starts_with(more);
}

}  // namespace detail

/// The patient that a case is of, as far as its name tells; the whole name where it tells nothing.
/// Scans of one patient are no independent samples, so draws and comparisons are over patients.
///
///     BraTS-GLI-00021-001, BraTS-MEN-RT-0021-1      PATIENT-TIME             BraTS 2023 and later
///     Brats18_TCIA01_131_1, brats_tcia_pat105_0002  PATIENT_TIME             BraTS 2015 to 2019
///     UPENN-GBM-00006_21, UCSF-PDGM-0429_FU003d     PATIENT_TIME             TCIA
///     TCGA-02-0006_1996.08.23                       PATIENT_DATE             TCIA
///     PatientID_0003_Timepoint_1                    PATIENT_Timepoint_TIME   MU-Glioma-Post
///     sub-12_ses-02                                 PATIENT_ses-TIME         BIDS
[[nodiscard]] constexpr std::string_view patient_of(std::string_view case_id) {
  using namespace std::string_view_literals;
  const auto until = [&](std::string_view mark) { return case_id.substr(0, case_id.find(mark)); };
  if (detail::is_of_brats(case_id, "-")) {
    const auto [patient, time] = detail::last_field(case_id, '-');
    const auto [challenge, number] = detail::last_field(patient, '-');
    const bool numbered = detail::is_number(number, 4, 6) && detail::is_number(time, 1, 3);
    return numbered && challenge.find('-') != std::string_view::npos ? patient : case_id;
  }
  if (detail::is_of_brats(case_id, "")) {
    const auto [patient, time] = detail::last_field(case_id, '_');
    const auto [place, number] = detail::last_field(patient, '_');
    const bool until_2019 = detail::is_of_brats(case_id, "1") && detail::is_number(time, 1, 1) &&
                            place.find('_') != std::string_view::npos;
    const bool of_2015 = number.starts_with("pat") && detail::is_number(time, 1, 4);
    return until_2019 || of_2015 ? patient : case_id;
  }
  for (const std::string_view start : {"UPENN-GBM-"sv, "UCSF-PDGM-"sv, "TCGA-"sv, "sub-"sv})
    if (case_id.starts_with(start)) return until("_");
  return until("_Timepoint_");
}

/// The patient of whatever has a case's id.
template <class C>
requires requires(const C& one) {
  { one.id } -> std::convertible_to<std::string_view>;
}
[[nodiscard]] std::string_view patient_of(const C& one) { return patient_of(one.id); }

}  // namespace glia
