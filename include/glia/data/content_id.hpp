#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/data/modality.hpp"
#include "glia/data/patient.hpp"
#include "glia/data/prepared_case.hpp"
#include "glia/io/crc32.hpp"
#include "glia/tensor/volume.hpp"

namespace glia {

/// Names the voxels of a scan: the same under another case id, in another file format and in
/// another order of voxels.
[[nodiscard]] inline ContentId content_id(
    const std::array<Volume<float>, modality::count>& canonical_images) {
  ContentId id{};
  for (std::size_t m = 0; m < id.size(); ++m)
    id[m] = crc32_of(std::as_bytes(std::span(canonical_images[m].voxels)));
  return id;
}

/// Names cases in their order with everything that training sees of them: images, labels, soft
/// targets, spacing, and who labelled them.
[[nodiscard]] inline std::uint32_t content_crc(const std::vector<PreparedCase>& cases) {
  std::uint32_t crc = 0;
  for (const PreparedCase& one : cases) {
    crc = crc32_of(std::as_bytes(std::span(one.id)), crc);
    crc = crc32_of(std::as_bytes(std::span(one.image.values())), crc);
    if (one.labels) crc = crc32_of(std::as_bytes(std::span(one.labels->voxels)), crc);
    if (one.soft) crc = crc32_of(std::as_bytes(std::span(one.soft->codes())), crc);
    crc = crc32_of(std::as_bytes(std::span(&one.spacing, 1)), crc);
    crc = crc32_of(std::as_bytes(std::span(&one.pseudo_labelled, 1)), crc);
  }
  return crc;
}

/// A set of cases and what it is for: "labelled", "unlabelled", "test".
struct NamedCases {
  std::string_view name;
  const std::vector<PreparedCase>& cases;
};

/// Whether sets may have scans of one patient, of another time or kind, as long as they share no
/// scan.
enum class SharedPatients { refuse, allow };

/// Throws DataError that names both cases if a case of one set is in another set too, by its id or
/// by the content of its images, or if both are of one patient: what a network was trained on, by
/// whose labels ever, cannot test it.
inline void require_disjoint(const std::vector<NamedCases>& sets,
                             SharedPatients shared = SharedPatients::refuse) {
  const auto fault = [&](const PreparedCase& one, const PreparedCase& other) -> const char* {
    if (one.content && one.content == other.content)
      return "have the same images, expected sets without a common case";
    if (one.id == other.id) return "have the same id, expected sets without a common case";
    if (shared == SharedPatients::refuse && patient_of(one) == patient_of(other))
      return "are of one patient, expected sets without a common patient "
             "(allow_shared_patients)";
    return nullptr;
  };
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      for (const PreparedCase& one : sets[i].cases) {
        for (const PreparedCase& other : sets[j].cases) {
          const char* what = fault(one, other);
          if (!what) continue;
          throw DataError("case " + other.id + " of the " + std::string(sets[j].name) +
                          " set and case " + one.id + " of the " + std::string(sets[i].name) +
                          " set " + what);
        }
      }
    }
  }
}

}  // namespace glia
