# The NIfTI-1 header structure of nifti_clib; its libraries are not used: the imported target Nifti1Header::Nifti1Header.
find_path(Nifti1Header_INCLUDE_DIR nifti1.h PATH_SUFFIXES nifti niftilib)
mark_as_advanced(Nifti1Header_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Nifti1Header REQUIRED_VARS Nifti1Header_INCLUDE_DIR)

if(Nifti1Header_FOUND AND NOT TARGET Nifti1Header::Nifti1Header)
  add_library(Nifti1Header::Nifti1Header INTERFACE IMPORTED)
  target_include_directories(Nifti1Header::Nifti1Header INTERFACE ${Nifti1Header_INCLUDE_DIR})
endif()
