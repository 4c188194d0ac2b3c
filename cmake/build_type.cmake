# Without a build type nothing is optimised and the kernels are tens of times slower: glia's own build
# is then a Release (None builds with CMAKE_CXX_FLAGS alone); a project around it is told.
get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
  if(PROJECT_IS_TOP_LEVEL)
    message(STATUS "glia: CMAKE_BUILD_TYPE was not set, taking Release")
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or None" FORCE)
  elseif(NOT CMAKE_CXX_FLAGS MATCHES "-O")
    message(NOTICE "glia: CMAKE_BUILD_TYPE is not set: without optimisation its kernels are tens of "
                   "times slower. Set CMAKE_BUILD_TYPE=Release.")
  endif()
endif()
unset(multi_config)
