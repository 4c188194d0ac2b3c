#include "glia/terminal.hpp"

#include <doctest/doctest.h>

using namespace glia::program;

TEST_CASE("text is cut between characters; those beyond ASCII count as two columns") {
  CHECK(cut_to_width("train 3/8", 20) == "train 3/8");
  CHECK(cut_to_width("train 3/8", 9) == "train 3/8");
  CHECK(cut_to_width("train 3/8", 5) == "train");
  CHECK(cut_to_width("train 3/8", 0) == "");
  const std::string_view brain = "a\xe8\x84\xb3z";  // U+8133 takes two columns of a terminal
  CHECK(cut_to_width(brain, 4) == brain);
  CHECK(cut_to_width(brain, 3) == "a\xe8\x84\xb3");
  CHECK(cut_to_width(brain, 2) == "a");
}
