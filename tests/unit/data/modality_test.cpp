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

TEST_CASE("the spellings of public data sets, with any separators") {
  // EGD, UCSF-BMSR and BrainMetShare, BIDS
  for (const char* name : {"T1pre", "t1_pre", "T1-weighted"})
    CHECK(find_modality(name) == modality::T1);
  // UPENN-GBM, LUMIERE and HD-GLIO, BraTS-PED 2022, UCSF-BMSR, BIDS
  for (const char* name : {"T1GD", "CT1", "T1-CE", "T1_CE", "T1wc", "T1post", "t1_gd", "T1w Gd",
                           "ce-gd_T1w", "ce-gadolinium_T1w"})
    CHECK(find_modality(name) == modality::T1ce);
  // BraTS Toolkit, BIDS and others
  for (const char* name : {"fla", "T2_FLAIR", "T2-Flair", "T2FLAIR", "FLAIR"})
    CHECK(find_modality(name) == modality::FLAIR);
}

TEST_CASE("other names are no modality") {
  for (const char* name : {"", "t", "t3", "seg", "mask", "t1cee", "adc", "_", "ce", "swi"})
    CHECK_FALSE(find_modality(name).has_value());
}
