# The single-header PNG writer of stb: the imported target StbImageWrite::StbImageWrite.
find_path(StbImageWrite_INCLUDE_DIR stb_image_write.h PATH_SUFFIXES stb)
mark_as_advanced(StbImageWrite_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(StbImageWrite REQUIRED_VARS StbImageWrite_INCLUDE_DIR)

if(StbImageWrite_FOUND AND NOT TARGET StbImageWrite::StbImageWrite)
  add_library(StbImageWrite::StbImageWrite INTERFACE IMPORTED)
  target_include_directories(StbImageWrite::StbImageWrite INTERFACE ${StbImageWrite_INCLUDE_DIR})
endif()
