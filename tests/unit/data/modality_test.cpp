#include "glia/data/modality.hpp"

#include <doctest/doctest.h>

using namespace glia;

TEST_CASE("every data set's spelling of a modality finds its channel") {
  for (const char* name : {"t1", "t1n", "T1w", "T1"}) CHECK(find_modality(name) == modality::T1);
  for (const char* name : {"t1ce", "t1c", "T1gd", "t1Gd"})
    CHECK(find_modality(name) == modality::T1ce);
  for (const char* name : {"t2", "t2w", "T2w"}) CHECK(find_modality(name) == modality::T2);
  for (const char* name : {"flair", "t2f", "FLAIR"}) CHECK(find_modality(name) == modality::FLAIR);
}

TEST_CASE("other names are no modality") {
  for (const char* name : {"", "t", "t3", "seg", "mask", "t1cee", "adc"})
    CHECK_FALSE(find_modality(name).has_value());
}
