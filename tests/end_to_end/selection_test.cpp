// --only: part of a data set, by ids.
#include <doctest/doctest.h>

#include "phantoms.hpp"
#include "support/expect.hpp"

using namespace glia;
using namespace glia::test;

TEST_CASE("a file of ids chooses the cases") {
  const Phantoms p;
  const std::string ids = p / "ids.txt";
  const auto chosen = [&](const std::string& text) {
    write_file_atomically(ids, std::as_bytes(std::span(text)));
    return p.segment("segmented", {"--only", ids, "--overwrite"});
  };
  const Outcome two = chosen(Phantoms::id(2) + "\r\n\n" + Phantoms::id(0));
  CAPTURE(two.err);
  REQUIRE(two.code == 0);
  CHECK(names_in(p / "segmented") ==
        std::vector<std::string>{Phantoms::id(0) + ".nii.gz", Phantoms::id(2) + ".nii.gz"});

  const Outcome unknown = chosen(Phantoms::id(1) + "\nBraTS-GLI-99999-000\n");
  CHECK(unknown.code == 3);
  CHECK(holds(unknown.err, ids, "case BraTS-GLI-99999-000 is in none of the folders"));
  CHECK(chosen("\n").code == 3);

  // What is wrong with a case matters to those who ask for it.
  std::filesystem::remove(p.file(0, "t1c"));
  const Outcome without = chosen(Phantoms::id(1));
  CHECK(without.code == 0);
  CHECK_FALSE(holds(without.err, "missing T1ce"));
  CHECK(chosen(Phantoms::id(0) + "\n" + Phantoms::id(2)).code == 3);
  CHECK(p.segment("more", {"--only", p / "missing.txt"}).code == 2);
}
