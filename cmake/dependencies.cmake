# What glia stands on. Each package is looked for first and, where it is missing, downloaded in a
# pinned version. Downloads become imported targets of the same name, so that an installed glia
# still asks for the packages themselves.
include(FetchContent)

list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/modules)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON) # visible to a project that adds glia as a subdirectory

# glia_dependency(<package> <target> <Debian package> <include folder in the archive> <URL> <SHA256>)
function(glia_dependency package target debian_package include url sha256)
  find_package(${package} QUIET)
  if(TARGET ${target})
    return()
  endif()
  if(NOT GLIA_FETCH_DEPENDENCIES)
    message(FATAL_ERROR "glia needs ${package}, which was not found. Install it (Debian: "
                        "apt-get install ${debian_package}), name its prefix in "
                        "CMAKE_PREFIX_PATH, or set GLIA_FETCH_DEPENDENCIES=ON.")
  endif()
  message(STATUS "glia: ${package} was not found (Debian: ${debian_package}), fetching ${url}")
  string(TOLOWER glia_${package} name)
  FetchContent_Declare(
    ${name}
    URL ${url}
    URL_HASH SHA256=${sha256}
    DOWNLOAD_EXTRACT_TIMESTAMP ON
    SOURCE_SUBDIR none) # headers only: nothing of it is configured or built
  FetchContent_MakeAvailable(${name})
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE ${${name}_SOURCE_DIR}/${include})
endfunction()

glia_dependency(
  Nifti1Header Nifti1Header::Nifti1Header libnifti-dev niftilib
  https://github.com/NIFTI-Imaging/nifti_clib/archive/refs/tags/v3.0.1.tar.gz
  868b611b5f8a3a73809436c9072db50db4975615905f0bd5fb7b1432e6d24b37)
glia_dependency(
  Random123 Random123::Random123 librandom123-dev include
  https://github.com/DEShawResearch/random123/archive/refs/tags/v1.14.0.tar.gz
  effafd8656b18030b2a5b995cd3650c51a7c45052e6e1c21e48b9fa7a59d926e)
glia_dependency(
  nlohmann_json nlohmann_json::nlohmann_json nlohmann-json3-dev include
  https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)

find_package(ZLIB QUIET)
if(NOT TARGET ZLIB::ZLIB)
  message(FATAL_ERROR "glia needs zlib's header and library. Install them (Debian: "
                      "apt-get install zlib1g-dev) or name their prefix in CMAKE_PREFIX_PATH.")
endif()
find_package(Threads REQUIRED)

if(GLIA_BUILD_TESTS)
  glia_dependency(
    doctest doctest::doctest doctest-dev .
    https://github.com/doctest/doctest/archive/refs/tags/v2.4.11.tar.gz
    632ed2c05a7f53fa961381497bf8069093f0d6628c5f26286161fbd32a560186)
endif()
if(GLIA_BUILD_EXAMPLES)
  glia_dependency(
    CLI11 CLI11::CLI11 libcli11-dev include
    https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
    f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a)
endif()
