#pragma once

/// The library's version, for `#if` and for files that record it. The only macros of the library
/// live here.
#define GLIA_VERSION_MAJOR 0
#define GLIA_VERSION_MINOR 1
#define GLIA_VERSION_PATCH 0
#define GLIA_VERSION_STRING "0.1.0"
