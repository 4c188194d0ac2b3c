# Builds everything and runs every test: cmake -P cmake/test.cmake
include(${CMAKE_CURRENT_LIST_DIR}/setup.cmake)

build_preset(release)
run(${CMAKE_CTEST_COMMAND} --preset release --parallel ${cores})
