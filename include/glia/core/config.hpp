#pragma once

#include <version>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 200000
#error \
    "glia: libc++ before version 20 has no std::jthread and no std::from_chars for double; \
compile against GCC's library (clang++ -stdlib=libstdc++)"
#endif
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error "glia: -ffast-math and -ffinite-math-only break its kernels and its checks for NaN"
#endif

/// The library's version, for `#if` and for files that record it. Macros that users see live here
/// only.
#define GLIA_VERSION_MAJOR 0
#define GLIA_VERSION_MINOR 1
#define GLIA_VERSION_PATCH 0
#define GLIA_VERSION_STRING "0.1.0"
