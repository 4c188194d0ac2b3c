// `glia check` on real scans and on odd files, where they are present.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia::test;

namespace {

#ifdef GLIA_SHARED_DATA
const std::filesystem::path shared_data = GLIA_SHARED_DATA;
#else
const std::filesystem::path shared_data;
#endif

/// True if the data are there; says so if not.
bool present(const std::string& folder) {
  if (!shared_data.empty() && std::filesystem::is_directory(shared_data / folder)) return true;
  MESSAGE("real data " << folder << " are not present: skipped");
  return false;
}

struct Checked {
  Outcome outcome;
  nlohmann::json report;
};

Checked check(const std::filesystem::path& path, std::vector<std::string> more = {}) {
  const TemporaryDirectory folder;
  more.insert(more.begin(), {"check", path, "--json", folder / "report.json", "--quiet"});
  Checked result{run_glia(folder.path(), std::move(more)), {}};
  if (std::filesystem::exists(folder / "report.json"))
    result.report = nlohmann::json::parse(read_text(folder / "report.json"));
  return result;
}

}  // namespace

TEST_CASE("cases of BraTS 2018 and 2023 have no problem") {
  for (const std::string folder : {"brats2018", "brats2023"}) {
    if (!present(folder)) continue;
    const auto [outcome, report] = check(shared_data / folder);
    CAPTURE(outcome.out);
    CHECK(outcome.code == 0);
    REQUIRE(report["cases"].size() == 2);
    for (const auto& one : report["cases"]) {
      CHECK(one["layout"] == folder);
      CHECK(one["extent_whd"] == nlohmann::json{240, 240, 155});
      CHECK(one["orientation"] == "LPS");
      CHECK(one["warnings"].empty());
      CHECK(one["images"].size() == 4);
    }
  }
}

TEST_CASE("cases of two modalities are refused, other odd cases are not") {
  if (!present("other")) return;
  const auto [outcome, report] = check(shared_data / "other");
  CAPTURE(outcome.out);
  CHECK(outcome.code == 3);
  REQUIRE(report["cases"].size() == 4);
  for (const auto& one : report["cases"]) {
    const std::string id = one["id"];
    CAPTURE(id);
    const std::string problems = one["problems"].dump();
    if (id.starts_with("deepmedic")) {
      CHECK(holds(problems, "missing T1, T2", id));
    } else if (id.starts_with("modelhub")) {
      CHECK(holds(problems, "_seg.nii.gz", "label values: got 3",
                  "modelhub"));  // its scheme cannot be told from its name
    } else {
      CHECK(one["problems"].empty());
      CHECK(one["images"]["T2"]["minimum"] == -136);
    }
  }
  CHECK(check(shared_data / "other" / "modelhub_brats18_patient_1", {"--label-scheme", "modelhub"})
            .outcome.code == 0);
}

TEST_CASE(
    "every odd file is read or refused with its name and a reason, none crashes the program") {
  if (!present("nifti-odd")) return;
  // Legal NIfTI without one real number per voxel, or with voxels that are not finite.
  const std::set<std::string> no_scan{"rgb24.nii.gz", "dt_complex64_le.nii.gz",
                                      "float32_nan_inf.nii.gz"};
  const TemporaryDirectory prints;
  const std::size_t little = idle_bytes_and(prints.path(), 50'000'000);
  int files = 0;
  for (const std::string kind : {"valid", "corrupt"}) {
    for (const std::string& name : names_in(shared_data / "nifti-odd" / kind)) {
      CAPTURE(name);
      const auto path = shared_data / "nifti-odd" / kind / name;
      const Outcome outcome = check(path).outcome;
      CAPTURE(outcome.out);
      CAPTURE(outcome.err);
      ++files;
      const bool refused = kind == "corrupt" || no_scan.contains(name);
      CHECK(outcome.code == (refused ? 3 : 0));
      CHECK(holds(outcome.out, name));
      if (refused) CHECK(holds(outcome.out, "problem: " + path.string() + ": "));
      CHECK(outcome.peak_bytes < little);
    }
  }
  CHECK(files > 60);
}
