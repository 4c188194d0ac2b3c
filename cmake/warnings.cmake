# Warnings are errors in glia's own programs; nobody who links glia::glia sees these flags.
add_library(glia_warnings INTERFACE)
target_compile_options(
  glia_warnings
  INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror
            # GCC 12 warns of overlapping copies inside std::string at -O2 (GCC bug 105651)
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
