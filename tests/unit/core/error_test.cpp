#include "glia/core/error.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

template <class E>
int exit_code_of() {
  try {
    throw E("case 7: got 2, expected 3");
  } catch (const glia::Error& error) {
    CHECK(std::string(error.what()) == "case 7: got 2, expected 3");
    return error.exit_code();
  }
}

}  // namespace

TEST_CASE("each kind of error carries its exit code and its message") {
  using namespace glia;
  CHECK(exit_code_of<UsageError>() == 2);
  CHECK(exit_code_of<DataError>() == 3);
  CHECK(exit_code_of<IoError>() == 4);
  CHECK(exit_code_of<OutOfMemory>() == 5);
  CHECK(exit_code_of<NumericalError>() == 6);
}
