#include "glia/data/patient.hpp"

#include <doctest/doctest.h>

#include <string>

#include "glia/data/prepared_case.hpp"

using namespace glia;

TEST_CASE("names as published data sets give them carry their patient") {
  for (const auto& [id, patient] : {std::pair{"BraTS-GLI-00021-000", "BraTS-GLI-00021"},
                                    {"BraTS-GLI-02062-103", "BraTS-GLI-02062"},
                                    {"BraTS-PED-00001-000", "BraTS-PED-00001"},
                                    {"BraTS-MEN-00004-001", "BraTS-MEN-00004"},
                                    {"BraTS-MET-00086-000", "BraTS-MET-00086"},
                                    {"BraTS-MEN-RT-0021-1", "BraTS-MEN-RT-0021"},
                                    {"Brats17_2013_2_1", "Brats17_2013_2"},
                                    {"Brats18_TCIA01_131_1", "Brats18_TCIA01_131"},
                                    {"BraTS19_CBICA_AAB_1", "BraTS19_CBICA_AAB"},
                                    {"brats_tcia_pat105_0002", "brats_tcia_pat105"},
                                    {"UPENN-GBM-00006_21", "UPENN-GBM-00006"},
                                    {"UCSF-PDGM-0429_FU003d", "UCSF-PDGM-0429"},
                                    {"TCGA-02-0006_1996.08.23", "TCGA-02-0006"},
                                    {"PatientID_0003_Timepoint_1", "PatientID_0003"},
                                    {"sub-12_ses-02", "sub-12"}}) {
    CAPTURE(id);
    CHECK(patient_of(std::string_view(id)) == patient);
  }
}

TEST_CASE("names that carry no patient are patients of their own") {
  for (const std::string_view id :
       {"BraTS-GoAT-00001", "BraTS-MEN-RT-0021", "BraTS20_Training_001", "BraTS2021_00021",
        "BRATS_001", "BraTS_2021_train_001", "BraTS-2023-001", "BraTS-GLI-00021-", "BraTS-",
        "UCSF-PDGM-0429", "case-12-1", "patient_1", "7", ""}) {
    CAPTURE(id);
    CHECK(patient_of(id) == id);
  }
}

TEST_CASE("whatever has a case's id has a patient") {
  PreparedCase made;
  made.id = "BraTS-SSA-00002-001";
  CHECK(patient_of(made) == "BraTS-SSA-00002");
}
