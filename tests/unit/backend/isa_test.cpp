#include "glia/backend/cpu/isa.hpp"

#include <doctest/doctest.h>

using namespace glia;

namespace {

/// Asks before main and, by its priority, before the compiler's runtime has asked the processor.
struct Early {
  cpu::Isa found = cpu::detect_isa();
};
[[gnu::init_priority(101)]] Early early;

}  // namespace

TEST_CASE("static initialisers find the instruction set that main finds") {
  CHECK(early.found == cpu::detect_isa());
}
