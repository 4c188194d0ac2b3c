# Shared by test.cmake and demo.cmake, which run as `cmake -P` scripts: installs what is missing,
# configures and builds a preset.
cmake_minimum_required(VERSION 3.25)

get_filename_component(root ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)

# Runs a command from the repository's root; a failure ends the script.
function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${root} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Debian packages among `header|package` pairs whose header is not on this machine.
function(missing_packages result)
  foreach(pair IN LISTS ARGN)
    string(REPLACE "|" ";" pair ${pair})
    list(GET pair 0 header)
    list(GET pair 1 package)
    find_path(folder ${header} NO_CACHE
              PATHS /usr/local/include /usr/include ENV CPATH
              PATH_SUFFIXES nifti niftilib)
    if(NOT folder)
      list(APPEND packages ${package})
    endif()
    unset(folder)
  endforeach()
  set(${result} ${packages} PARENT_SCOPE)
endfunction()

# Brings missing dependencies from the system's packages where this user may do that. Otherwise
# says what to install; the configuration then downloads what it can.
function(install_missing)
  missing_packages(
    packages
    zlib.h|zlib1g-dev
    nifti1.h|libnifti-dev
    nlohmann/json.hpp|nlohmann-json3-dev
    Random123/philox.h|librandom123-dev
    CLI/CLI.hpp|libcli11-dev
    doctest/doctest.h|doctest-dev
    benchmark/benchmark.h|libbenchmark-dev)
  if(NOT packages)
    return()
  endif()
  list(JOIN packages " " words)
  find_program(apt_get apt-get NO_CACHE)
  execute_process(COMMAND id -u OUTPUT_VARIABLE user ERROR_QUIET)
  if(apt_get AND user EQUAL 0)
    message(STATUS "Installing ${words}")
    set(ENV{DEBIAN_FRONTEND} noninteractive)
    execute_process(COMMAND ${apt_get} -q update OUTPUT_QUIET)
    execute_process(COMMAND ${apt_get} -q install -y --no-install-recommends ${packages}
                    OUTPUT_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
      return()
    endif()
  endif()
  message(WARNING "Not found here: ${words}. If the configuration cannot download them either, "
                  "install them, on Debian with: apt-get install ${words}")
endfunction()

# Leaves the preset configured and built in build/<preset>. Anything given after it is a target to
# build instead of everything.
function(build_preset preset)
  install_missing()
  run(${CMAKE_COMMAND} --preset ${preset})
  set(targets ${ARGN})
  list(TRANSFORM targets PREPEND "--target;")
  run(${CMAKE_COMMAND} --build build/${preset} --parallel ${cores} ${targets})
endfunction()
