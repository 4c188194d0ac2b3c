// Networks that read whole brains on one grid, alone and beside networks that read windows.
#include <doctest/doctest.h>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

namespace {

/// Weights of a cascade after two updates.
std::string train_cascade(const Phantoms& p) {
  const Outcome trained =
      p.run({"train", p.data(), "--out", p / "cascade", "--network", "cascaded-small", "--patch",
             "32", "--batch", "1", "--epochs", "1", "--steps-per-epoch", "2", "--optimizer", "sgd",
             "--validation-fraction", "0.34"});
  REQUIRE_MESSAGE(trained.code == 0, trained.err);
  return p / "cascade" / "best.safetensors";
}

}  // namespace

TEST_CASE("a cascade segments cases of another extent than its grid") {
  const Phantoms p;
  const std::string cascade = train_cascade(p);
  CHECK_FALSE(holds(read_text(p / "cascade" / "history.csv"), ",,"));  // it was validated
  const auto segment = [&](const std::string& out, const std::vector<std::string>& more) {
    const Outcome outcome = p.run(joined({"segment", p.data(), "--out", p / out}, more));
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return read_text(p / out / (Phantoms::id(0) + ".nii.gz"));
  };
  const std::string alone = segment("alone", {"--model", cascade});
  CHECK(read_nifti(p / "alone" / (Phantoms::id(0) + ".nii.gz")).header.extent ==
        read_nifti(p.file(0, "seg")).header.extent);

  const std::string windows = segment("windows", {"--model", p.weights()});
  REQUIRE(windows != alone);
  const std::vector<std::string> both{"--model", cascade, p.weights(), "--weights"};
  CHECK(segment("first", joined(both, {"1", "0"})) == alone);
  CHECK(segment("second", joined(both, {"0", "1"})) == windows);
}

TEST_CASE("the grid of a cascade is that of its training") {
  const Phantoms p;
  const std::string cascade = train_cascade(p);
  const Outcome other =
      p.run({"segment", p.data(), "--model", cascade, "--out", p / "other", "--patch", "64"});
  CHECK(other.code == 2);
  CHECK(holds(other.err, "--patch: got 64", "the grid of the training"));
  const Outcome odd = p.run(
      {"train", p.data(), "--out", p / "odd", "--network", "cascaded-small", "--patch", "48"});
  CHECK(odd.code == 2);
  CHECK(holds(odd.err, "--patch: got 48", "the nearest are 32 and 64"));
}
