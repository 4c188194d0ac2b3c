# Warnings are errors in glia's own programs; nobody who links glia::glia sees these flags.
add_library(glia_warnings INTERFACE)
target_compile_options(
  glia_warnings
  INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror
            # At -O2 GCC 12 sees overlapping and overlong copies inside std::string and std::vector
            # that are not there (GCC bugs 105651, 105329)
            "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds>"
            "$<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow;-Wno-stringop-overread>")
